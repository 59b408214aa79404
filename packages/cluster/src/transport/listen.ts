import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { PortInUseError, TokenNeededError } from "../errors.js";
import { isLoopback, judge, REFUSAL_HEADER, REFUSALS, type Refusal } from "./guard.js";
import { type Heartbeat, watchPeer } from "./heartbeat.js";
import { Keyring, type Role, type RoleTokens } from "./roles.js";
import { MAX_MESSAGE, socketTransport } from "./socket.js";
import { provenClient, type ServerTls, serverTls } from "./tls.js";
import type { Transport } from "./transport.js";

/** How a process listens. */
export interface ListenOptions {
  readonly port: number;
  /** Default 127.0.0.1. Any other address needs a token. */
  readonly host?: string | undefined;
  /** Who has one must show it, and gets its role. None: everybody is an operator and a worker. */
  readonly tokens?: RoleTokens | undefined;
  /** Without it links are plain `ws://`. */
  readonly tls?: ServerTls | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  readonly http?: HttpHook | undefined;
  /** Told of whoever was not let in. */
  readonly refused?: ((refused: Refused) => void) | undefined;
}

/**
 * Answers a request that is no link, and says whether it did. Browsers and strangers' host names are refused before; tokens
 * are not looked at: `roles` are those of whoever asks, none without the right token.
 */
export type HttpHook = (request: IncomingMessage, response: ServerResponse, roles: ReadonlySet<Role>) => boolean;

/** Who was not let in, where to, and what about. Never what they showed. */
export interface Refused {
  readonly address: string;
  readonly path: string;
  readonly reason: Refusal;
}

/** What is done with the links of a path. */
export interface Route {
  /** Who may open one. */
  readonly roles: readonly Role[];
  /** `role`: the first of `roles` that the peer has. */
  accept(transport: Transport, role: Role): void;
  /** How many times as long as others these peers may be silent. */
  readonly patience?: number;
}

/** What is done with each new link, by the path it was dialled under. */
export type Routes = { readonly [path: string]: Route };

export interface Listening {
  /** `ws://host:port`, with TLS `wss://host:port`. */
  readonly url: string;
  close(): Promise<void>;
}

const NOBODY: ReadonlySet<Role> = new Set();

/**
 * Listens for links. Refuses browsers, wrong tokens, roles that have no business there and unknown paths before a link exists.
 *
 * @throws PortInUseError, TokenNeededError, CertificateError
 */
export async function listen(options: ListenOptions, routes: Routes): Promise<Listening> {
  const { host = "127.0.0.1", tls } = options;
  const keys = new Keyring(options.tokens ?? {});
  if (!isLoopback(host) && keys.open) {
    throw new TokenNeededError(
      `Listening on ${host} needs a token: set --token-file or GRAPHVM_TOKEN, or stay on 127.0.0.1.`,
      { host },
    );
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const roles = judge(request, keys);
    if (typeof roles === "string") {
      tell(options, request, roles);
      plain(response, REFUSALS[roles], `refused: ${roles}\n`);
    } else if (!options.http?.(request, response, provenClient(request, tls) ? roles : NOBODY))
      plain(response, 426, "graphvm speaks WebSocket here.\n");
  };
  const server = tls ? createTlsServer(serverTls(tls), onRequest) : createServer(onRequest);
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE });
  server.on("upgrade", (request, socket, head) => {
    const entry = enter(request, routes, keys, tls);
    if (typeof entry === "string") {
      tell(options, request, entry);
      answer(socket, entry);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (link) => {
      const transport = socketTransport(link);
      watchPeer(link, options.heartbeat, entry.route.patience);
      entry.route.accept(transport, entry.role);
    });
  });
  await start(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Which route a request may take in which role, or why none. */
function enter(
  request: IncomingMessage,
  routes: Routes,
  keys: Keyring,
  tls: ServerTls | undefined,
): { route: Route; role: Role } | Refusal {
  const roles = judge(request, keys);
  if (typeof roles === "string") return roles;
  if (!provenClient(request, tls)) return "certificate";
  if (roles.size === 0) return "token";
  const path = pathOf(request);
  if (!Object.hasOwn(routes, path)) return "path";
  const route = routes[path]!;
  const role = route.roles.find((each) => roles.has(each));
  return role === undefined ? "role" : { route, role };
}

function tell({ refused }: ListenOptions, request: IncomingMessage, reason: Refusal): void {
  const { remoteAddress = "unknown", remotePort = 0 } = request.socket;
  refused?.({ address: `${remoteAddress}:${remotePort}`, path: pathOf(request).slice(0, 200), reason });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?")[0]!;
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}

function answer(socket: Duplex, refusal: Refusal): void {
  socket.on("error", () => {}); // whoever was refused may be gone already
  const status = `${REFUSALS[refusal]} ${STATUS_CODES[REFUSALS[refusal]]}`;
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${REFUSAL_HEADER}: ${refusal}\r\n\r\n`);
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
