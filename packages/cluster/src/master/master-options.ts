import type { Labels } from "@graphvm/engine";
import type { ExportsConfig } from "../config/config.js";
import type { FabricOptions } from "../fabric/options.js";
import type { Clock } from "../transport/clock.js";
import type { Heartbeat } from "../transport/heartbeat.js";
import type { Limits } from "../transport/limits.js";
import type { RoleTokens } from "../transport/roles.js";
import type { ClientTls, ServerTls } from "../transport/tls.js";
import type { Logger } from "../watch/log.js";
import type { WorkerHandle } from "../worker/worker-host.js";
import type { Archived, ArchiveOptions } from "./archive.js";

/** The port a master listens on unless told otherwise. */
export const DEFAULT_PORT = 7225;

/** How a master is started; everything has a default. */
export interface MasterOptions {
  /** Default 7225; 0 takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. Any other address needs a token. */
  readonly host?: string;
  /** The operator's token, and the workers' where they have none of their own. */
  readonly token?: string;
  /** A token for each role. Where one is set, whoever connects must show theirs. */
  readonly tokens?: RoleTokens;
  /** Certificate and key; links are `wss://` then. `ca`: who signs the workers' certificates, if not `clientCa`. */
  readonly tls?: ServerTls & Pick<ClientTls, "ca">;
  /** What strangers, clients and workers may ask of this process at most. */
  readonly limits?: Limits;
  /** Worker threads in this process. Default 1; 0 where only WebSocket workers are to compute. */
  readonly workers?: number;
  /** Labels of its worker threads: what jobs may ask for. */
  readonly labels?: Labels;
  /** Folders in which its threads find inputs that are bound to their plane, by name, and what may leave that plane. */
  readonly volumes?: { readonly [name: string]: string };
  readonly exports?: ExportsConfig;
  /** Any worker may run any job, and values may go anywhere: for a replay, which need not have the planes. */
  readonly ignoreLabels?: boolean;
  /** Seeds every random number inside atoms. Default 0. */
  readonly seed?: number;
  /** What the clock says inside atoms, in milliseconds since 1970. Default: now, once. */
  readonly epoch?: number;
  /**
   * Atoms that read what is not declared (files, network, environment, other programs, Node's own clocks) fail with
   * UndeclaredReadError. Default: such reads are told by `wait` and `status`. Native code is not seen.
   */
  readonly strict?: boolean;
  /** Where relative input URIs are looked for. Default: the working directory. */
  readonly root?: string;
  /** Where the session's journal is kept, in a folder of its own. Default: a temporary folder that goes with the session. */
  readonly journal?: string;
  /**
   * Goes on with the session whose journal is in this folder: seed, epoch and programs are that session's, and so are address
   * and root unless they are given. Workers and clients that were connected come back.
   */
  readonly resume?: string;
  /** How long one expansion may take, in seconds (default 60), and how many nodes a graph may have (default 50 million). */
  readonly plannerSeconds?: number;
  readonly maxNodes?: number;
  /** How long jobs wait where there is no worker before they fail, in seconds. Default 30. */
  readonly noWorkersSeconds?: number;
  /**
   * Bytes that values may take in this process's memory: half for encoded values, half for those its threads work with. What
   * goes beyond lies in a temporary folder. Default: no limit.
   */
  readonly memory?: number;
  /** When a silent worker counts as dead; clients, which run their own code, have ten times as long. */
  readonly heartbeat?: Heartbeat;
  /** Environment variables whose values never reach the journal. */
  readonly secretVariables?: readonly string[];
  /** The wall clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** What timeouts, the idle time and the measuring of jobs go by. */
  readonly clock?: Clock;
  /** A master without clients and without jobs for so many seconds ends. Default: it stays. */
  readonly idleSeconds?: number;
  /**
   * Where the recording of the whole session goes when it ends, by whatever way: a folder or `s3://bucket/prefix`. It is on from
   * the first call, and clients can't turn it off.
   */
  readonly record?: string | ArchiveOptions;
  /** Told of what happens: a pino logger, say. Default: nobody. Secrets are replaced before it sees them. */
  readonly logger?: Logger;
  /**
   * NATS servers on which workers and clients meet this master, and where its journal is kept, so that another master can take
   * over. Without `port` it listens on any free one besides.
   */
  readonly fabric?: FabricOptions;
}

/** A running master. */
export interface MasterHandle extends AsyncDisposable {
  /** Where clients and workers connect: `ws://host:port`, with TLS `wss://host:port`. */
  readonly url: string;
  /** Settles when the cluster has ended, by `close()` or by a client's `endCluster`. */
  readonly closed: Promise<void>;
  /**
   * Settles when the session's recording lies where `record` said, and with undefined where there is none. Rejects with an
   * ArchiveFailedError that says where the recording is instead; so does `close()`.
   */
  readonly archived: Promise<Archived | undefined>;
  /** Why it leads its cluster no more, where another has taken over: it has ended then. */
  readonly fenced: Error | undefined;
  /** The master's own worker threads. */
  readonly threads: ReadonlyMap<string, WorkerHandle>;
  /**
   * Takes no new work, gives jobs that run so many seconds to finish, and closes. What waited in the queue is not run.
   */
  drain(seconds: number): Promise<void>;
  /** Ends everything that was started: sockets, threads, temporary files. */
  close(): Promise<void>;
}
