import { checkLabels, type Labels } from "@graphvm/engine";
import type { ExportsConfig } from "../config/config.js";
import { BadOptionError } from "../errors.js";
import type { FabricOptions } from "../fabric/options.js";
import type { Json } from "../recording/index.js";
import { DataClient } from "../store/data-client.js";
import type { DataSource } from "../store/data-methods.js";
import { memoryBudget } from "../store/memory-budget.js";
import { ObjectStore } from "../store/object-store.js";
import { SentBytes } from "../store/sent-bytes.js";
import { systemClock } from "../transport/clock.js";
import { dialled } from "../transport/dial.js";
import { type Heartbeat, PATIENT } from "../transport/heartbeat.js";
import { allLimits, type Limits } from "../transport/limits.js";
import { RECONNECT_SECONDS, redial } from "../transport/redial.js";
import type { ClientTls, ServerTls } from "../transport/tls.js";
import { type Level, type Logger, writeLine } from "../watch/log.js";
import { InputFiles } from "./input-files.js";
import type { Again } from "./membership.js";
import { ownOutput } from "./printed-by-worker.js";
import { Volumes } from "./volumes.js";
import { startWorker } from "./worker-host.js";
import { fabricWay, socketWay, type WorkerWay } from "./worker-way.js";

/** How a WebSocket worker is started. */
export interface WorkerOptions {
  /** The master: `ws://host:port`. Needed where there is no `fabric`. */
  readonly master?: string;
  /**
   * Meets the cluster's master on NATS, whichever process leads. Values go over NATS too, unless `address` says where others reach
   * this worker directly.
   */
  readonly fabric?: FabricOptions;
  readonly token?: string;
  /**
   * For `wss://` masters: whom to believe, and a certificate to show. With one, other workers fetch values over TLS too, and
   * must show theirs where there is a `clientCa`.
   */
  readonly tls?: ClientTls & Pick<ServerTls, "clientCa">;
  /** The address on which other workers fetch values. Default 127.0.0.1. */
  readonly host?: string;
  /** The port of that address. Default: any free one. */
  readonly port?: number;
  /** What others dial to get there, where that is another address: behind a proxy, say. `ws://host:port` */
  readonly address?: string;
  /** Where relative input URIs are looked for before they are fetched from the master. Default: the working directory. */
  readonly root?: string;
  /** What jobs may ask for: `{ plane: "eu", tier: "large" }`. */
  readonly labels?: Labels;
  /** Folders in which inputs that are bound to its plane are found, by name, and nowhere else. Default: they are found under the root. */
  readonly volumes?: { readonly [name: string]: string };
  /** What may leave its plane. */
  readonly exports?: ExportsConfig;
  /** What others may ask of this process at most. */
  readonly limits?: Limits;
  /**
   * Bytes that values may take in memory: half for encoded values, half for those the worker's thread works with. What goes
   * beyond lies in a temporary folder. Default: no limit.
   */
  readonly memory?: number;
  /** When a silent peer counts as dead; a master, which may run in a client, has ten times as long. */
  readonly heartbeat?: Heartbeat;
  /** For how long a lost master is dialled again before the worker ends, in seconds; 0: not at all. Default 60. */
  readonly reconnectSeconds?: number;
  /** Told of what happens: a pino logger, say. Default: nobody. */
  readonly logger?: Logger;
}

/** A worker that runs in this process for a master elsewhere. */
export interface RemoteWorker extends AsyncDisposable {
  /** The name the master gave it: another one each time it comes back. */
  readonly id: string;
  /** Settles when the worker is over: undefined where it was told to end, or what went wrong. */
  readonly over: Promise<Error | undefined>;
  /**
   * Leaves in order: no more jobs come, what runs has so many seconds to end, what was not begun runs elsewhere, and values that
   * only this process has and somebody needs are copied to others.
   */
  drain(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects a worker to a master.
 *
 * @throws ConnectFailedError, RefusedError, TokenNeededError, CertificateError, BadLabelError, BadOptionError, FabricError,
 * VolumeError
 */
export async function connectWorker(options: WorkerOptions): Promise<RemoteWorker> {
  const { token, tls, heartbeat } = options;
  allLimits(options.limits);
  const labels = checkLabels(options.labels ?? {}, "a worker");
  const budget = memoryBudget(options.memory, 1);
  const store = new ObjectStore({ memory: budget?.store });
  const sent = new SentBytes();
  const volumes = new Volumes(options.volumes);
  const way = await wayOf(options, { store, sent });
  const { master } = way;
  const data = new DataClient(
    (address) => dialled(address, { token, tls, heartbeat, patience: address === master ? PATIENT : 1 }),
    labels.plane,
    true,
    way.fabric,
  );
  const files = new InputFiles(options.root ?? process.cwd(), { data, master }, volumes);
  const link = await way.dial().catch(async (error: unknown) => {
    await way.close();
    throw error;
  });
  const { reconnectSeconds: seconds = RECONNECT_SECONDS } = options;
  const clock = heartbeat?.clock ?? systemClock;
  const again: Again = (join, signal) => redial(async () => join(await way.dial()), { seconds, clock, signal });
  const release = async (): Promise<void> => {
    data.close();
    files.close();
    store.close();
    await way.close();
  };
  try {
    const shared = {
      memory: budget?.thread,
      store,
      sent,
      data,
      files,
      labels,
      exports: options.exports,
      host: way.host,
      address: (host: string) => (host === "" ? master : host),
    };
    const say = (level: Level, message: string, fields: { readonly [name: string]: Json } = {}): void => {
      const line = { level, message, fields: { master: way.text, ...fields } };
      if (options.logger) writeLine(options.logger, line, token === undefined ? [] : [token]);
    };
    const output = ownOutput((worker, text) => say("debug", `${worker}: ${text}`, { event: "printed", worker }));
    const worker = await startWorker(link, { ...shared, output }, seconds > 0 ? again : undefined);
    say("info", `worker ${worker.id} of ${way.text}`, {
      event: "joined",
      worker: worker.id,
      values: way.host,
    });
    const over = worker.over.then(async (reason) => {
      if (reason)
        say("info", `worker ${worker.id} ended: ${reason.message}`, {
          event: "ended",
          worker: worker.id,
          reason: reason.message,
        });
      else say("info", `worker ${worker.id} ended: it was told to`, { event: "ended", worker: worker.id });
      await release();
      return reason;
    });
    const close = async (): Promise<void> => {
      await worker.kill();
      await over;
    };
    return {
      get id() {
        return worker.id;
      },
      over,
      drain: async (seconds) => {
        await worker.drain(seconds);
        await over;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    link.close();
    await release();
    throw error;
  }
}

/** @throws BadOptionError where it is not said how the master is reached. */
async function wayOf(options: WorkerOptions, source: DataSource): Promise<WorkerWay> {
  const { master, fabric } = options;
  if (fabric && master === undefined) return fabricWay(fabric, options, source);
  if (master !== undefined && !fabric) return socketWay({ ...options, master }, source);
  throw new BadOptionError("A worker needs the master's address or a fabric, and not both.", { option: "master" });
}
