import type { Labels } from "@graphvm/engine";
import { labelsText } from "../labels.js";
import { assign } from "./assigning.js";
import { Board } from "./board.js";
import { cancelAll, failAllReady } from "./cancelling.js";
import { copied, leaving, letGo } from "./draining.js";
import type { Job } from "./job.js";
import { want } from "./lineage.js";
import { failed, finished, inputsMissing, timedOut, unfetched } from "./outcomes.js";
import { gaveBack, hold, steal } from "./queues.js";
import { submitted } from "./submitting.js";
import type { Instruction, JobState, SchedulerEvent } from "./types.js";
import type { WorkerEntry } from "./worker.js";
import { brought, returned, stopped, workerJoined, workerLeft } from "./workers.js";

export { MAX_MISSES } from "./outcomes.js";
export { MAX_KILLED_WORKERS } from "./workers.js";

/**
 * Decides which job runs where. Pure: events in, instructions out; no clock, no socket, no randomness. Every change of a
 * job's state goes through `Job.move`, every change of a worker's through `WorkerEntry.move`.
 */
export class Scheduler {
  readonly #board: Board;

  /** @param returning Whether workers may bring back what they hold: nothing is run until they `returned`. */
  constructor(returning = false) {
    this.#board = new Board(returning);
  }

  handle(event: SchedulerEvent): Instruction[] {
    apply(this.#board, event);
    if (!this.#board.returning) {
      assign(this.#board);
      steal(this.#board);
    }
    letGo(this.#board);
    return this.#board.take();
  }

  job(id: string): Job | undefined {
    return this.#board.jobs.get(id);
  }

  /** Every job, in submission order. */
  all(): Job[] {
    return [...this.#board.jobs.values()].sort((a, b) => a.order - b.order);
  }

  get size(): number {
    return this.#board.jobs.size;
  }

  workers(): readonly WorkerEntry[] {
    return [...this.#board.workers.values()];
  }

  /** Workers that do not leave. */
  staying(): readonly WorkerEntry[] {
    return this.workers().filter(({ state }) => state !== "draining");
  }

  /** Whether something waits to run or runs. */
  get busy(): boolean {
    const { waiting, ready, queued, running } = this.#board.counts;
    return waiting + ready + queued + running > 0;
  }

  /** Ready jobs that need labels no worker has: how many wait for which. */
  starving(): { readonly on: Labels; readonly jobs: number }[] {
    const workers = this.staying();
    return this.#board.ready.lanes().filter(({ on }) => !workers.some((worker) => worker.has(on)));
  }

  /** Jobs that could run if there were workers for them, by the labels they need: in no queue, or behind another in one. */
  waiting(): { readonly on: Labels; readonly jobs: number }[] {
    const { ready, counts, jobs } = this.#board;
    if (counts.queued === 0) return ready.lanes();
    const lanes = new Map(ready.lanes().map((lane) => [labelsText(lane.on), lane]));
    for (const worker of this.workers()) {
      for (const id of worker.queue.slice(1)) {
        const on = jobs.get(id)?.plan.on ?? {};
        const key = labelsText(on);
        lanes.set(key, { on, jobs: (lanes.get(key)?.jobs ?? 0) + 1 });
      }
    }
    return [...lanes.values()];
  }

  /** How many jobs are in each state. */
  get counts(): { readonly [state in JobState]: number } {
    return this.#board.counts;
  }

  /** How many jobs of each rule are neither done nor failed. */
  get unfinished(): ReadonlyMap<string, number> {
    return this.#board.unfinished;
  }
}

/** What each event does. One that is missing here does not compile. */
const ROOMS: {
  readonly [K in SchedulerEvent["kind"]]: (board: Board, event: Extract<SchedulerEvent, { kind: K }>) => void;
} = {
  submitted,
  wanted: (board, { job, inside }) => want(board, job, inside),
  unfetched,
  workerJoined,
  returned,
  brought,
  workerLeft,
  leaving,
  copied,
  finished,
  failed,
  gaveBack,
  timedOut,
  stopped: (board, { worker }) => stopped(board, worker),
  cancelled: (board, { force }) => cancelAll(board, force),
  inputsMissing,
  noWorkers: failAllReady,
  held: hold,
};

function apply(board: Board, event: SchedulerEvent): void {
  (ROOMS[event.kind] as (board: Board, event: SchedulerEvent) => void)(board, event);
}
