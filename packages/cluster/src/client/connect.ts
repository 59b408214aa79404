import { DEFAULT_PORT } from "../master/master-options.js";
import { PROTOCOL_VERSION, VERSION } from "../protocol.js";
import { systemClock } from "../transport/clock.js";
import { dial } from "../transport/dial.js";
import type { Heartbeat } from "../transport/heartbeat.js";
import { RECONNECT_SECONDS } from "../transport/redial.js";
import type { ClientTls } from "../transport/tls.js";
import { helloAnswer } from "./answers.js";
import { MasterLink } from "./master-link.js";
import { Session } from "./session.js";

/** How a client connects. */
export interface ConnectOptions {
  /** The master's token. Default: the environment variable GRAPHVM_TOKEN. */
  readonly token?: string;
  /** For `wss://` masters: whom to believe, and a certificate to show where the master asks for one. */
  readonly tls?: ClientTls;
  /** When a silent master counts as dead. */
  readonly heartbeat?: Heartbeat;
  /**
   * For how long a lost master is dialled again, in seconds; 0: not at all. Default 60. Calls without an answer wait for it and
   * are sent again; one that changes the session happens once all the same.
   */
  readonly reconnectSeconds?: number;
}

/**
 * Connects to a master.
 *
 * @param url Default `ws://127.0.0.1:7225`.
 * @throws ConnectFailedError where nobody answers; RefusedError for a wrong token or another version; CertificateError
 * @example
 * await using session = await connect("ws://127.0.0.1:7225");
 */
export async function connect(url = `ws://127.0.0.1:${DEFAULT_PORT}`, options: ConnectOptions = {}): Promise<Session> {
  const { tls, heartbeat, reconnectSeconds = RECONNECT_SECONDS } = options;
  const token = options.token ?? process.env.GRAPHVM_TOKEN;
  const link = await MasterLink.open({
    url,
    reconnectSeconds,
    clock: heartbeat?.clock ?? systemClock,
    dial: () => dial(url, { token, tls, heartbeat }),
    greet: (peer, client) => peer.ask("hello", { protocol: PROTOCOL_VERSION, version: VERSION, client }, helloAnswer),
  });
  return new Session(link, url, link.hello);
}
