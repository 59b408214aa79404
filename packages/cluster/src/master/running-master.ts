import { given } from "@graphvm/engine/internal";
import { ArchiveFailedError } from "../errors.js";
import { type Doors, openDoors } from "../fabric/door.js";
import type { Fabric } from "../fabric/fabric.js";
import { JobOutcomes } from "../folder/job-outcomes.js";
import type { SessionFolder } from "../folder/session-folder.js";
import { type DataSource, serveData } from "../store/data-methods.js";
import { sendValue } from "../store/value-stream.js";
import type { Clock } from "../transport/clock.js";
import { PATIENT } from "../transport/heartbeat.js";
import { allLimits } from "../transport/limits.js";
import { type Listening, type ListenOptions, listen, type Routes } from "../transport/listen.js";
import { masterPages } from "../watch/watch-master.js";
import { InputFiles } from "../worker/input-files.js";
import { ownOutput } from "../worker/printed-by-worker.js";
import type { Volumes } from "../worker/volumes.js";
import type { WorkerHandle } from "../worker/worker-host.js";
import type { Archive, Archived } from "./archive.js";
import { archiveSession } from "./archived-session.js";
import { LocalWorkers } from "./local-workers.js";
import { Master } from "./master.js";
import type { MasterHandle, MasterOptions } from "./master-options.js";
import { resumeSession } from "./resume.js";
import type { MasterSession } from "./session.js";
import type { SessionLog } from "./session-log.js";

/** How long a resumed master waits for workers to come back with what they hold before it runs anything, in seconds. */
const RETURN_SECONDS = 2.5;

/** The same where a client of NATS may have to find another server first. */
const FABRIC_RETURN_SECONDS = 6;

/** What a master is made of. */
export interface MasterParts {
  readonly folder: SessionFolder;
  readonly log: SessionLog;
  readonly session: MasterSession;
  /** Where the recording goes in the end. */
  readonly archive: Archive | undefined;
  readonly clock: Clock;
  readonly now: () => number;
  readonly idleSeconds: number | undefined;
  /** Bytes that values may take in each of its threads. */
  readonly threadMemory: number | undefined;
  readonly volumes: Volumes;
  readonly exports: MasterOptions["exports"];
  /** Where workers and clients meet it besides. */
  readonly fabric?: Fabric | undefined;
  /** Lets go of what the master's place on the fabric held; `ended`: nobody goes on with the session. */
  readonly leave?: ((ended: boolean) => Promise<void>) | undefined;
}

/** How a master starts. */
export interface StartPlan {
  readonly resuming: boolean;
  readonly threads: number;
  /** How many workers may come back: with all of them here nothing more is waited for. */
  readonly expected?: number;
}

/** A master from its first socket to its last file: what is started here ends here. */
export class RunningMaster implements MasterHandle {
  readonly closed: Promise<void>;
  readonly archived: Promise<Archived | undefined>;
  readonly #parts: MasterParts;
  readonly #master: Master;
  readonly #local: LocalWorkers;
  #server: Listening | undefined;
  #doors: Doors | undefined;
  #ended = false;
  #fenced: Error | undefined;
  #closing: Promise<void> | undefined;
  #finish: () => void = () => {};
  #archive: (outcome: Promise<Archived | undefined>) => void = () => {};

  constructor(parts: MasterParts) {
    const { session, log, folder, now, clock, idleSeconds } = parts;
    this.#parts = parts;
    this.closed = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.archived = new Promise((resolve) => {
      this.#archive = resolve;
    });
    this.archived.catch(() => {}); // whoever closes is told too
    const idle = idleSeconds === undefined ? undefined : { seconds: idleSeconds, clock };
    this.#master = new Master(session, log, folder, now, () => this.#end(), idle);
    this.#local = new LocalWorkers(session, {
      memory: parts.threadMemory,
      store: session.store,
      sent: session.sent,
      data: session.data,
      labels: session.labels,
      exports: parts.exports,
      files: new InputFiles(folder.record.roots[0]!, undefined, parts.volumes),
      output: ownOutput((worker, text) => session.watch.tell({ kind: "printed", where: worker, text })),
      host: "",
      address: (host) => host,
    });
  }

  get url(): string {
    return this.#server!.url;
  }

  get fenced(): Error | undefined {
    return this.#fenced;
  }

  get threads(): ReadonlyMap<string, WorkerHandle> {
    return this.#local.handles;
  }

  /** Whether a client, or its own idle time, ended the session: nobody goes on with it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes up the session, listens and starts the threads. What was opened is closed where that fails. */
  async start(options: ListenOptions, { resuming, threads, expected }: StartPlan): Promise<void> {
    const { session, folder, log } = this.#parts;
    try {
      if (resuming) await resumeSession(this.#master, folder);
      else session.keep(new JobOutcomes(folder.path, 0, log));
      this.#server = await this.#listen(options);
    } catch (error) {
      await this.#release();
      throw error;
    }
    if (resuming) this.#awaitReturning(expected);
    try {
      await this.#local.start(threads);
    } catch (error) {
      await this.close();
      throw error;
    }
    session.watch.tell({ kind: "started", url: this.url });
    this.#master.started();
  }

  /** Ends as a crash would, but tidily: workers and clients dial whoever leads now, and nothing is archived. */
  abandon(reason: Error): Promise<void> {
    if (!this.#closing) this.#fenced = reason;
    this.#closing ??= this.#abandon(reason);
    return this.#closing;
  }

  async drain(seconds: number): Promise<void> {
    const { clock } = this.#parts;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(seconds, resolve);
      void this.#master.drain(clock).then(() => {
        cancel();
        resolve();
      });
    });
    await this.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(options: ListenOptions): Promise<Listening> {
    const { session, folder } = this.#parts;
    const refused: ListenOptions["refused"] = (who) => session.watch.tell({ kind: "refused", ...who });
    const routes = this.#routes(options);
    const server = await listen({ ...options, http: masterPages(this.#master), refused }, routes);
    const { host } = options;
    if (this.#parts.fabric) this.#doors = this.#openDoors({ ...options, refused }, this.#parts.fabric, routes);
    folder.write({ port: Number(new URL(server.url).port), ...given({ host }) });
    return server;
  }

  /** Nothing runs before workers of the master before this one are back with what they hold. */
  #awaitReturning(expected: number | undefined): void {
    const { session, clock, fabric } = this.#parts;
    const go = (): void => {
      stop();
      cancel();
      session.runner.returned();
    };
    const cancel = clock.after(fabric ? FABRIC_RETURN_SECONDS : RETURN_SECONDS, go);
    const stop = clock.every(0.1, () => {
      if (expected !== undefined && session.pool.size >= expected) go();
    });
  }

  #openDoors({ tokens, limits, heartbeat, clock, refused }: ListenOptions, fabric: Fabric, routes: Routes): Doors {
    const trouble = (error: Error): void => this.#parts.session.watch.tell({ kind: "queueFull", error });
    return openDoors(fabric, { tokens, limits, heartbeat, clock, refused, trouble }, routes);
  }

  #routes({ heartbeat, limits }: ListenOptions): Routes {
    const { session } = this.#parts;
    const { openCalls } = allLimits(limits);
    const source = this.#source();
    return {
      "/": {
        roles: ["operator", "auditor"],
        accept: (link, role) => this.#master.accept(link, role === "operator" ? role : "auditor", openCalls),
        patience: PATIENT,
        large: true,
      },
      "/worker": { roles: ["worker"], accept: (link) => session.acceptWorker(link), large: true, queue: true },
      "/data": {
        roles: ["worker"],
        accept: (link, _role, met) => serveData(link, source, openCalls, met),
        stream: (wire, query) => void sendValue(wire, query, source, heartbeat, PATIENT),
        patience: PATIENT,
      },
    };
  }

  #source(): DataSource {
    const { session } = this.#parts;
    return { store: session.store, sent: session.sent, filePath: (sha256) => session.inputs.pathOf(sha256) };
  }

  /** Closes where nobody waits for it: that the journal could not be synced must be said somewhere. */
  #end(): void {
    this.#ended = true;
    this.close().catch((error: Error) => {
      if (!(error instanceof ArchiveFailedError)) process.emitWarning(error);
    });
  }

  async #close(): Promise<void> {
    const { archive, session } = this.#parts;
    // before workers, planner and journal go
    this.#archive(archive ? archiveSession(this.#master, archive) : Promise.resolve(undefined));
    await this.archived.catch(() => {});
    try {
      await this.#local.close();
      session.runner.close();
      // whoever leads next goes on with the session, and workers and clients with it
      if (!this.#ended) this.#doors?.drop(new Error("the master hands over"));
      session.pool.closeAll();
      this.#master.close();
      this.#doors?.close();
      await this.#server?.close();
      await this.#release();
      session.watch.tell({ kind: "stopped", url: this.url });
    } catch (error) {
      session.watch.tell({ kind: "journalFailed", error: error as Error });
      throw error;
    } finally {
      this.#finish();
    }
    await this.archived;
  }

  async #abandon(reason: Error): Promise<void> {
    const { session } = this.#parts;
    this.#archive(Promise.resolve(undefined));
    this.#doors?.drop(reason);
    try {
      await this.#server?.close();
      session.runner.close();
      await this.#local.close();
      this.#master.close();
      await this.#release().catch(() => {}); // its journal is another's now
      session.watch.tell({ kind: "ending", why: reason.message });
    } finally {
      this.#finish();
    }
  }

  async #release(): Promise<void> {
    const { session, log, folder } = this.#parts;
    await session.close();
    session.runner.outcomes?.close();
    await log.close().finally(() => folder.close());
    await this.#parts.leave?.(this.#ended);
  }
}
