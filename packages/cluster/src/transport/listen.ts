import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { PortInUseError, TokenNeededError } from "../errors.js";
import { BYTES } from "./byte-stream.js";
import { type Clock, systemClock } from "./clock.js";
import { Door, pathOf } from "./door.js";
import { Doorkeeper } from "./doorkeeper.js";
import { govern } from "./govern.js";
import { isLoopback, REFUSAL_HEADER, REFUSALS, type Refusal } from "./guard.js";
import { type Heartbeat, watchPeer } from "./heartbeat.js";
import { allLimits, checkHeartbeat, type Limits, MAX_FRAME } from "./limits.js";
import { Keyring, type Role, type RoleTokens } from "./roles.js";
import { socketTransport } from "./socket.js";
import { type ServerTls, serverTls } from "./tls.js";
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
  readonly limits?: Limits | undefined;
  readonly clock?: Clock | undefined;
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
  accept(transport: Transport, role: Role, met?: Met): void;
  /** How many times as long as others these peers may be silent. */
  readonly patience?: number;
  /** What is done with a connection that wants bytes as they are. Without it, it is refused. */
  stream?(wire: Duplex, query: URLSearchParams): void;
  /** Whether an operator's peers may send messages as large as values; all others send small requests. */
  readonly large?: boolean;
  /** Whether those who dial may take jobs from a queue, where there are queues. */
  readonly queue?: boolean;
}

/** Where the link itself tells, by the way it was opened: the plane that both sides are in, or none. */
export interface Met {
  readonly plane: string | undefined;
}

/** What is done with each new link, by the path it was dialled under. */
export type Routes = { readonly [path: string]: Route };

export interface Listening {
  /** `ws://host:port`, with TLS `wss://host:port`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens for links. Refuses browsers, wrong tokens, roles that have no business there and unknown paths before a link exists.
 *
 * @throws PortInUseError, TokenNeededError, CertificateError, BadOptionError
 */
export async function listen(options: ListenOptions, routes: Routes): Promise<Listening> {
  const { host = "127.0.0.1", tls, clock = systemClock } = options;
  const limits = allLimits(options.limits);
  checkHeartbeat(options.heartbeat);
  const keys = new Keyring(options.tokens ?? {});
  if (!isLoopback(host) && keys.open) {
    throw new TokenNeededError(
      `Listening on ${host} needs a token: set --token-file or GRAPHVM_TOKEN, or stay on 127.0.0.1.`,
      { host },
    );
  }
  const keeper = new Doorkeeper(limits, clock);
  const door = new Door(keys, tls, keeper);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const roles = door.roles(request);
    if (typeof roles === "string") {
      tell(options, request, roles);
      plain(response, REFUSALS[roles], `refused: ${roles}\n`);
    } else if (!options.http?.(request, response, roles)) plain(response, 426, "graphvm speaks WebSocket here.\n");
  };
  const server = makeServer(limits, tls, onRequest);
  server.on("connection", (socket) => keeper.enter(socket));
  const links = new Set<WebSocket>();
  const streams = new Set<Duplex>();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_FRAME });
  server.on("upgrade", (request, socket, head) => {
    const entry = door.enter(request, routes);
    if (typeof entry === "string") {
      tell(options, request, entry);
      answer(socket, entry);
      return;
    }
    const { route, role } = entry;
    if (request.headers.upgrade === BYTES) {
      if (!route.stream) return answer(socket, "path");
      streams.add(socket);
      socket.once("close", () => streams.delete(socket));
      route.stream(socket, new URL(request.url ?? "/", "ws://localhost").searchParams);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (link) => {
      links.add(link);
      link.once("close", () => links.delete(link));
      govern(link, limits, clock);
      const large = route.large && role !== "auditor";
      const transport = socketTransport(link, large ? limits.messageBytes : limits.requestBytes, () => socket);
      watchPeer(link, options.heartbeat, route.patience);
      route.accept(transport, role);
    });
  });
  await start(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const link of links) link.terminate();
        for (const stream of streams) stream.destroy();
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A server that waits for the head of a request only so long, and reads no more of it than a head has. */
function makeServer(
  { handshakeSeconds }: Required<Limits>,
  tls: ServerTls | undefined,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const patience = handshakeSeconds * 1000;
  const times = {
    maxHeaderSize: 8 * 1024,
    headersTimeout: patience,
    requestTimeout: patience,
    keepAliveTimeout: patience / 2,
    connectionsCheckingInterval: Math.min(2000, patience / 4),
  };
  return tls
    ? createTlsServer({ ...serverTls(tls), ...times, handshakeTimeout: patience }, onRequest)
    : createServer(times, onRequest);
}

function tell({ refused }: ListenOptions, request: IncomingMessage, reason: Refusal): void {
  const { remoteAddress = "unknown", remotePort = 0 } = request.socket;
  refused?.({ address: `${remoteAddress}:${remotePort}`, path: pathOf(request).slice(0, 200), reason });
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain", connection: "close" }).end(text);
}

function answer(socket: Duplex, refusal: Refusal): void {
  socket.on("error", () => {}); // whoever was refused may be gone already
  socket.once("finish", () => socket.destroy()); // and need not close its side
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
