import type { Board } from "./board.js";
import { failJob } from "./failing.js";
import { noWorkers, wasCancelled } from "./give-up.js";
import { stopWorker } from "./workers.js";

/** Whatever is not done ends: what waits at once, what runs when it can, or by force. */
export function cancelAll(board: Board, force: boolean): void {
  for (const job of board.jobs.values()) {
    if (job.state === "done" || job.state === "failed") continue;
    if (job.state === "running" && !force) {
      job.cancel = "asked";
      board.tell({ kind: "abort", worker: job.worker!, job: job.plan.id });
      continue;
    }
    if (job.state === "running") stopWorker(board, job.worker!);
    failJob(board, job, wasCancelled(job), "it was cancelled");
  }
}

/** Nobody came to run them. */
export function failAllReady(board: Board): void {
  const error = noWorkers();
  for (const job of board.jobs.values()) {
    if (job.state === "ready") failJob(board, job, error, "no worker came");
  }
}
