import { given } from "@graphvm/engine/internal";
import { MASTER_ADDRESS } from "../fabric/names.js";
import { type FabricOptions, fabricText } from "../fabric/options.js";
import { DEFAULT_PORT } from "../master/master-options.js";
import { PROTOCOL_VERSION, VERSION } from "../protocol.js";
import { systemClock } from "../transport/clock.js";
import { type DialOptions, dial } from "../transport/dial.js";
import type { Heartbeat } from "../transport/heartbeat.js";
import { RECONNECT_SECONDS } from "../transport/redial.js";
import type { ClientTls } from "../transport/tls.js";
import type { Transport } from "../transport/transport.js";
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
  /** Meets the cluster's master on NATS, whichever process leads, instead of at an address. */
  readonly fabric?: FabricOptions;
}

/**
 * Connects to a master.
 *
 * @param to Default `ws://127.0.0.1:7225`; or options that name a fabric.
 * @throws ConnectFailedError where nobody answers; RefusedError for a wrong token or another version; CertificateError
 * @example
 * await using session = await connect("ws://127.0.0.1:7225");
 * @example
 * await using session = await connect({ fabric: { servers: "nats://127.0.0.1:4222" } });
 */
export async function connect(
  to: string | (ConnectOptions & { readonly fabric: FabricOptions }) = `ws://127.0.0.1:${DEFAULT_PORT}`,
  more: ConnectOptions = {},
): Promise<Session> {
  const options = typeof to === "string" ? more : to;
  const way = options.fabric ? await fabricWay(options.fabric) : socketWay(to as string, options.tls);
  try {
    return await connectBy(way, options);
  } catch (error) {
    await way.release?.();
    throw error;
  }
}

/** How a client reaches its master. */
interface Way {
  readonly url: string;
  dial(options: DialOptions): Promise<Transport>;
  release?(): Promise<void>;
}

const socketWay = (url: string, tls: ClientTls | undefined): Way => ({
  url,
  dial: (options) => dial(url, { ...options, tls }),
});

async function fabricWay(options: FabricOptions): Promise<Way> {
  const { Fabric } = await import("../fabric/fabric.js");
  const fabric = await Fabric.open(options);
  return {
    url: fabricText(options),
    dial: (how) => fabric.dial(MASTER_ADDRESS, "/", how),
    release: () => fabric.close(),
  };
}

async function connectBy(way: Way, options: ConnectOptions): Promise<Session> {
  const { url } = way;
  const { heartbeat, reconnectSeconds = RECONNECT_SECONDS } = options;
  const token = options.token ?? process.env.GRAPHVM_TOKEN;
  const link = await MasterLink.open({
    url,
    reconnectSeconds,
    clock: heartbeat?.clock ?? systemClock,
    dial: () => way.dial({ token, heartbeat }),
    ...given({ release: way.release }),
    greet: (peer, client) => peer.ask("hello", { protocol: PROTOCOL_VERSION, version: VERSION, client }, helloAnswer),
  });
  return new Session(link, url, link.hello);
}
