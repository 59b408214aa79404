import { fromWireError, type Labels, type Tools, toWireError, type WireError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { type Context, ROOT_CONTEXT } from "@opentelemetry/api";
import { ConnectionLostError, GraphEmptiedError, SessionStateError } from "../errors.js";
import type { JobOutcomes } from "../folder/job-outcomes.js";
import { labelsText } from "../labels.js";
import type { PlannedJob } from "../planner/planner-graph.js";
import type { WorkerJob } from "../protocol.js";
import type { Job } from "../scheduler/job.js";
import { Scheduler } from "../scheduler/scheduler.js";
import type { Ended, Instruction, JobLimits, SchedulerEvent } from "../scheduler/types.js";
import type { WorkerEntry } from "../scheduler/worker.js";
import type { DataClient } from "../store/data-client.js";
import type { ObjectStore } from "../store/object-store.js";
import { type Clock, systemClock } from "../transport/clock.js";
import { type RunOutcome, Watch } from "../watch/events.js";
import { here, traced } from "../watch/trace.js";
import { Activity } from "./activity.js";
import { BoundInputs } from "./bound-inputs.js";
import { Exports } from "./exports.js";
import type { JobFiles } from "./job-files.js";
import { JobValues } from "./job-values.js";
import { RunTimers } from "./run-timers.js";
import { UndeclaredByJob } from "./undeclared.js";
import { WantedValues } from "./wanted-values.js";
import type { WorkerPool } from "./worker-pool.js";

/** How many jobs are in each state. */
export interface JobCounts {
  readonly total: number;
  readonly done: number;
  readonly running: number;
  readonly failed: number;
  /** Jobs that wait for others, or for a worker. */
  readonly waiting: number;
}

/** A job with its inputs. */
interface PlannedRun extends JobFiles {
  readonly job: PlannedJob;
  /** What dispatched it, where somebody traces. */
  readonly trace?: Context;
}

/** The scheduler's hands: carries out its instructions and tells it what happened. */
export class JobRunner {
  #scheduler: Scheduler;
  readonly #pool: WorkerPool;
  readonly #values: JobValues;
  readonly boundInputs: BoundInputs;
  #planned = new Map<string, PlannedRun>();
  #waiters: { resolve(): void; reject(error: unknown): void }[] = [];
  #firstError: unknown;
  #listeners = new Set<(progress: JobCounts) => void>();
  #noWorkersTimer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Jobs of an earlier graph may still come back: they are told by this. */
  #generation = 0;

  /** What runs where, and how long jobs take. */
  readonly activity: Activity;
  readonly #watch: Watch;
  readonly #finished = new Set<string>();
  /** What atoms read without declaring it. */
  readonly undeclared = new UndeclaredByJob();
  /** What left planes. */
  readonly exports = new Exports();
  /** What jobs ran besides JavaScript. */
  readonly tools = new Map<string, Tools>();
  /** Small values that came along with the news of their jobs. */
  readonly #wanted = new WantedValues();
  readonly #patience: number;
  readonly #runs: RunTimers;
  /** Workers whose thread is being killed. */
  readonly #stopping = new Map<string, Promise<void>>();

  /** Where it is written down how jobs end. */
  outcomes: JobOutcomes | undefined;
  /** Settles when workers of a master before this one have come back. */
  #returned: Promise<void> | undefined;
  #release: () => void = () => {};

  /**
   * @param patience How long jobs wait for a first worker before they fail, in seconds.
   * @param returning Nothing is run until `returned` is called.
   */
  constructor(
    pool: WorkerPool,
    store: ObjectStore,
    data: DataClient,
    patience: number,
    returning = false,
    clock: Clock = systemClock,
    watch = new Watch(),
  ) {
    this.#scheduler = new Scheduler(returning);
    if (returning) {
      this.#returned = new Promise((resolve) => {
        this.#release = resolve;
      });
    }
    this.boundInputs = new BoundInputs(pool);
    this.#runs = new RunTimers(clock);
    this.activity = new Activity(clock);
    this.#watch = watch;
    this.#patience = patience;
    this.#pool = pool;
    this.#values = new JobValues({
      pool,
      store,
      data,
      wanted: this.#wanted,
      job: (id) => this.#scheduler.job(id),
      handle: (event) => this.handle(event),
    });
  }

  /** @throws SessionStateError where a job is known as one whose value is copied, or the other way round. */
  submit(jobs: readonly PlannedRun[], limits: JobLimits = {}, ended?: ReadonlyMap<string, Ended>): void {
    const fresh = jobs.filter(({ job }) => {
      const known = this.#scheduler.job(job.id);
      if (!known || known.state === "failed") return true;
      if (known.plan.noCopy !== job.noCopy) throw otherNoCopy(job);
      return false;
    });
    // a known job keeps the plan it has: its inputs and files belong together
    const trace = here();
    for (const each of fresh) this.#planned.set(each.job.id, trace === undefined ? each : { ...each, trace });
    this.#firstError = undefined;
    const known = ended ? { ended } : {};
    const before = fresh.filter(({ job }) => "digest" in (ended?.get(job.id) ?? {}));
    for (const { job } of before) this.#finished.add(job.id);
    this.handle({ kind: "submitted", jobs: jobs.map(({ job }) => job), limits, ...known });
    for (const { job } of before) this.#noteExport(job.id);
  }

  /** The job's value will be asked for: where it is small it is to come with the news that it is there. */
  want(job: string): void {
    this.#wanted.add(job);
  }

  /** Ends what is not done: at once where `force` is set, else where it can end. What is done stays. */
  cancel(force: boolean): void {
    this.handle({ kind: "cancelled", force });
  }

  /** Settles when nothing is left to run; rejects with the first job's error as soon as one fails. */
  settled(): Promise<void> {
    if (this.#firstError !== undefined) return Promise.reject(this.#firstError);
    if (!this.#scheduler.busy) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Whether something runs or waits to run. */
  get busy(): boolean {
    return this.#scheduler.busy;
  }

  /** Starts no job any more; settles when none runs. */
  async drained(): Promise<void> {
    this.handle({ kind: "held" });
    if (this.#scheduler.counts.running === 0) return;
    await new Promise<void>((resolve) => {
      const stop = this.onProgress(({ running }) => {
        if (running > 0) return;
        stop();
        resolve();
      });
    });
  }

  progress(): JobCounts {
    const { waiting, ready, queued, running, done, failed } = this.#scheduler.counts;
    return { total: this.#scheduler.size, running, done, failed, waiting: waiting + ready + queued };
  }

  /** A known job as it was planned. */
  plan(id: string): PlannedJob | undefined {
    return this.#planned.get(id)?.job;
  }

  /** A known job for people. */
  label(id: string): string {
    return this.#planned.get(id)?.job.label ?? id;
  }

  /** Seconds until everything is done, as far as jobs of the same rules took their time. Undefined where nobody can say. */
  secondsLeft(): number | undefined {
    if (!this.#scheduler.busy) return undefined;
    return this.activity.secondsLeft(this.#scheduler.unfinished, this.#scheduler.workers().length);
  }

  /** What jobs wait for that don't run, and how many. */
  waitingFor(): { readonly what: string; readonly jobs: number }[] {
    const { waiting, ready, queued } = this.#scheduler.counts;
    const none = this.#scheduler.staying().length === 0;
    const starving = none ? [] : this.#scheduler.starving();
    const free = ready - starving.reduce((sum, { jobs }) => sum + jobs, 0);
    return [
      { what: "other jobs", jobs: waiting },
      { what: none ? "a worker to join" : "a free worker", jobs: free + queued },
      ...starving.map(({ on, jobs }) => ({ what: `a worker with ${labelsText(on)}`, jobs })),
    ].filter(({ jobs }) => jobs > 0);
  }

  /** Jobs that more workers could run, by the labels those must have. */
  queue(): { readonly on: Labels; readonly jobs: number }[] {
    return this.#scheduler.waiting();
  }

  onProgress(listener: (progress: JobCounts) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  jobs(): { job: PlannedJob; state: Job }[] {
    return this.#scheduler.all().map((state) => ({ job: this.#planned.get(state.plan.id)!.job, state }));
  }

  /** The jobs that were done since this was called last, in order. */
  finishedSince(): { job: PlannedJob; state: Job }[] {
    const states = [...this.#finished].map((id) => this.#scheduler.job(id)!).sort((a, b) => a.order - b.order);
    this.#finished.clear();
    return states.map((state) => ({ job: this.#planned.get(state.plan.id)!.job, state }));
  }

  job(id: string): Job | undefined {
    return this.#scheduler.job(id);
  }

  workers(): readonly WorkerEntry[] {
    return this.#scheduler.workers();
  }

  /** Workers of a master before this one have come back, or won't. */
  returned(): void {
    this.#returned = undefined;
    this.#release();
    this.handle({ kind: "returned" });
  }

  /** Forgets every job; those that still run are not listened to, and killed where their time was limited. */
  reset(graph: number): void {
    this.outcomes?.reset(graph);
    this.#rejectAll(new GraphEmptiedError("The graph was emptied while its jobs ran: dispatch them again.", {}));
    this.#generation++;
    for (const { worker, jobs, limited } of this.#runs.clear()) {
      for (const job of jobs) this.#pool.unrun(worker, job);
      if (limited) this.#stop(worker);
    }
    this.#scheduler = new Scheduler(this.#returned !== undefined);
    for (const worker of this.#pool.list()) this.#rejoin(worker, this.#generation);
    this.#planned = new Map();
    this.undeclared.clear();
    this.exports.emptied();
    this.tools.clear();
    this.#wanted.clear();
    this.#finished.clear();
    this.#firstError = undefined;
  }

  /**
   * The bytes of a node's value: a job's own, or one that was computed inside a job.
   *
   * @throws the job's error; GraphEmptiedError; what fetching threw, where it did so again and again
   */
  async value(id: string, jobId: string): Promise<{ bytes: Uint8Array; digest: string }> {
    await this.#returned;
    return this.#values.value(id, jobId);
  }

  handle(event: SchedulerEvent): void {
    try {
      const instructions = this.#scheduler.handle(event);
      for (const instruction of instructions) this.#carryOut(instruction);
      this.#tellFailures(instructions);
    } catch (error) {
      // a bug of ours: whoever waits must hear of it, and the master stays up
      this.#firstError ??= error;
      this.#rejectAll(error);
      return;
    }
    this.#watchForWorkers();
    for (const listener of this.#listeners) listener(this.progress());
    this.#values.changed();
    if (!this.#scheduler.busy) for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /** A worker that is being stopped comes into the new graph once that is over. */
  #rejoin({ id: worker, host, labels }: ReturnType<WorkerPool["list"]>[number], generation: number): void {
    const join = (): void => {
      if (generation === this.#generation && this.#pool.has(worker))
        this.handle({ kind: "workerJoined", worker, host, labels });
      if (generation === this.#generation && this.#pool.isLeaving(worker)) this.handle({ kind: "leaving", worker });
    };
    const stopping = this.#stopping.get(worker);
    if (stopping) void stopping.then(join);
    else join();
  }

  #stop(worker: string): void {
    this.#runs.end(worker);
    const generation = this.#generation;
    const stopping = this.#pool.stop(worker).then(() => {
      this.#stopping.delete(worker);
      if (generation === this.#generation) this.handle({ kind: "stopped", worker });
    });
    this.#stopping.set(worker, stopping);
  }

  close(): void {
    this.#closed = true;
    this.#runs.clear();
    clearTimeout(this.#noWorkersTimer);
    this.#release();
    this.#generation++;
    this.#rejectAll(new ConnectionLostError("The master ended.", {}));
  }

  /** The first of several that fail together is the one the others needed. */
  #tellFailures(instructions: readonly Instruction[]): void {
    const failed = instructions.filter((each) => each.kind === "jobFailed");
    if (failed.length === 0) return;
    const { job, error } = failed[0]!;
    const { rule } = this.#planned.get(job)!.job;
    this.#watch.tell({ kind: "jobFailed", job, rule, error, others: failed.length - 1 });
  }

  #rejectAll(error: unknown): void {
    this.#reject(error);
    this.#values.reject(error);
  }

  #reject(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #carryOut(instruction: Instruction): void {
    switch (instruction.kind) {
      case "run":
        void this.#run(instruction);
        return;
      case "begin":
        this.#begin(instruction);
        return;
      case "unrun":
        this.#pool.unrun(instruction.worker, instruction.job);
        return;
      case "stop":
        this.#stop(instruction.worker);
        return;
      case "abort":
        this.#pool.abort(instruction.worker, instruction.job);
        return;
      case "copy":
        void this.#copy(instruction);
        return;
      case "release":
        this.#pool.release(instruction.worker);
        return;
      case "done": {
        this.#finished.add(instruction.job);
        this.#noteExport(instruction.job);
        const { digest, size } = this.#scheduler.job(instruction.job)!;
        this.outcomes?.add({ id: instruction.job, digest: digest!, size });
        return;
      }
      case "jobFailed":
        this.outcomes?.add({ id: instruction.job, error: withoutStack(instruction.error) });
        this.#firstError ??= fromWireError(instruction.error);
        this.#reject(this.#firstError);
    }
  }

  /** The value of a job whose rule exports is there: it may leave. */
  #noteExport(id: string): void {
    const { rule, exports, noCopy } = this.#planned.get(id)!.job;
    if (!exports) return;
    const { digest, size, order } = this.#scheduler.job(id)!;
    if (digest === undefined) return;
    this.exports.add({ id, rule, plane: exports.plane, bytes: noCopy ? null : size, digest, order });
  }

  /** A worker keeps what another that leaves has. */
  async #copy({ worker, job, hosts, to }: Extract<Instruction, { kind: "copy" }>): Promise<void> {
    const generation = this.#generation;
    const host = await this.#pool.keep(to, this.#input({ id: job, hosts }));
    if (generation !== this.#generation) return;
    this.handle({ kind: "copied", worker, job, ...(host === undefined ? {} : { host }) });
  }

  /** The worker has come to a job it was sent. */
  #begin({ worker, job, timeout }: Extract<Instruction, { kind: "begin" }>): void {
    this.#runs.begin(worker, job, timeout, () => this.handle({ kind: "timedOut", worker, job }));
    const planned = this.#planned.get(job)!.job;
    this.activity.begin(worker, planned);
    this.#watch.tell({ kind: "runStarted", job, rule: planned.rule, worker });
  }

  async #run({ worker, job: id, inputs }: Extract<Instruction, { kind: "run" }>): Promise<void> {
    const run = this.#runs.send(worker, id);
    const generation = this.#generation;
    const { job, files, late = [], trace } = this.#planned.get(id)!;
    const over = (outcome: RunOutcome, bytes = 0, error?: string): void => {
      const running = this.activity.of(worker);
      // one that never began has nothing to tell
      if (running?.job !== id) return;
      const seconds = this.activity.end(running, outcome === "finished");
      this.#watch.tell({ kind: "runEnded", job: id, rule: job.rule, worker, outcome, seconds, bytes, error });
    };
    let event: SchedulerEvent;
    try {
      // what nobody could tell when the job was dispatched: its worker can
      const found = await Promise.all(late.map((file) => this.boundInputs.ask(file, worker)));
      const ask = () =>
        this.#pool.run(worker, {
          id,
          refs: job.refs,
          inputs: inputs.map((input) => this.#input(input)),
          files: [...files, ...found],
          noCopy: job.noCopy,
          ...(job.bound === undefined ? {} : { bound: job.bound }),
          ...(job.exports === undefined
            ? {}
            : { exports: { rule: job.rule, ...given({ maxBytes: job.exports.maxBytes }) } }),
          ...(this.#wanted.has(id) ? { wanted: true } : {}),
        });
      const about = { "graphvm.job": id, "graphvm.rule": job.rule, "graphvm.worker": worker };
      const answer = await traced("graphvm.job", "CLIENT", about, ask, trace ?? ROOT_CONTEXT);
      if ("bytes" in answer && answer.bytes) this.#wanted.keep(id, answer.bytes);
      if ("digest" in answer && generation === this.#generation) {
        this.undeclared.add(id, answer.undeclared ?? []);
        if (answer.tools !== undefined) this.tools.set(id, answer.tools);
      }
      event =
        "missing" in answer
          ? { kind: "inputsMissing", worker, job: id, inputs: answer.missing, host: answer.host }
          : "returned" in answer
            ? { kind: "gaveBack", worker, job: id }
            : { kind: "finished", worker, job: id, digest: answer.digest, size: answer.size, seconds: answer.seconds };
    } catch (error) {
      // the pool has said that the worker left
      if (error instanceof ConnectionLostError && !this.#pool.has(worker)) {
        this.#runs.ended(run);
        over("gone");
        return;
      }
      event = { kind: "failed", worker, job: id, error: toWireError(error) };
    }
    // of a run that was stopped nobody wants to hear
    if (!this.#runs.ended(run) || generation !== this.#generation) {
      over("gone");
      return;
    }
    if (event.kind === "finished") over("finished", event.size);
    else if (event.kind === "failed") over("failed", 0, event.error.message);
    else over("missing");
    this.handle(event);
  }

  #input({ id, hosts }: { readonly id: string; readonly hosts: readonly string[] }): WorkerJob["inputs"][number] {
    const bound = this.#planned.get(id)?.job.bound;
    return { id, hosts: [...hosts], ...(bound === undefined ? {} : { bound }) };
  }

  #watchForWorkers(): void {
    const starved = this.#pool.size === 0 && this.#scheduler.busy && !this.#closed && !this.#returned;
    if (!starved) {
      clearTimeout(this.#noWorkersTimer);
      this.#noWorkersTimer = undefined;
      return;
    }
    this.#noWorkersTimer ??= setTimeout(() => {
      this.#noWorkersTimer = undefined;
      if (this.#pool.size === 0) this.handle({ kind: "noWorkers" });
    }, this.#patience * 1000);
    this.#noWorkersTimer.unref();
  }
}

/** An error without its stack, which names places of this machine. */
function withoutStack({ code, name, message, fields }: WireError): WireError {
  return { code, name, message, fields };
}

function otherNoCopy({ rule, noCopy }: PlannedJob): SessionStateError {
  const how = noCopy ? "without" : "with";
  return new SessionStateError(
    `Jobs of ${rule} were dispatched ${how} noCopy before: say the same again, or call initGraph() first.`,
    { rule },
  );
}
