import type { Labels } from "@graphvm/engine";
import type { Board } from "./board.js";
import { hasRoom, wantsMore } from "./expected.js";
import type { Job } from "./job.js";
import { type Choice, chooseWorker } from "./placement.js";
import { begin } from "./queues.js";

/** Gives ready jobs to workers that are free or will be soon, earlier jobs first. */
export function assign(board: Board): void {
  if (board.held || board.ready.size === 0) return;
  const free = new Set([...board.workers.values()].filter((worker) => wantsMore(board, worker)));
  const isOpen = (on: Labels | undefined): boolean => {
    if (on === undefined) return free.size > 0;
    for (const worker of free) if (worker.has(on)) return true;
    return false;
  };
  for (const job of board.ready.list(isOpen)) {
    const choice = chooseWorker(board, job, free);
    if (!choice) continue;
    give(board, job, choice);
    if (!hasRoom(board, choice.worker)) free.delete(choice.worker);
  }
}

function give(board: Board, job: Job, { worker, why }: Choice): void {
  const { id, rule } = job.plan;
  job.worker = worker.id;
  worker.queue.push(id);
  worker.computing.delete(id);
  const inputs = job.plan.inputs.map((input) => ({ id: input, hosts: [...board.job(input).hosts] }));
  board.tell({ kind: "run", worker: worker.id, job: id, inputs });
  if (worker.state === "idle") {
    worker.move("running", `it was given ${rule} ${id}`);
    begin(board, job, `given to ${worker.id}: ${why}`);
  } else board.move(job, "queued", `given to ${worker.id} behind ${worker.queue.length - 1}: ${why}`);
}
