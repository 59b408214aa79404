import type { Board } from "./board.js";
import type { WorkerEntry } from "./worker.js";

/** A worker that has this much to do, in seconds, is given nothing more: it would only wait there. */
const AHEAD_SECONDS = 0.02;
/** How many jobs may stand behind the one that a worker runs. */
const AHEAD_JOBS = 32;
/** A worker with more than so many behind the one it runs is not given others yet: they travel together, and wake it once. */
const REFILL_AT = 16;
/** What a transfer between processes is taken to bring, in bytes a second. */
const BYTES_PER_SECOND = 500_000_000;

/** How long jobs of each rule took, as their workers measured. An estimate: it decides where a job runs, and reaches no value. */
export class Durations {
  readonly #rules = new Map<string, { count: number; seconds: number }>();

  add(rule: string, seconds: number): void {
    if (!(seconds >= 0 && Number.isFinite(seconds))) return;
    const known = this.#rules.get(rule) ?? { count: 0, seconds: 0 };
    known.count++;
    known.seconds += seconds;
    this.#rules.set(rule, known);
  }

  /** The mean of a rule's jobs; undefined where none has finished. */
  of(rule: string): number | undefined {
    const known = this.#rules.get(rule);
    return known && known.seconds / known.count;
  }
}

/** What a worker has to do before it gets to another job, in seconds; undefined where nobody knows. */
export function backlog(board: Board, worker: WorkerEntry): number | undefined {
  let seconds = 0;
  for (const id of worker.queue) {
    const job = board.jobs.get(id);
    const expected = job && board.durations.of(job.plan.rule);
    if (expected === undefined) return undefined;
    seconds += expected;
  }
  return seconds;
}

/** Whether a worker may be given another job: it has none, or short ones only, so that the next need not travel when they end. */
export function hasRoom(board: Board, worker: WorkerEntry, behind = AHEAD_JOBS): boolean {
  if (worker.state === "idle") return true;
  if (worker.state !== "running" || worker.queue.length > behind) return false;
  const seconds = backlog(board, worker);
  return seconds !== undefined && seconds < AHEAD_SECONDS;
}

/** Whether it is time to give a worker jobs again, as many as it has room for. */
export function wantsMore(board: Board, worker: WorkerEntry): boolean {
  return hasRoom(board, worker, REFILL_AT);
}

/** How long so many bytes take from one process to another, in seconds. */
export const transferSeconds = (bytes: number): number => bytes / BYTES_PER_SECOND;
