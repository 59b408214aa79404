import type { Board } from "./board.js";
import { failJob, failWithInput } from "./failing.js";
import { wasCancelled } from "./give-up.js";
import type { Job } from "./job.js";

// Which values are there, which are needed, and what runs again where the one does not cover the other.

/** Decides where a waiting job goes: to the ready ones where nothing is missing, or down with a failed input. */
export function settle(board: Board, job: Job): void {
  if (job.state !== "waiting" || failWithInput(board, job)) return;
  job.missing = countMissing(board, job);
  if (job.missing === 0) board.move(job, "ready", "all inputs are done");
}

/**
 * A job whose value is needed: run again where it was lost, and below it whatever was lost with it.
 *
 * @param inside What is needed lies in the worker that ran it: also where only that one is gone.
 */
export function want(board: Board, id: string, inside = false): void {
  const lost: Job[] = [];
  const stack = [id];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const job = board.jobs.get(next);
    if (job?.state !== "done" || board.returning) continue;
    if (isAvailable(job) && !(inside && next === id && !hasWorker(board, job))) continue;
    board.move(job, "waiting", "its value was lost and is needed");
    for (const dependent of job.dependents) withdraw(board, board.job(dependent));
    lost.push(job);
    for (const input of job.plan.inputs) stack.push(input);
  }
  for (const job of lost) settle(board, job);
}

/** A job that did not get to its end runs again once it has its inputs. */
export function runAgain(board: Board, job: Job, why: string): void {
  const { cancel } = job;
  job.cancel = undefined;
  if (cancel === "asked") {
    failJob(board, job, wasCancelled(job), "it was cancelled");
    return;
  }
  job.worker = undefined;
  job.stealing = false;
  if (job.digest !== undefined && isAvailable(job)) {
    board.move(job, "done", `${why}, and another worker came back with its value`);
    board.tell({ kind: "done", job: job.plan.id });
    release(board, job);
    return;
  }
  for (const id of job.plan.inputs) want(board, id);
  if (failWithInput(board, job)) return;
  job.missing = countMissing(board, job);
  board.move(job, job.missing === 0 ? "ready" : "waiting", why);
}

/** Whatever an unfinished job needs and nobody has any more is run again. */
export function recoverLost(board: Board): void {
  for (const job of board.jobs.values()) {
    if (job.state === "waiting" || job.state === "ready") for (const input of job.plan.inputs) want(board, input);
  }
}

/** What waited for a job that is done now. */
export function release(board: Board, job: Job): void {
  for (const id of job.dependents) {
    const dependent = board.job(id);
    if (dependent.state === "waiting" && --dependent.missing === 0)
      board.move(dependent, "ready", "all inputs are done");
  }
}

/** A job that waits for one input more, or was about to run and waits again. */
function withdraw(board: Board, job: Job): void {
  if (job.state === "waiting") job.missing++;
  if (job.state !== "ready") return;
  board.move(job, "waiting", "an input was lost");
  job.missing = countMissing(board, job);
}

/** Whether the worker is there in which its nodes lie. */
function hasWorker(board: Board, { plan, holder, worker }: Job): boolean {
  const has = plan.noCopy ? holder : worker;
  return has !== undefined && board.workers.has(has);
}

function countMissing(board: Board, job: Job): number {
  return job.plan.inputs.filter((id) => board.job(id).state !== "done").length;
}

/** Whether somebody has its value. */
export function isAvailable(job: Job): boolean {
  return job.plan.noCopy ? job.holder !== undefined : job.hosts.size > 0;
}
