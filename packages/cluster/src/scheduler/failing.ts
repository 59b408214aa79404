import type { WireError } from "@graphvm/engine";
import { type Board, isGiven } from "./board.js";
import type { Job } from "./job.js";

/** Fails a job with everything that waits for it. */
export function failJob(board: Board, job: Job, error: WireError, why: string): void {
  const stack = [job];
  for (let each = stack.pop(); each; each = stack.pop()) {
    if (each.state === "failed") continue;
    // what is done or runs already has its inputs
    if ((each.state === "done" || isGiven(each)) && each !== job) continue;
    each.error = error;
    board.move(each, "failed", each === job ? why : `${job.plan.rule} ${job.plan.id} failed`);
    board.tell({ kind: "jobFailed", job: each.plan.id, error });
    for (const id of each.dependents) stack.push(board.job(id));
  }
}

/** Fails a job that has a failed input. */
export function failWithInput(board: Board, job: Job): boolean {
  const failed = job.plan.inputs.find((id) => board.job(id).state === "failed");
  if (failed === undefined) return false;
  failJob(board, job, board.job(failed).error!, `input ${failed} failed`);
  return true;
}
