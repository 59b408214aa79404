import type { Board } from "./board.js";
import type { Job } from "./job.js";
import type { SchedulerEvent } from "./types.js";
import type { WorkerEntry } from "./worker.js";

// Workers that leave in order: what they run ends, what only they have is copied where it is needed, then they may go.

type Event<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** So many values of a worker that leaves are copied at a time. */
const COPIES = 4;

/** The worker gets no more jobs, and gives back by itself what it has not begun. */
export function leaving(board: Board, { worker: id }: Event<"leaving">): void {
  const worker = board.workers.get(id);
  if (!worker || worker.state === "draining") return;
  worker.move("draining", "it said that it leaves");
  board.draining.add(worker);
}

/** A value of a worker that leaves lies elsewhere too, or could not be brought there: then it is computed again. */
export function copied(board: Board, { worker: id, job: jobId, host }: Event<"copied">): void {
  board.workers.get(id)?.handing?.asked.delete(jobId);
  const job = board.jobs.get(jobId);
  if (host !== undefined && job?.state === "done") job.hosts.add(host);
}

/** Lets workers go that have nothing to do any more and nothing to hand over. */
export function letGo(board: Board): void {
  for (const worker of board.draining) {
    if (worker.queue.length > 0) continue;
    worker.handing ??= { jobs: neededFrom(board, worker), asked: new Set() };
    handOver(board, worker, worker.handing);
    if (worker.handing.asked.size > 0) continue;
    board.draining.delete(worker);
    board.tell({ kind: "release", worker: worker.id });
  }
}

/** Done jobs whose value no other process has, and that somebody waits for or may ask for. */
function neededFrom(board: Board, { host }: WorkerEntry): Job[] {
  const stays = [...board.workers.values()].some((other) => other.host === host && other.state !== "draining");
  if (stays) return [];
  return [...board.jobs.values()].filter(
    (job) => job.state === "done" && job.hosts.size === 1 && job.hosts.has(host) && isNeeded(board, job),
  );
}

/** A result that nothing is made of may be asked for; any other value only by what is made of it. */
function isNeeded(board: Board, job: Job): boolean {
  for (const id of job.dependents) {
    const { state } = board.job(id);
    if (state !== "done" && state !== "failed") return true;
  }
  return job.dependents.size === 0;
}

function handOver(board: Board, from: WorkerEntry, { jobs, asked }: NonNullable<WorkerEntry["handing"]>): void {
  while (asked.size < COPIES) {
    const job = jobs.pop();
    if (!job) return;
    const to = takerOf(board, job, from);
    if (!to || job.state !== "done") continue;
    asked.add(job.plan.id);
    to.taken += job.size;
    job.story.add(`${from.id} leaves: copied to ${to.id}`);
    board.tell({ kind: "copy", worker: from.id, job: job.plan.id, hosts: [...job.hosts], to: to.id });
  }
}

/** Of the processes that the value may go to, the one that took least. */
function takerOf(board: Board, { plan: { bound } }: Job, from: WorkerEntry): WorkerEntry | undefined {
  let best: WorkerEntry | undefined;
  for (const worker of board.workers.values()) {
    if (worker.state === "draining" || worker.host === from.host) continue;
    if (bound !== undefined && worker.labels.plane !== bound) continue;
    if (!best || worker.taken < best.taken) best = worker;
  }
  return best;
}
