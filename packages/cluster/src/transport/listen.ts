import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { PortInUseError, TokenNeededError } from "../errors.js";
import { type Heartbeat, watchPeer } from "./heartbeat.js";
import { MAX_MESSAGE, socketTransport } from "./socket.js";
import type { Transport } from "./transport.js";

/** How a process listens. */
export interface ListenOptions {
  readonly port: number;
  /** Default 127.0.0.1. Any other address needs a token. */
  readonly host?: string | undefined;
  readonly token?: string | undefined;
  readonly heartbeat?: Heartbeat | undefined;
}

/** What is done with the links of a path. */
export interface Route {
  accept(transport: Transport): void;
  /** How many times as long as others these peers may be silent. */
  readonly patience?: number;
}

/** What is done with each new link, by the path it was dialled under. */
export type Routes = { readonly [path: string]: Route };

export interface Listening {
  /** `ws://host:port`. */
  readonly url: string;
  close(): Promise<void>;
}

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/**
 * Listens for links. Refuses browsers (any request with an Origin), wrong tokens and unknown paths before a link exists.
 *
 * @throws PortInUseError, TokenNeededError
 */
export async function listen(options: ListenOptions, routes: Routes): Promise<Listening> {
  const host = options.host ?? "127.0.0.1";
  if (!LOOPBACK.has(host) && !options.token) {
    throw new TokenNeededError(
      `Listening on ${host} needs a token: set --token or GRAPHVM_TOKEN, or stay on 127.0.0.1.`,
      { host },
    );
  }
  const server = createServer((_request, response) => {
    response.writeHead(426, { "content-type": "text/plain" }).end("graphvm speaks WebSocket here.\n");
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE });
  server.on("upgrade", (request, socket, head) => {
    const path = (request.url ?? "").split("?")[0]!;
    const refusal = refuse(request, routes, path, options.token);
    if (refusal) {
      answer(socket, refusal);
      return;
    }
    const route = routes[path]!;
    sockets.handleUpgrade(request, socket, head, (link) => {
      const transport = socketTransport(link);
      watchPeer(link, options.heartbeat, route.patience);
      route.accept(transport);
    });
  });
  await start(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(request: IncomingMessage, routes: Routes, path: string, token: string | undefined): string | undefined {
  if (request.headers.origin !== undefined) return "403 Forbidden";
  if (token !== undefined && !sameToken(request.headers.authorization ?? "", `Bearer ${token}`))
    return "401 Unauthorized";
  return Object.hasOwn(routes, path) ? undefined : "404 Not Found";
}

function answer(socket: Duplex, status: string): void {
  socket.on("error", () => {}); // whoever was refused may be gone already
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function sameToken(given: string, wanted: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}

function start(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") reject(error);
      else
        reject(
          new PortInUseError(
            `Port ${port} on ${host} is in use: stop what runs there (\`graphvm stop\`), or choose another --port.`,
            { port, host },
          ),
        );
    });
    server.listen(port, host, () => resolve());
  });
}
