import type { Board } from "./board.js";
import { Job } from "./job.js";
import { settle, want } from "./lineage.js";
import type { JobLimits, JobPlan, SchedulerEvent } from "./types.js";

/** New jobs wait for their inputs; known ones keep what they have; failed ones get another chance. */
export function submitted(board: Board, event: Extract<SchedulerEvent, { kind: "submitted" }>): void {
  const { jobs, limits = {}, digests } = event;
  const fresh = jobs.map((plan) => enter(board, plan, limits, digests?.get(plan.id)));
  for (const job of fresh) if (job) admit(board, job);
}

/** A job that is new, or that failed and gets another chance: what it gave before must come out again. */
function enter(board: Board, plan: JobPlan, limits: JobLimits, digest: string | undefined): Job | undefined {
  const known = board.jobs.get(plan.id);
  if (known && known.state !== "failed") {
    // what this dispatch says holds from the job's next start; what it leaves open stays as it was
    known.limits = { ...known.limits, ...limits };
    if (known.cancel) known.cancel = "taken back";
    known.digest ??= digest;
    return undefined;
  }
  const job = new Job(plan, board.nextOrder());
  job.limits = limits;
  job.digest = digest;
  if (known) {
    job.digest = known.digest ?? digest;
    for (const id of known.dependents) job.dependents.add(id);
  }
  board.enter(job);
  return job;
}

/** Links a new job to its inputs. */
function admit(board: Board, job: Job): void {
  job.story.add("submitted");
  for (const id of job.plan.inputs) {
    board.job(id).dependents.add(job.plan.id);
    want(board, id);
  }
  settle(board, job);
}
