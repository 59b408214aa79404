import { checkLabels, type Labels } from "@graphvm/engine";
import { ArchiveFailedError } from "../errors.js";
import { JobOutcomes } from "../folder/job-outcomes.js";
import { serveData } from "../store/data-methods.js";
import { memoryBudget } from "../store/memory-budget.js";
import { sendValue } from "../store/value-stream.js";
import { type Clock, systemClock } from "../transport/clock.js";
import { type Heartbeat, PATIENT } from "../transport/heartbeat.js";
import { allLimits, type Limits } from "../transport/limits.js";
import { type Listening, listen, type Refused, type Routes } from "../transport/listen.js";
import { masterTokens, type RoleTokens } from "../transport/roles.js";
import type { ClientTls, ServerTls } from "../transport/tls.js";
import { Watch } from "../watch/events.js";
import { type Logger, logEvents } from "../watch/log.js";
import { masterPages } from "../watch/watch-master.js";
import { InputFiles } from "../worker/input-files.js";
import { ownOutput } from "../worker/printed-by-worker.js";
import type { WorkerHandle } from "../worker/worker-host.js";
import type { Archived, ArchiveOptions } from "./archive.js";
import { archiveSession, openLog } from "./archived-session.js";
import { LocalWorkers } from "./local-workers.js";
import { Master } from "./master.js";
import { openFolder, resumeSession } from "./resume.js";
import { MasterSession } from "./session.js";

/** How long a resumed master waits for workers to come back with what they hold before it runs anything, in seconds. */
const RETURN_SECONDS = 2.5;

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
  /** The master's own worker threads. */
  readonly threads: ReadonlyMap<string, WorkerHandle>;
  /**
   * Takes no new work, gives jobs that run so many seconds to finish, and closes. What waited in the queue is not run.
   */
  drain(seconds: number): Promise<void>;
  /** Ends everything that was started: sockets, threads, temporary files. */
  close(): Promise<void>;
}

/**
 * Starts a master and its worker threads.
 *
 * @throws PortInUseError, TokenNeededError, CertificateError, BadOptionError, BadLabelError, FolderLockedError,
 * SessionFolderError, and what stores throw that `record` names
 * @example
 * await using master = await startMaster({ port: 0, workers: 3 });
 * await using session = await connect(master.url);
 */
export async function startMaster(options: MasterOptions = {}): Promise<MasterHandle> {
  const now = options.now ?? Date.now;
  const { heartbeat, tls } = options;
  const limits = allLimits(options.limits);
  const tokens = masterTokens(options.token, options.tokens);
  const variables = (options.secretVariables ?? []).map((name) => process.env[name]);
  const secrets = [...variables, ...Object.values<string | undefined>({ ...tokens })].filter((secret) => !!secret);
  const labels = checkLabels(options.labels ?? {}, "the master's threads");
  const folder = openFolder(options, now);
  const { id, seed, epoch, strict, roots, host, port } = folder.record;
  const { archive, log } = await openLog(options, folder, now, secrets as string[]).catch((error: unknown) => {
    folder.close();
    throw error;
  });
  const resuming = options.resume !== undefined;
  const watch = new Watch();
  if (options.logger) logEvents(watch, options.logger, secrets as string[]);
  const clock = options.clock ?? systemClock;
  const budget = memoryBudget(options.memory, options.workers ?? 1);
  const session = new MasterSession({
    id,
    seed,
    epoch,
    strict,
    roots,
    limits: { seconds: options.plannerSeconds ?? 60, nodes: options.maxNodes ?? 50_000_000 },
    dial: { token: tokens.worker, heartbeat, ...(tls && { tls: { ...tls, ca: tls.ca ?? tls.clientCa } }) },
    patience: options.noWorkersSeconds ?? 30,
    clock,
    watch,
    labels,
    ignoreLabels: options.ignoreLabels ?? false,
    memory: budget?.store,
    returning: resuming,
  });
  let finish: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { idleSeconds } = options;
  const idle = idleSeconds === undefined ? undefined : { seconds: idleSeconds, clock };
  const end = (): void => {
    // nobody waits for this close: that the journal could not be synced must be said somewhere
    close().catch((error: Error) => {
      if (!(error instanceof ArchiveFailedError)) process.emitWarning(error);
    });
  };
  const master = new Master(session, log, folder, now, end, idle);
  const source = {
    store: session.store,
    sent: session.sent,
    filePath: (sha256: string) => session.inputs.pathOf(sha256),
  };
  const refused = (who: Refused): void => watch.tell({ kind: "refused", ...who });
  const release = async (): Promise<void> => {
    await session.close();
    session.runner.outcomes?.close();
    await log.close().finally(() => folder.close());
  };
  const routes: Routes = {
    "/": {
      roles: ["operator", "auditor"],
      accept: (link, role) => master.accept(link, role === "operator" ? role : "auditor", limits.openCalls),
      patience: PATIENT,
      large: true,
    },
    "/worker": { roles: ["worker"], accept: (link) => session.acceptWorker(link), large: true },
    "/data": {
      roles: ["worker"],
      accept: (link) => serveData(link, source, limits.openCalls),
      stream: (wire, query) => void sendValue(wire, query, source, heartbeat, PATIENT),
      patience: PATIENT,
    },
  };
  let server: Listening;
  try {
    if (resuming) await resumeSession(master, folder);
    else session.keep(new JobOutcomes(folder.path, 0, log));
    const own = { port: options.port ?? port ?? DEFAULT_PORT, host: options.host ?? host };
    server = await listen(
      { ...own, tokens, tls, heartbeat, http: masterPages(master), refused, limits, clock },
      routes,
    );
    const at = Number(new URL(server.url).port);
    folder.write({ port: at, ...(own.host === undefined ? {} : { host: own.host }) });
  } catch (error) {
    await release();
    throw error;
  }
  if (resuming) clock.after(RETURN_SECONDS, () => session.runner.returned());
  const local = new LocalWorkers(session, {
    memory: budget?.thread,
    store: session.store,
    sent: session.sent,
    data: session.data,
    labels,
    files: new InputFiles(roots[0]!),
    output: ownOutput((worker, text) => watch.tell({ kind: "printed", where: worker, text })),
    host: "",
    address: (host) => host,
  });
  let closing: Promise<void> | undefined;
  let archived: (outcome: Promise<Archived | undefined>) => void = () => {};
  const outcome = new Promise<Archived | undefined>((resolve) => {
    archived = resolve;
  });
  outcome.catch(() => {}); // whoever closes is told too
  const close = (): Promise<void> => {
    closing ??= (async () => {
      // before workers, planner and journal go
      if (archive) archived(archiveSession(master, archive));
      else archived(Promise.resolve(undefined));
      await outcome.catch(() => {});
      try {
        await local.close();
        session.runner.close();
        session.pool.closeAll();
        master.close();
        await server.close();
        await release();
        watch.tell({ kind: "stopped", url: server.url });
      } catch (error) {
        watch.tell({ kind: "journalFailed", error: error as Error });
        throw error;
      } finally {
        finish();
      }
      await outcome;
    })();
    return closing;
  };
  try {
    await local.start(options.workers ?? 1);
  } catch (error) {
    await close();
    throw error;
  }
  watch.tell({ kind: "started", url: server.url });
  master.started();
  const drain = async (seconds: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const cancel = clock.after(seconds, resolve);
      void master.drain(clock).then(() => {
        cancel();
        resolve();
      });
    });
    await close();
  };
  return {
    url: server.url,
    closed,
    archived: outcome,
    threads: local.handles,
    drain,
    close,
    [Symbol.asyncDispose]: close,
  };
}
