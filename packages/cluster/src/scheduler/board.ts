import { Durations } from "./expected.js";
import type { Job } from "./job.js";
import { ReadyJobs } from "./ready-jobs.js";
import type { Instruction, JobState } from "./types.js";
import type { WorkerEntry } from "./worker.js";

/** What the scheduler knows: its jobs and workers, what is ready, and what is to be done. Its rooms work on this. */
export class Board {
  readonly jobs = new Map<string, Job>();
  readonly workers = new Map<string, WorkerEntry>();
  /** Workers that leave and have not been let go. */
  readonly draining = new Set<WorkerEntry>();
  readonly ready = new ReadyJobs();
  /** How many jobs are in each state. */
  readonly counts: { [state in JobState]: number } = {
    waiting: 0,
    ready: 0,
    queued: 0,
    running: 0,
    done: 0,
    failed: 0,
  };
  /** By rule, jobs that are neither done nor failed. */
  readonly unfinished = new Map<string, number>();
  /** No job starts any more. */
  held = false;
  /** Workers of the master before this one may be on their way here with what they hold: nothing is run, nothing is lost yet. */
  returning: boolean;
  readonly durations = new Durations();
  #instructions: Instruction[] = [];
  #entered = 0;

  constructor(returning: boolean) {
    this.returning = returning;
  }

  /** A job that is known: inputs of known jobs always are. */
  job(id: string): Job {
    return this.jobs.get(id)!;
  }

  /** The place of a new job in submission order. */
  nextOrder(): number {
    return this.#entered++;
  }

  /** A job that is new, or gets another chance. */
  enter(job: Job): void {
    if (this.jobs.get(job.plan.id)) this.counts.failed--;
    this.jobs.set(job.plan.id, job);
    this.counts.waiting++;
    this.#countUnfinished(job, 1);
  }

  /** Every change of a job's state comes through here. */
  move(job: Job, to: JobState, why: string): void {
    const before = job.state;
    job.move(to, why);
    this.counts[before]--;
    this.counts[to]++;
    if (before === "done") this.#countUnfinished(job, 1);
    if (to === "done" || to === "failed") this.#countUnfinished(job, -1);
    if (before === "ready") this.ready.delete(job);
    if (to === "ready") this.ready.add(job);
  }

  #countUnfinished({ plan: { rule } }: Job, by: number): void {
    const count = (this.unfinished.get(rule) ?? 0) + by;
    if (count === 0) this.unfinished.delete(rule);
    else this.unfinished.set(rule, count);
  }

  /** The job where that worker has it, running or in its queue: what a worker says of any other is late news. */
  givenTo(id: string, worker: string): Job | undefined {
    const job = this.jobs.get(id);
    return job && isGiven(job) && job.worker === worker ? job : undefined;
  }

  tell(instruction: Instruction): void {
    this.#instructions.push(instruction);
  }

  /** What was told since the last time. */
  take(): Instruction[] {
    const taken = this.#instructions;
    this.#instructions = [];
    return taken;
  }
}

/** Whether a worker has the job. */
export const isGiven = ({ state }: Job): boolean => state === "running" || state === "queued";
