import type { Board } from "./board.js";
import { transferSeconds } from "./expected.js";
import type { Job } from "./job.js";
import { runAgain } from "./lineage.js";
import { bytesAt, pinOf } from "./placement.js";
import type { SchedulerEvent } from "./types.js";
import type { WorkerEntry } from "./worker.js";

// What stands in workers' queues: the first runs, the others wait for their turn or are taken back.

/** A job whose inputs can be fetched in less than this, in seconds, may be taken from one worker for another. */
const CHEAP_TRANSFER = 0.002;

/** A job begins to run where it was given. */
export function begin(board: Board, job: Job, why: string): void {
  const { timeout } = job.limits;
  board.move(job, "running", why);
  const limit = timeout === undefined ? {} : { timeout };
  board.tell({ kind: "begin", worker: job.worker!, job: job.plan.id, ...limit });
}

/** A worker has said what became of a job: whatever stands behind it begins. Of any other job it is late news. */
export function freeWorker(board: Board, id: string, job: string): void {
  const worker = board.workers.get(id);
  const at = worker?.queue.indexOf(job) ?? -1;
  if (!worker || at < 0) return;
  worker.queue.splice(at, 1);
  if (worker.queue.length === 0) {
    if (worker.state !== "draining") worker.move("idle", `its last job ${job} ended`);
  } else if (at === 0) beginNext(board, worker);
}

/** What was taken back, and whose answer is awaited, may have begun: then nothing else has. */
function beginNext(board: Board, worker: WorkerEntry): void {
  const next = board.jobs.get(worker.queue[0]!);
  if (next?.state === "queued" && next.worker === worker.id) begin(board, next, `its turn came on ${worker.id}`);
}

/** The worker gave a job back that had not begun. */
export function gaveBack(
  board: Board,
  { worker: id, job: jobId }: Extract<SchedulerEvent, { kind: "gaveBack" }>,
): void {
  const job = board.givenTo(jobId, id);
  freeWorker(board, id, jobId);
  if (!job) return;
  runAgain(board, job, `${id} gave it back before it began`);
}

/** No job begins any more: what stands in queues is taken back. */
export function hold(board: Board): void {
  board.held = true;
  for (const { queue } of board.workers.values()) {
    for (const id of queue) {
      const job = board.jobs.get(id);
      if (job?.state !== "queued" || job.stealing) continue;
      job.stealing = true;
      board.tell({ kind: "unrun", worker: job.worker!, job: id });
    }
  }
}

/** Workers that have nothing to do take what stands behind others. */
export function steal(board: Board): void {
  if (board.held || board.counts.queued === 0) return;
  const workers = [...board.workers.values()];
  const idle = workers.filter((worker) => worker.state === "idle");
  if (idle.length === 0) return;
  // what was asked for is on its way to one of them
  const asked = workers.flatMap(({ queue }) => queue).filter((id) => board.jobs.get(id)?.stealing).length;
  for (const thief of idle.slice(asked)) {
    const job = findPrey(board, thief);
    if (!job) continue;
    job.stealing = true;
    job.story.add(`taken back from ${job.worker}: ${thief.id} has nothing to do`);
    board.tell({ kind: "unrun", worker: job.worker!, job: job.plan.id });
  }
}

/** The last job of the longest queue that may as well run on that worker. */
function findPrey(board: Board, thief: WorkerEntry): Job | undefined {
  const victims = [...board.workers.values()].sort((a, b) => b.queue.length - a.queue.length);
  for (const victim of victims) {
    for (let at = victim.queue.length - 1; at > 0; at--) {
      const job = board.jobs.get(victim.queue[at]!);
      if (job?.state === "queued" && job.worker === victim.id && !job.stealing && mayMove(board, job, thief))
        return job;
    }
  }
  return undefined;
}

function mayMove(board: Board, job: Job, to: WorkerEntry): boolean {
  // it would be given to another again
  if (to.host === job.avoid) return false;
  if (pinOf(board, job) || to.queue.includes(job.plan.id) || (job.plan.on && !to.has(job.plan.on))) return false;
  let total = 0;
  for (const id of job.plan.inputs) total += board.job(id).size;
  return transferSeconds(total - bytesAt(board, job, to)) < CHEAP_TRANSFER;
}
