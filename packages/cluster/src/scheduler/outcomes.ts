import type { Board } from "./board.js";
import { failJob } from "./failing.js";
import { neverFound, otherBytes, tookTooLong } from "./give-up.js";
import type { Job } from "./job.js";
import { recoverLost, release, runAgain } from "./lineage.js";
import { pinOf } from "./placement.js";
import { freeWorker } from "./queues.js";
import type { SchedulerEvent } from "./types.js";
import { stopWorker } from "./workers.js";

// How runs of jobs end. Believed of the worker that has the job and of nobody else: late and repeated news change nothing.

type Event<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** A job whose inputs could not be fetched this often is given up: workers may be unable to reach each other. */
export const MAX_MISSES = 20;

export function finished(board: Board, event: Event<"finished">): void {
  const { worker: id, job: jobId, digest, size, seconds } = event;
  const job = endRun(board, id, jobId);
  if (!job) return;
  if (job.digest !== undefined && job.digest !== digest) {
    failJob(board, job, otherBytes(job, digest), "other bytes than before");
    return;
  }
  const worker = board.workers.get(id)!;
  worker.finished++;
  job.digest = digest;
  job.size = size;
  job.attempts = 0;
  job.cancel = undefined;
  if (job.plan.noCopy) job.holder = id;
  else job.hosts.add(worker.host);
  if (seconds !== undefined) board.durations.add(job.plan.rule, seconds);
  const took = seconds === undefined ? "" : ` in ${seconds.toFixed(4)} s`;
  board.move(job, "done", `finished on ${id}${took}`);
  board.tell({ kind: "done", job: jobId });
  release(board, job);
}

/** A worker came to the end of a job; the job, where it is the one that worker has. */
function endRun(board: Board, worker: string, id: string): Job | undefined {
  const job = board.givenTo(id, worker);
  // news of a job before news of those that stood before it: it had begun
  if (job?.state === "queued") board.move(job, "running", `its turn came on ${worker}`);
  if (job) job.stealing = false;
  freeWorker(board, worker, id);
  return job;
}

/** An atom threw, or the job ended because it was told to. */
export function failed(board: Board, { worker, job: id, error }: Event<"failed">): void {
  const job = endRun(board, worker, id);
  if (!job) return;
  if (job.cancel) runAgain(board, job, "it was cancelled, and dispatched again");
  else if (job.attempts++ < (job.limits.retries ?? 0)) runAgain(board, job, "it threw and is tried again");
  else failJob(board, job, error, "it threw");
}

export function timedOut(board: Board, { worker, job: id }: Event<"timedOut">): void {
  const job = board.givenTo(id, worker);
  if (job?.state !== "running") return;
  stopWorker(board, worker);
  if (job.attempts++ < (job.limits.retries ?? 0)) runAgain(board, job, "it took too long and is tried again");
  else failJob(board, job, tookTooLong(job), "it took too long");
  recoverLost(board);
}

/**
 * A value could not be fetched from there, and made there again it would be missed again: another process is better. Where the job is
 * pinned to a value that is never copied, that is to be made elsewhere too.
 */
function avoid(board: Board, job: Job, host: string): void {
  job.hosts.delete(host);
  job.avoid = host;
  const pin = pinOf(board, job);
  if (!pin || pin.holder === undefined || board.workers.get(pin.holder)?.host !== host) return;
  pin.holder = undefined;
  avoid(board, pin, host);
}

/** Whoever asked for it could not have it from there: that copy counts no more. The job runs again elsewhere, if it can. */
export function unfetched(board: Board, { job: id, host, worker }: Event<"unfetched">): void {
  const job = board.jobs.get(id);
  if (job?.state !== "done") return;
  if (host !== undefined) avoid(board, job, host);
  if (worker !== undefined) {
    job.avoid = board.workers.get(worker)?.host;
    if (job.worker === worker) job.worker = undefined;
    if (job.holder === worker) job.holder = undefined;
  }
  recoverLost(board);
}

/** The worker did not run the job: that copy of its inputs counts no more. */
export function inputsMissing(board: Board, { worker, job: id, inputs, host }: Event<"inputsMissing">): void {
  const job = endRun(board, worker, id);
  if (!job) return;
  for (const input of inputs) {
    const made = board.jobs.get(input);
    if (made) avoid(board, made, host);
  }
  if (++job.misses < MAX_MISSES) runAgain(board, job, `its inputs were not at ${host || "the master"}`);
  else failJob(board, job, neverFound(job, inputs, host), "never found its inputs");
  recoverLost(board);
}
