import type { Board } from "./board.js";
import { failJob } from "./failing.js";
import { Job } from "./job.js";
import { settle, want } from "./lineage.js";
import type { Ended, JobLimits, JobPlan, SchedulerEvent } from "./types.js";
import { claim } from "./workers.js";

/** New jobs wait for their inputs; known ones keep what they have; failed ones get another chance. */
export function submitted(board: Board, event: Extract<SchedulerEvent, { kind: "submitted" }>): void {
  const { jobs, limits = {}, digests, ended } = event;
  const again = new Set(jobs.filter(({ id }) => board.jobs.has(id)).map(({ id }) => id));
  const fresh = jobs.map((plan) => enter(board, plan, limits, digests?.get(plan.id)));
  // one that failed and is dispatched again gets its chance, also under another master
  for (const job of fresh) if (job) admit(board, job, again.has(job.plan.id) ? undefined : ended?.get(job.plan.id));
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

/** Links a new job to its inputs. One that ended before needs none of them, until its value is wanted. */
function admit(board: Board, job: Job, ended: Ended | undefined): void {
  job.story.add("submitted");
  for (const id of job.plan.inputs) board.job(id).dependents.add(job.plan.id);
  if (ended && "digest" in ended) {
    job.digest = ended.digest;
    job.size = ended.size;
    board.move(job, "done", "it was done under the master before");
  } else if (ended) failJob(board, job, ended.error, "it failed under the master before");
  else {
    for (const id of job.plan.inputs) want(board, id);
    settle(board, job);
  }
  claim(board, job.plan.id);
}
