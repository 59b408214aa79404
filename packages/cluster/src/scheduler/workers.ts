import type { Board } from "./board.js";
import { failJob } from "./failing.js";
import { killsWorkers, otherBytes } from "./give-up.js";
import type { Job } from "./job.js";
import { isAvailable, recoverLost, release, runAgain } from "./lineage.js";
import type { HeldValue, SchedulerEvent } from "./types.js";
import { WorkerEntry } from "./worker.js";

// Workers that come, go, and are stopped.

type Event<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** A job that took down this many workers is given up. */
export const MAX_KILLED_WORKERS = 3;

export function workerJoined(
  board: Board,
  { worker, host, labels, held = [], running, was }: Event<"workerJoined">,
): void {
  board.workers.set(worker, new WorkerEntry(worker, host, labels, running));
  if (was !== undefined) forgive(board, was, host);
  for (const value of held) takeHeld(board, value, worker, host);
}

/** Whoever wanted to come back has done so: what is lost now stays lost. */
export function returned(board: Board): void {
  board.returning = false;
  recoverLost(board);
}

/** A worker has values that nobody was told of. */
export function brought(board: Board, { worker, host, held }: Event<"brought">): void {
  for (const value of held) takeHeld(board, value, worker, host);
}

export function workerLeft(board: Board, { worker: id, hostLost, reason, orderly }: Event<"workerLeft">): void {
  const worker = board.workers.get(id);
  if (!worker) return;
  worker.move("gone", orderly ? "it left" : (reason ?? "its link ended"));
  board.workers.delete(id);
  board.draining.delete(worker);
  for (const job of board.jobs.values()) {
    if (job.holder === id) job.holder = undefined;
    if (hostLost) job.hosts.delete(worker.host);
  }
  for (const jobId of worker.queue.splice(0)) {
    const job = board.givenTo(jobId, id);
    if (job && orderly) runAgain(board, job, `worker ${id} left before its end`);
    else if (job?.state === "running") tookDown(board, job, worker, reason);
    else if (job) runAgain(board, job, `worker ${id} died before it began`);
  }
  recoverLost(board);
}

/** What computes in the worker is killed; values that lie in it alone go with that. One that leaves goes on leaving. */
export function stopWorker(board: Board, id: string): void {
  const worker = board.workers.get(id)!;
  if (worker.state !== "draining") worker.move("stopping", "what computes in it is killed");
  for (const job of board.jobs.values()) if (job.holder === id) job.holder = undefined;
  board.tell({ kind: "stop", worker: id });
  for (const jobId of worker.queue.splice(0)) {
    const job = board.givenTo(jobId, id);
    if (job?.state === "queued") runAgain(board, job, `${id} was stopped before it began`);
  }
}

/** The worker has another thread and takes jobs again. */
export function stopped(board: Board, id: string): void {
  const worker = board.workers.get(id);
  if (worker?.state !== "stopping") return;
  worker.move("idle", "it has another thread");
}

/** No job took down a worker that is here again. */
function forgive(board: Board, was: string, host: string): void {
  for (const job of board.jobs.values())
    if (job.killed.length > 0) job.killed = job.killed.filter((each) => each.worker !== was || each.host !== host);
}

function tookDown(board: Board, job: Job, { id: worker, host }: WorkerEntry, reason: string | undefined): void {
  job.killed.push({ worker, host });
  if (job.killed.length < MAX_KILLED_WORKERS)
    runAgain(board, job, reason ? `worker ${worker} died: ${reason}` : `worker ${worker} died`);
  else failJob(board, job, killsWorkers(job, reason), "took down its last worker");
}

/** What workers have of a job that was submitted just now. */
export function claim(board: Board, id: string): void {
  for (const { id: worker, host, unclaimed } of board.workers.values()) {
    const value = unclaimed.get(id);
    if (value && unclaimed.delete(id)) takeHeld(board, value, worker, host);
  }
}

/** A value that a worker brings along: its job need not run, unless other bytes are known of it. */
function takeHeld(board: Board, value: HeldValue, worker: string, host: string): void {
  const { job: id, digest, size } = value;
  const job = board.jobs.get(id);
  if (!job) board.workers.get(worker)?.unclaimed.set(id, value);
  if (!job || job.state === "failed") return;
  if (job.digest !== undefined && job.digest !== digest) {
    failJob(board, job, otherBytes(job, digest), `${worker} has other bytes`);
    return;
  }
  job.digest = digest;
  job.size = size;
  // it may be the one that ran the job, under the name it had before
  if (job.worker === undefined || !board.workers.has(job.worker)) job.worker = worker;
  if (!job.plan.noCopy) job.hosts.add(host);
  else if (board.workers.has(worker)) job.holder ??= worker;
  if (!isAvailable(job)) return;
  if (job.state !== "waiting" && job.state !== "ready") return;
  board.move(job, "done", `${worker} has its value`);
  board.tell({ kind: "done", job: id });
  release(board, job);
}
