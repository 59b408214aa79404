import { WebSocket } from "ws";
import { ConnectFailedError, RefusedError } from "../errors.js";
import { type Heartbeat, watchPeer } from "./heartbeat.js";
import { MAX_MESSAGE, socketTransport } from "./socket.js";
import type { Transport } from "./transport.js";

/** How a link is opened. */
export interface DialOptions {
  readonly token?: string | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  /** How many times as long as others this peer may be silent. */
  readonly patience?: number | undefined;
}

/**
 * Opens a link to a graphvm process.
 *
 * @throws ConnectFailedError where nobody answers; RefusedError where the token is wrong.
 */
export function dial(url: string, { token, heartbeat, patience }: DialOptions = {}): Promise<Transport> {
  return new Promise((resolve, reject) => {
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, {
        perMessageDeflate: false,
        maxPayload: MAX_MESSAGE,
        handshakeTimeout: 10_000,
        ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      });
    } catch (error) {
      reject(new ConnectFailedError(`${url} is no address: use ws://host:port.`, { url }, { cause: error }));
      return;
    }
    const failed = (error: Error): void => {
      reject(
        new ConnectFailedError(
          `No graphvm master answers at ${url}: start one with \`graphvm start-master\`.`,
          { url },
          { cause: error },
        ),
      );
    };
    socket.once("error", failed);
    socket.once("unexpected-response", (_request, response) => {
      socket.terminate();
      if (response.statusCode === 401)
        reject(new RefusedError(`The master at ${url} wants another token: set --token or GRAPHVM_TOKEN.`, { url }));
      else failed(new Error(`HTTP ${response.statusCode}`));
    });
    const transport = socketTransport(socket);
    socket.once("open", () => {
      socket.off("error", failed);
      watchPeer(socket, heartbeat, patience);
      resolve(transport);
    });
  });
}
