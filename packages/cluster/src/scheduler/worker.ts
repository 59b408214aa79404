import type { Labels } from "@graphvm/engine";
import { IllegalTransitionError } from "../errors.js";
import type { Job } from "./job.js";
import { Story } from "./story.js";
import type { HeldValue } from "./types.js";

export type WorkerState = "idle" | "running" | "stopping" | "draining" | "gone";

/** The legal transitions of a worker, and what each of them means. Anything else is a bug. */
export const WORKER_TRANSITIONS: { readonly [from in WorkerState]: { readonly [to in WorkerState]?: string } } = {
  idle: { running: "it was given a job", draining: "it said that it leaves", gone: "its link ended" },
  running: {
    idle: "its last job ended",
    stopping: "what computes in it is killed",
    draining: "it said that it leaves",
    gone: "its link ended",
  },
  stopping: { idle: "it has another thread", draining: "it said that it leaves", gone: "its link ended" },
  draining: { gone: "it left, or its link ended" },
  gone: {},
};

/** A worker in the scheduler: where it runs, what it is doing, and what it has. */
export class WorkerEntry {
  readonly id: string;
  /** The process it runs in, whose store it shares. */
  readonly host: string;
  readonly labels: Labels;
  state: WorkerState = "idle";
  /** Jobs it was given, in order: it runs the first, the others stand behind. They go when it has said what became of them. */
  readonly queue: string[] = [];
  finished = 0;
  /** Jobs that it computed when it came back, for a master that did not know. */
  readonly computing: Set<string>;
  /** Values it has of jobs that nobody has submitted yet: a master before this one had, and took that along. */
  readonly unclaimed = new Map<string, HeldValue>();
  /** Of one that leaves: values that are to be copied, and those that are being copied. */
  handing: { readonly jobs: Job[]; readonly asked: Set<string> } | undefined;
  /** Bytes that it took from workers that left. */
  taken = 0;
  readonly story = new Story();

  constructor(id: string, host: string, labels: Labels = {}, computing: readonly string[] = []) {
    this.id = id;
    this.computing = new Set(computing);
    this.host = host;
    this.labels = labels;
    this.story.add("joined");
  }

  /** The job it runs. */
  get job(): string | undefined {
    return this.queue[0];
  }

  /** Whether it has all these labels. */
  has(on: Labels): boolean {
    for (const name of Object.keys(on)) if (this.labels[name] !== on[name]) return false;
    return true;
  }

  /** @throws IllegalTransitionError with the worker's story. */
  move(to: WorkerState, why: string): void {
    if (WORKER_TRANSITIONS[this.state][to] === undefined) {
      throw new IllegalTransitionError(
        `Worker ${this.id} can't go from ${this.state} to ${to} (${why}). Its story: ${this.story}.`,
        { worker: this.id },
      );
    }
    this.story.add(`${this.state} -> ${to}: ${why}`);
    this.state = to;
  }
}
