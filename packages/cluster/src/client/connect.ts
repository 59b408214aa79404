import * as v from "valibot";
import { DEFAULT_PORT } from "../master/start-master.js";
import { PROTOCOL_VERSION, VERSION } from "../protocol.js";
import { Peer } from "../rpc/peer.js";
import { dial } from "../transport/dial.js";
import type { Heartbeat } from "../transport/heartbeat.js";
import type { ClientTls } from "../transport/tls.js";
import { Session } from "./session.js";

const helloSchema = v.object({
  seed: v.number(),
  epoch: v.number(),
  role: v.picklist(["operator", "auditor"]),
});

/** How a client connects. */
export interface ConnectOptions {
  /** The master's token. Default: the environment variable GRAPHVM_TOKEN. */
  readonly token?: string;
  /** For `wss://` masters: whom to believe, and a certificate to show where the master asks for one. */
  readonly tls?: ClientTls;
  /** When a silent master counts as dead: calls that wait for it fail then. */
  readonly heartbeat?: Heartbeat;
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
  const link = await dial(url, {
    token: options.token ?? process.env.GRAPHVM_TOKEN,
    tls: options.tls,
    heartbeat: options.heartbeat,
  });
  const peer = new Peer(link, {}, `master at ${url}`);
  try {
    const hello = await peer.ask("hello", { protocol: PROTOCOL_VERSION, version: VERSION }, helloSchema);
    return new Session(peer, url, hello);
  } catch (error) {
    peer.close();
    throw error;
  }
}
