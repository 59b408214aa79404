import { toWireError, type WireError } from "@graphvm/engine";
import { JobKillsWorkersError, NondeterministicJobError, NoWorkersError } from "../errors.js";
import { Job } from "./job.js";
import { chooseWorker, type WorkerEntry } from "./placement.js";
import { ReadyQueue } from "./ready-queue.js";
import type { Instruction, JobPlan, JobState, SchedulerEvent } from "./types.js";

/** A job that took down this many workers is given up. */
export const MAX_KILLED_WORKERS = 3;

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
  #unfinished = 0;

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
    return this.#unfinished > 0;
  }

  #apply(event: SchedulerEvent): void {
    switch (event.kind) {
      case "submitted":
        for (const plan of event.jobs) this.#enter(plan);
        for (const plan of event.jobs) this.#admit(this.#jobs.get(plan.id)!);
        return;
      case "wanted":
        this.#want(event.job);
        return;
      case "workerJoined":
        this.#workers.set(event.worker, { id: event.worker, host: event.host, job: undefined, finished: 0 });
        return;
      case "workerLeft":
        this.#workerLeft(event.worker);
        return;
      case "hostLost":
        for (const job of this.#jobs.values()) job.hosts.delete(event.host);
        this.#recoverLost();
        return;
      case "finished":
        this.#finished(event);
        return;
      case "failed":
        this.#release(event.worker);
        this.#fail(this.#jobs.get(event.job)!, event.error, "it threw");
        return;
      case "inputsMissing":
        this.#inputsMissing(event);
        return;
      case "noWorkers":
        this.#failAllWaiting();
        return;
    }
  }

  /** A job that is new, or that failed and gets another chance. */
  #enter(plan: JobPlan): void {
    const known = this.#jobs.get(plan.id);
    if (known && known.state !== "failed") return;
    this.#jobs.set(plan.id, new Job(plan, this.#entered++));
    this.#unfinished++;
  }

  /** Links a job to its inputs; a job that is known keeps what it has. */
  #admit(job: Job): void {
    if (job.story.length > 0 || job.state !== "waiting") return;
    job.story.push("submitted");
    for (const id of job.plan.inputs) this.#jobs.get(id)!.dependents.add(job.plan.id);
    this.#await(job);
  }

  /** Counts what a waiting job lacks, asks for what was lost, and makes the job ready where nothing is missing. */
  #await(job: Job): void {
    for (const id of job.plan.inputs) {
      const input = this.#jobs.get(id)!;
      if (input.state === "failed") {
        this.#fail(job, input.error!, `input ${id} failed`);
        return;
      }
      this.#want(id);
    }
    job.missing = this.#countMissing(job);
    if (job.missing === 0) this.#makeReady(job, "all inputs are done");
  }

  /** A job whose value is needed: run again where it was lost. */
  #want(id: string): void {
    const job = this.#jobs.get(id);
    if (job?.state !== "done" || this.#available(job)) return;
    this.#move(job, "waiting", "its value was lost");
    for (const dependent of job.dependents) this.#withdraw(this.#jobs.get(dependent)!, "an input was lost");
    this.#await(job);
  }

  /** A job that was about to run waits again. */
  #withdraw(job: Job, why: string): void {
    if (job.state === "waiting") job.missing++;
    if (job.state !== "ready") return;
    this.#ready.delete(job);
    this.#move(job, "waiting", why);
    job.missing = this.#countMissing(job);
  }

  #countMissing(job: Job): number {
    return job.plan.inputs.filter((id) => this.#jobs.get(id)!.state !== "done").length;
  }

  #available(job: Job): boolean {
    return job.plan.noCopy ? job.holder !== undefined : job.hosts.size > 0;
  }

  #move(job: Job, to: JobState, why: string): void {
    const before = isOver(job.state);
    job.move(to, why);
    if (before !== isOver(to)) this.#unfinished += before ? 1 : -1;
  }

  #makeReady(job: Job, why: string): void {
    this.#move(job, "ready", why);
    this.#ready.add(job);
  }

  #release(id: string): void {
    const worker = this.#workers.get(id);
    if (worker) worker.job = undefined;
  }

  #finished(event: Extract<SchedulerEvent, { kind: "finished" }>): void {
    this.#release(event.worker);
    const job = this.#jobs.get(event.job);
    if (job?.state !== "running" || job.worker !== event.worker) return;
    if (job.digest !== undefined && job.digest !== event.digest) {
      const error = new NondeterministicJobError(
        `Job ${job.plan.rule} ${job.plan.id} ran again and gave other bytes: something in it is not deterministic.`,
        { job: job.plan.id, digests: [job.digest, event.digest] },
      );
      this.#fail(job, toWireError(error), "other bytes than before");
      return;
    }
    const worker = this.#workers.get(event.worker)!;
    worker.finished++;
    job.digest = event.digest;
    job.size = event.size;
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

  #workerLeft(id: string): void {
    const worker = this.#workers.get(id);
    this.#workers.delete(id);
    for (const job of this.#jobs.values()) if (job.holder === id) job.holder = undefined;
    const job = worker?.job === undefined ? undefined : this.#jobs.get(worker.job);
    if (job?.state === "running") {
      job.killed.push(id);
      job.worker = undefined;
      if (job.killed.length >= MAX_KILLED_WORKERS) {
        const error = new JobKillsWorkersError(
          `Job ${job.plan.rule} ${job.plan.id} took down ${job.killed.length} workers (${job.killed.join(", ")}): it may need more memory, or it ends its process.`,
          { job: job.plan.id, workers: job.killed },
        );
        this.#fail(job, toWireError(error), "took down its last worker");
      } else this.#makeReady(job, `worker ${id} died`);
    }
    this.#recoverLost();
  }

  /** Whatever an unfinished job needs and nobody has any more is run again. */
  #recoverLost(): void {
    for (const job of this.#jobs.values()) {
      if (job.state === "waiting" || job.state === "ready") for (const input of job.plan.inputs) this.#want(input);
    }
  }

  #inputsMissing(event: Extract<SchedulerEvent, { kind: "inputsMissing" }>): void {
    this.#release(event.worker);
    for (const id of event.inputs) this.#jobs.get(id)?.hosts.delete(event.host);
    const job = this.#jobs.get(event.job);
    if (job?.state !== "running") return;
    job.worker = undefined;
    this.#makeReady(job, "its inputs were not where they should be");
    this.#recoverLost();
  }

  #failAllWaiting(): void {
    const error = toWireError(
      new NoWorkersError("Jobs wait and there is no worker: start one with `graphvm start-worker`.", {}),
    );
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
      this.#instructions.push({ kind: "run", worker: worker.id, job: job.plan.id, inputs });
    }
  }
}

const isOver = (state: JobState): boolean => state === "done" || state === "failed";
