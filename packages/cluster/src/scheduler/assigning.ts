import type { Labels } from "@graphvm/engine";
import type { Board } from "./board.js";
import type { Job } from "./job.js";
import { chooseWorker } from "./placement.js";
import type { WorkerEntry } from "./worker.js";

/** Gives ready jobs to idle workers, earlier jobs first. */
export function assign(board: Board): void {
  if (board.held) return;
  const idle = new Set([...board.workers.values()].filter((worker) => worker.state === "idle"));
  if (idle.size === 0 || board.ready.size === 0) return;
  const isOpen = (on: Labels | undefined): boolean => {
    if (on === undefined) return idle.size > 0;
    for (const worker of idle) if (worker.has(on)) return true;
    return false;
  };
  for (const job of board.ready.list(isOpen)) {
    const worker = chooseWorker(job, idle, (id) => board.job(id));
    if (!worker) continue;
    idle.delete(worker);
    give(board, job, worker);
  }
}

function give(board: Board, job: Job, worker: WorkerEntry): void {
  const { id } = job.plan;
  worker.job = id;
  worker.move("running", `it was given ${job.plan.rule} ${id}`);
  job.worker = worker.id;
  board.move(job, "running", `given to ${worker.id}`);
  const inputs = job.plan.inputs.map((input) => ({ id: input, hosts: [...board.job(input).hosts] }));
  const { timeout } = job.limits;
  board.tell({
    kind: "run",
    worker: worker.id,
    job: id,
    inputs,
    ...(timeout === undefined ? {} : { timeout }),
  });
}
