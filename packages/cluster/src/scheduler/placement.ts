import { labelsText } from "../labels.js";
import type { Board } from "./board.js";
import { backlog, transferSeconds } from "./expected.js";
import type { Job } from "./job.js";
import type { WorkerEntry } from "./worker.js";

/** Where a job is to run, and why there. */
export interface Choice {
  readonly worker: WorkerEntry;
  readonly why: string;
}

/** The input whose value lies in one worker only; the job can run nowhere else. */
export function pinOf(board: Board, job: Job): Job | undefined {
  const pin = job.plan.pin === undefined ? undefined : board.job(job.plan.pin);
  return pin?.plan.noCopy ? pin : undefined;
}

/**
 * Where a job runs: with the value it is pinned to; else, of those with its labels, where it runs already, because that one came
 * back to a new master in the middle of it; else where it can begin soonest, counting
 * what must be fetched first and what stands before it, last where its value could not be fetched from; then on the worker
 * that has most of its inputs; then on one with few labels, which others may need; then on the one that finished fewest
 * jobs. Undefined where it must wait.
 */
export function chooseWorker(board: Board, job: Job, free: ReadonlySet<WorkerEntry>): Choice | undefined {
  const { on } = job.plan;
  const pin = pinOf(board, job);
  let best: Offer | undefined;
  let count = 0;
  let total = 0;
  for (const id of job.plan.inputs) total += board.job(id).size;
  for (const worker of free) {
    if (pin ? worker.id !== pin.holder : on && !worker.has(on)) continue;
    // what was taken back from it is not given again before it has answered
    if (worker.queue.includes(job.plan.id)) continue;
    count++;
    const bytes = bytesAt(board, job, worker);
    const wait = worker.queue.length === 0 ? 0 : (backlog(board, worker) ?? Number.POSITIVE_INFINITY);
    const avoided = worker.host === job.avoid;
    const computing = worker.computing.has(job.plan.id);
    const offer = { worker, bytes, wait, avoided, computing, cost: wait + transferSeconds(total - bytes) };
    if (!best || isBetter(offer, best)) best = offer;
  }
  return (
    best && {
      worker: best.worker,
      why: pin ? `it holds ${pin.plan.rule} ${pin.plan.id}, which is never copied` : reason(best, count, total, job),
    }
  );
}

interface Offer {
  readonly worker: WorkerEntry;
  /** Of the job's inputs that its process has. */
  readonly bytes: number;
  /** What stands before it, in seconds. */
  readonly wait: number;
  readonly cost: number;
  /** Its value could not be fetched from there. */
  readonly avoided: boolean;
  /** It has begun. */
  readonly computing: boolean;
}

function isBetter(a: Offer, b: Offer): boolean {
  if (a.computing !== b.computing) return a.computing;
  if (a.avoided !== b.avoided) return b.avoided;
  if (a.cost !== b.cost) return a.cost < b.cost;
  if (a.bytes !== b.bytes) return a.bytes > b.bytes;
  const labels = (each: Offer): number => Object.keys(each.worker.labels).length;
  if (labels(a) !== labels(b)) return labels(a) < labels(b);
  return a.worker.finished < b.worker.finished;
}

/** How many bytes of a job's inputs lie in a worker's process. */
export function bytesAt(board: Board, job: Job, worker: WorkerEntry): number {
  let bytes = 0;
  for (const id of job.plan.inputs) {
    const input = board.job(id);
    if (input.hosts.has(worker.host)) bytes += input.size;
  }
  return bytes;
}

function reason({ bytes, wait, worker, computing }: Offer, count: number, total: number, { plan }: Job): string {
  if (computing) return "it computes it already";
  const labels = plan.on ? ` with ${labelsText(plan.on)}` : "";
  const inputs = total === 0 ? "" : ` and has ${bytes} of ${total} bytes of its inputs`;
  if (count === 1) return `the only free worker${labels}${inputs}`;
  const what = wait === 0 ? `has nothing to do` : `has ${wait.toFixed(4)} s to do before`;
  return `of ${count} free workers${labels} it ${what}${inputs}${total === 0 ? `, and finished ${worker.finished} jobs` : ""}`;
}
