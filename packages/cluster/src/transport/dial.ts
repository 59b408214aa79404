import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { ConnectFailedError, RefusedError } from "../errors.js";
import { REFUSAL_HEADER } from "./guard.js";
import { type Heartbeat, watchPeer } from "./heartbeat.js";
import { checkHeartbeat, MAX_FRAME } from "./limits.js";
import { refusalText } from "./refusal-text.js";
import { MAX_MESSAGE, socketTransport } from "./socket.js";
import { type ClientTls, clientTls, tlsFailure } from "./tls.js";
import type { Transport } from "./transport.js";

/** How a link is opened. */
export interface DialOptions {
  readonly token?: string | undefined;
  /** For `wss://` addresses. */
  readonly tls?: ClientTls | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  /** How many times as long as others this peer may be silent. */
  readonly patience?: number | undefined;
}

/** The options for an address: certificates only where it has TLS. Processes of a cluster may differ in that. */
export function dialled(address: string, options: DialOptions): DialOptions {
  return /^wss:/i.test(address) ? options : { ...options, tls: undefined };
}

/**
 * Opens a link to a graphvm process.
 *
 * @throws ConnectFailedError where nobody answers; RefusedError where it does not let us in; CertificateError
 */
export function dial(url: string, { token, tls, heartbeat, patience }: DialOptions = {}): Promise<Transport> {
  return new Promise((resolve, reject) => {
    checkHeartbeat(heartbeat);
    if (tls && !/^wss:/i.test(url)) {
      const why = "Certificates are given and the address has no TLS";
      throw new ConnectFailedError(`${why}: use wss:// in ${url}, or leave the certificates out.`, { url });
    }
    const secure = clientTls(tls ?? {});
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, {
        perMessageDeflate: false,
        maxPayload: MAX_FRAME,
        handshakeTimeout: handshakeMs(heartbeat, patience),
        ...secure,
        ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      });
    } catch (error) {
      reject(new ConnectFailedError(`${url} is no address: use ws://host:port.`, { url }, { cause: error }));
      return;
    }
    const failed = (error: Error): void => {
      reject(
        tlsFailure(error, url) ??
          new ConnectFailedError(
            `No graphvm master answers at ${url}: start one with \`graphvm start-master\`, and use wss:// where it has a certificate.`,
            { url },
            { cause: error },
          ),
      );
    };
    socket.once("error", failed);
    socket.once("unexpected-response", (_request, response) => {
      socket.terminate();
      const why = refusalText(response.headers[REFUSAL_HEADER], url);
      if (why === undefined) failed(new Error(`HTTP ${response.statusCode}`));
      else reject(new RefusedError(why, { url }));
    });
    let wire: Duplex | undefined;
    socket.once("upgrade", (response) => {
      wire = response.socket;
    });
    const transport = socketTransport(socket, MAX_MESSAGE, () => wire);
    socket.once("open", () => {
      socket.off("error", failed);
      watchPeer(socket, heartbeat, patience);
      resolve(transport);
    });
  });
}

/** Whoever does not even open the link is as silent as one who says nothing over it. */
function handshakeMs({ deadAfter = 20 }: Heartbeat = {}, patience = 1): number {
  return Math.max(1000, Math.min(10_000, deadAfter * patience * 1000));
}
