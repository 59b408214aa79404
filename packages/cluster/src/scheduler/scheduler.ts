import type { WireError } from "@graphvm/engine";
import { killsWorkers, neverFound, noWorkers, otherBytes, tookTooLong, wasCancelled } from "./give-up.js";
import { Job } from "./job.js";
import { chooseWorker, type WorkerEntry } from "./placement.js";
import { ReadyQueue } from "./ready-queue.js";
import type { Instruction, JobLimits, JobPlan, JobState, SchedulerEvent } from "./types.js";

/** A job that took down this many workers is given up. */
export const MAX_KILLED_WORKERS = 3;

/** A job whose inputs could not be fetched this often is given up: workers may be unable to reach each other. */
export const MAX_MISSES = 20;

/**
 * Decides which job runs where. Pure: events in, instructions out; no clock, no socket, no randomness. Every change of a
 * job's state goes through `Job.move`.
 */
export class Scheduler {
  readonly #jobs = new Map<string, Job>();
  readonly #workers = new Map<string, WorkerEntry>();
  readonly #ready = new ReadyQueue();
  #instructions: Instruction[] = [];
  #entered = 0;
  readonly #counts = { waiting: 0, ready: 0, running: 0, done: 0, failed: 0 };

  handle(event: SchedulerEvent): Instruction[] {
    this.#instructions = [];
    this.#apply(event);
    this.#assign();
    return this.#instructions;
  }

  job(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Every job, in submission order. */
  all(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => a.order - b.order);
  }

  get size(): number {
    return this.#jobs.size;
  }

  workers(): readonly WorkerEntry[] {
    return [...this.#workers.values()];
  }

  /** Whether something waits to run or runs. */
  get busy(): boolean {
    const { waiting, ready, running } = this.#counts;
    return waiting + ready + running > 0;
  }

  /** How many jobs are in each state. */
  get counts(): { readonly [state in JobState]: number } {
    return this.#counts;
  }

  #apply(event: SchedulerEvent): void {
    switch (event.kind) {
      case "submitted":
        for (const plan of event.jobs) this.#enter(plan, event.limits ?? {});
        for (const plan of event.jobs) this.#admit(this.#jobs.get(plan.id)!);
        return;
      case "wanted":
        this.#want(event.job);
        return;
      case "workerJoined":
        this.#workers.set(event.worker, {
          id: event.worker,
          host: event.host,
          job: undefined,
          stopping: false,
          finished: 0,
        });
        return;
      case "workerLeft":
        this.#workerLeft(event);
        return;
      case "finished":
        this.#finished(event);
        return;
      case "failed":
        this.#failed(event);
        return;
      case "timedOut":
        this.#timedOut(event);
        return;
      case "stopped":
        this.#stopped(event.worker);
        return;
      case "cancelled":
        this.#cancelAll(event.force);
        return;
      case "inputsMissing":
        this.#inputsMissing(event);
        return;
      case "noWorkers":
        this.#failAllWaiting();
        return;
    }
  }

  /** A job that is new, or that failed and gets another chance: what it gave before must come out again. */
  #enter(plan: JobPlan, limits: JobLimits): void {
    const known = this.#jobs.get(plan.id);
    if (known && known.state !== "failed") {
      // what this dispatch says holds from the job's next start; what it leaves open stays as it was
      known.limits = { ...known.limits, ...limits };
      if (known.cancel) known.cancel = "taken back";
      return;
    }
    const job = new Job(plan, this.#entered++);
    job.limits = limits;
    if (known) {
      this.#counts.failed--;
      job.digest = known.digest;
      for (const id of known.dependents) job.dependents.add(id);
    }
    this.#jobs.set(plan.id, job);
    this.#counts.waiting++;
  }

  /** Links a new job to its inputs; a job that is known keeps what it has. */
  #admit(job: Job): void {
    if (job.story.length > 0) return;
    job.story.push("submitted");
    for (const id of job.plan.inputs) {
      this.#jobs.get(id)!.dependents.add(job.plan.id);
      this.#want(id);
    }
    this.#settle(job);
  }

  /** Decides where a waiting job goes: to the ready ones where nothing is missing, or down with a failed input. */
  #settle(job: Job): void {
    if (job.state !== "waiting" || this.#failWithInput(job)) return;
    job.missing = this.#countMissing(job);
    if (job.missing === 0) this.#makeReady(job, "all inputs are done");
  }

  #failWithInput(job: Job): boolean {
    const failed = job.plan.inputs.find((id) => this.#jobs.get(id)!.state === "failed");
    if (failed === undefined) return false;
    this.#fail(job, this.#jobs.get(failed)!.error!, `input ${failed} failed`);
    return true;
  }

  /** A job whose value is needed: run again where it was lost, and below it whatever was lost with it. */
  #want(id: string): void {
    const lost: Job[] = [];
    const stack = [id];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const job = this.#jobs.get(next);
      if (job?.state !== "done" || this.#available(job)) continue;
      this.#move(job, "waiting", "its value was lost");
      for (const dependent of job.dependents) this.#withdraw(this.#jobs.get(dependent)!);
      lost.push(job);
      for (const input of job.plan.inputs) stack.push(input);
    }
    for (const job of lost) this.#settle(job);
  }

  /** A job that waits for one input more, or was about to run and waits again. */
  #withdraw(job: Job): void {
    if (job.state === "waiting") job.missing++;
    if (job.state !== "ready") return;
    this.#ready.delete(job);
    this.#move(job, "waiting", "an input was lost");
    job.missing = this.#countMissing(job);
  }

  /** A job that did not get to its end runs again once it has its inputs. */
  #runAgain(job: Job, why: string): void {
    const { cancel } = job;
    job.cancel = undefined;
    if (cancel === "asked") {
      this.#fail(job, wasCancelled(job), "it was cancelled");
      return;
    }
    job.worker = undefined;
    for (const id of job.plan.inputs) this.#want(id);
    if (this.#failWithInput(job)) return;
    job.missing = this.#countMissing(job);
    if (job.missing === 0) this.#makeReady(job, why);
    else this.#move(job, "waiting", why);
  }

  #countMissing(job: Job): number {
    return job.plan.inputs.filter((id) => this.#jobs.get(id)!.state !== "done").length;
  }

  #available(job: Job): boolean {
    return job.plan.noCopy ? job.holder !== undefined : job.hosts.size > 0;
  }

  #move(job: Job, to: JobState, why: string): void {
    const before = job.state;
    job.move(to, why);
    this.#counts[before]--;
    this.#counts[to]++;
  }

  #makeReady(job: Job, why: string): void {
    this.#move(job, "ready", why);
    this.#ready.add(job);
  }

  /** The worker is idle again; said of another job than it has, it is late news. */
  #release(id: string, job: string): void {
    const worker = this.#workers.get(id);
    if (worker?.job === job && !worker.stopping) worker.job = undefined;
  }

  #runsOn(id: string, worker: string): boolean {
    const job = this.#jobs.get(id);
    return job?.state === "running" && job.worker === worker;
  }

  #finished(event: Extract<SchedulerEvent, { kind: "finished" }>): void {
    this.#release(event.worker, event.job);
    if (!this.#runsOn(event.job, event.worker)) return;
    const job = this.#jobs.get(event.job)!;
    if (job.digest !== undefined && job.digest !== event.digest) {
      this.#fail(job, otherBytes(job, event.digest), "other bytes than before");
      return;
    }
    const worker = this.#workers.get(event.worker)!;
    worker.finished++;
    job.digest = event.digest;
    job.size = event.size;
    job.attempts = 0;
    job.cancel = undefined;
    if (job.plan.noCopy) job.holder = event.worker;
    else job.hosts.add(worker.host);
    this.#move(job, "done", `finished on ${event.worker}`);
    this.#instructions.push({ kind: "done", job: job.plan.id });
    for (const id of job.dependents) {
      const dependent = this.#jobs.get(id)!;
      if (dependent.state === "waiting" && --dependent.missing === 0) this.#makeReady(dependent, "all inputs are done");
    }
  }

  #fail(job: Job, error: WireError, why: string): void {
    const stack = [job];
    for (let each = stack.pop(); each; each = stack.pop()) {
      if (each.state === "failed" || each.state === "done") continue;
      if (each.state === "running" && each !== job) continue;
      this.#ready.delete(each);
      each.error = error;
      this.#move(each, "failed", each === job ? why : `${job.plan.rule} ${job.plan.id} failed`);
      this.#instructions.push({ kind: "jobFailed", job: each.plan.id, error });
      for (const id of each.dependents) stack.push(this.#jobs.get(id)!);
    }
  }

  /** An atom threw, or the job ended because it was told to. */
  #failed({ worker, job: id, error }: Extract<SchedulerEvent, { kind: "failed" }>): void {
    this.#release(worker, id);
    if (!this.#runsOn(id, worker)) return;
    const job = this.#jobs.get(id)!;
    if (job.cancel) this.#runAgain(job, "it was cancelled, and dispatched again");
    else if (job.attempts++ < (job.limits.retries ?? 0)) this.#runAgain(job, "it threw and is tried again");
    else this.#fail(job, error, "it threw");
  }

  #timedOut({ worker, job: id }: Extract<SchedulerEvent, { kind: "timedOut" }>): void {
    if (!this.#runsOn(id, worker)) return;
    const job = this.#jobs.get(id)!;
    this.#stop(worker);
    if (job.attempts++ < (job.limits.retries ?? 0)) this.#runAgain(job, "it took too long and is tried again");
    else this.#fail(job, tookTooLong(job), "it took too long");
    this.#recoverLost();
  }

  /** What computes in the worker is killed; values that lie in it alone go with that. */
  #stop(id: string): void {
    this.#workers.get(id)!.stopping = true;
    for (const job of this.#jobs.values()) if (job.holder === id) job.holder = undefined;
    this.#instructions.push({ kind: "stop", worker: id });
  }

  #stopped(id: string): void {
    const worker = this.#workers.get(id);
    if (!worker?.stopping) return;
    worker.stopping = false;
    worker.job = undefined;
  }

  #cancelAll(force: boolean): void {
    for (const job of this.#jobs.values()) {
      if (job.state === "done" || job.state === "failed") continue;
      if (job.state === "running" && !force) {
        job.cancel = "asked";
        this.#instructions.push({ kind: "abort", worker: job.worker!, job: job.plan.id });
        continue;
      }
      if (job.state === "running") this.#stop(job.worker!);
      this.#fail(job, wasCancelled(job), "it was cancelled");
    }
  }

  #workerLeft({ worker: id, hostLost, reason }: Extract<SchedulerEvent, { kind: "workerLeft" }>): void {
    const worker = this.#workers.get(id);
    if (!worker) return;
    this.#workers.delete(id);
    for (const job of this.#jobs.values()) {
      if (job.holder === id) job.holder = undefined;
      if (hostLost) job.hosts.delete(worker.host);
    }
    if (worker.job !== undefined && this.#runsOn(worker.job, id)) {
      this.#lostWorker(this.#jobs.get(worker.job)!, id, reason);
    }
    this.#recoverLost();
  }

  #lostWorker(job: Job, worker: string, reason: string | undefined): void {
    job.killed.push(worker);
    if (job.killed.length < MAX_KILLED_WORKERS) this.#runAgain(job, `worker ${worker} died`);
    else this.#fail(job, killsWorkers(job, reason), "took down its last worker");
  }

  /** Whatever an unfinished job needs and nobody has any more is run again. */
  #recoverLost(): void {
    for (const job of this.#jobs.values()) {
      if (job.state === "waiting" || job.state === "ready") for (const input of job.plan.inputs) this.#want(input);
    }
  }

  #inputsMissing(event: Extract<SchedulerEvent, { kind: "inputsMissing" }>): void {
    this.#release(event.worker, event.job);
    if (!this.#runsOn(event.job, event.worker)) return;
    const job = this.#jobs.get(event.job)!;
    for (const id of event.inputs) this.#jobs.get(id)?.hosts.delete(event.host);
    if (++job.misses < MAX_MISSES) this.#runAgain(job, "its inputs were not where they should be");
    else this.#fail(job, neverFound(job, event.inputs, event.host), "never found its inputs");
    this.#recoverLost();
  }

  #failAllWaiting(): void {
    const error = noWorkers();
    for (const job of this.#jobs.values()) {
      if (job.state === "ready") this.#fail(job, error, "no worker came");
    }
  }

  /** Gives ready jobs to idle workers, earlier jobs first. */
  #assign(): void {
    const idle = new Set([...this.#workers.values()].filter((worker) => worker.job === undefined));
    if (idle.size === 0 || this.#ready.size === 0) return;
    for (const job of this.#ready.list()) {
      if (idle.size === 0) return;
      const worker = chooseWorker(job, idle, (id) => this.#jobs.get(id)!);
      if (!worker) continue;
      idle.delete(worker);
      this.#ready.delete(job);
      worker.job = job.plan.id;
      job.worker = worker.id;
      this.#move(job, "running", `given to ${worker.id}`);
      const inputs = job.plan.inputs.map((id) => ({ id, hosts: [...this.#jobs.get(id)!.hosts] }));
      const { timeout } = job.limits;
      const limit = timeout === undefined ? {} : { timeout };
      this.#instructions.push({ kind: "run", worker: worker.id, job: job.plan.id, inputs, ...limit });
    }
  }
}
