import { WebSocket } from "ws";
import { ConnectFailedError, RefusedError } from "../errors.js";
import { REFUSAL_HEADER, type Refusal } from "./guard.js";
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
 * @throws ConnectFailedError where nobody answers; RefusedError where it does not let us in.
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
      const why = refusalOf(response.headers[REFUSAL_HEADER], url);
      if (why === undefined) failed(new Error(`HTTP ${response.statusCode}`));
      else reject(new RefusedError(why, { url }));
    });
    const transport = socketTransport(socket);
    socket.once("open", () => {
      socket.off("error", failed);
      watchPeer(socket, heartbeat, patience);
      resolve(transport);
    });
  });
}

/** What to do about a refusal, in one sentence. */
function refusalOf(refusal: unknown, url: string): string | undefined {
  switch (refusal as Refusal) {
    case "token":
      return `The master at ${url} wants another token: set --token-file or GRAPHVM_TOKEN.`;
    case "role":
      return `The master at ${url} knows this token as another role's: a worker shows the workers' token, a client the operator's or an auditor's.`;
    case "host":
      return `The master at ${url} has no token and answers only to its machine's own name: use 127.0.0.1 there, or start it with a token.`;
    case "browser":
      return `The process at ${url} answers no browsers: connect from a program, without an Origin header.`;
    case "path":
      return `The process at ${url} is no graphvm master: check the address.`;
    default:
      return undefined;
  }
}
