import type { Labels } from "@graphvm/engine";
import { labelsText } from "../labels.js";
import type { Job } from "./job.js";
import { ReadyQueue } from "./ready-queue.js";

/** Ready jobs that need the same labels. */
interface Lane {
  readonly on: Labels | undefined;
  readonly queue: ReadyQueue;
}

/** Jobs that can run, by the labels they need: a lane that no worker is free for costs nothing, however long it is. */
export class ReadyJobs {
  readonly #lanes = new Map<string, Lane>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(job: Job): void {
    this.#laneOf(job).queue.add(job);
    this.#size++;
  }

  delete(job: Job): void {
    this.#laneOf(job).queue.delete(job);
    this.#size--;
  }

  /** First job first, of the lanes that are open. Jobs may be deleted meanwhile, and lanes close. */
  *list(isOpen: (on: Labels | undefined) => boolean): Iterable<Job> {
    const lanes = [...this.#lanes.values()]
      .filter(({ queue }) => queue.size > 0)
      .map(({ on, queue }) => ({ on, jobs: queue.list()[Symbol.iterator](), next: undefined as Job | undefined }));
    for (const lane of lanes) lane.next = next(lane.jobs);
    for (;;) {
      let first: (typeof lanes)[number] | undefined;
      for (const lane of lanes)
        if (lane.next && isOpen(lane.on) && (!first || lane.next.order < first.next!.order)) first = lane;
      if (!first) return;
      yield first.next!;
      first.next = next(first.jobs);
    }
  }

  /** How many jobs wait for which labels. */
  lanes(): { readonly on: Labels; readonly jobs: number }[] {
    return [...this.#lanes.values()]
      .filter(({ queue }) => queue.size > 0)
      .map(({ on, queue }) => ({ on: on ?? {}, jobs: queue.size }));
  }

  #laneOf({ plan: { on } }: Job): Lane {
    const key = on ? labelsText(on) : "";
    const lane = this.#lanes.get(key) ?? { on, queue: new ReadyQueue() };
    this.#lanes.set(key, lane);
    return lane;
  }
}

function next(jobs: Iterator<Job>): Job | undefined {
  const step = jobs.next();
  return step.done ? undefined : step.value;
}
