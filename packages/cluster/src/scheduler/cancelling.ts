import { type Board, isGiven } from "./board.js";
import { failJob } from "./failing.js";
import { noWorkers, wasCancelled } from "./give-up.js";
import type { Job } from "./job.js";
import type { WorkerEntry } from "./worker.js";
import { stopWorker } from "./workers.js";

/** Whatever is not done ends: what waits at once, what a worker has when it can, or by force. */
export function cancelAll(board: Board, force: boolean): void {
  if (force) for (const worker of board.workers.values()) if (worker.queue.length > 0) stopRunning(board, worker);
  for (const job of board.jobs.values()) {
    if (job.state === "done" || job.state === "failed") continue;
    if (isGiven(job) && !force) askToEnd(board, job);
    else failJob(board, job, wasCancelled(job), "it was cancelled");
  }
}

/** What it runs fails; what stands behind that is ready again, and fails with all that is. */
function stopRunning(board: Board, worker: WorkerEntry): void {
  const job = board.givenTo(worker.job!, worker.id);
  stopWorker(board, worker.id);
  if (job) failJob(board, job, wasCancelled(job), "it was cancelled");
}

function askToEnd(board: Board, job: Job): void {
  job.cancel = "asked";
  const to = { worker: job.worker!, job: job.plan.id };
  if (job.state === "running") board.tell({ kind: "abort", ...to });
  else if (!job.stealing) board.tell({ kind: "unrun", ...to });
}

/** Nobody came to run them. */
export function failAllReady(board: Board): void {
  const error = noWorkers();
  for (const job of board.jobs.values()) {
    if (job.state === "ready") failJob(board, job, error, "no worker came");
  }
}
