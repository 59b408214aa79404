import type { WireError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { IllegalTransitionError } from "../errors.js";
import { Story } from "./story.js";
import type { JobLimits, JobPlan, JobState, JobView } from "./types.js";

/** The legal transitions of a job, and what each of them means. Anything else is a bug. */
export const JOB_TRANSITIONS: { readonly [from in JobState]: { readonly [to in JobState]?: string } } = {
  waiting: {
    ready: "all inputs are done",
    done: "a worker that joined has its value, or the master before saw it done",
    failed:
      "an input failed, it was cancelled, a worker that joined has other bytes, or it failed under the master before",
  },
  ready: {
    queued: "given to a worker that runs another",
    running: "given to a worker",
    waiting: "an input was lost",
    done: "a worker that joined has its value",
    failed: "no worker can take it, it was cancelled, or a worker that joined has other bytes",
  },
  queued: {
    running: "its turn came",
    ready: "its worker gave it back, died or was stopped",
    done: "its worker gave it back, died or was stopped, and another has its value",
    waiting: "its worker gave it back, died or was stopped, and an input is computed again",
    failed: "it was cancelled, or a worker that joined has other bytes",
  },
  running: {
    done: "the worker finished it, or could not and another has its value",
    failed:
      "it threw or took too long once too often, was cancelled, took down its last worker, never found its inputs, or gave other bytes than are known",
    ready: "its worker died or gave it back, it is tried again, or an input must be fetched from elsewhere",
    waiting:
      "its worker died or gave it back, it is tried again, or an input was not there, and an input is computed again",
  },
  done: {
    waiting: "its value was lost and is needed again",
    failed: "a worker that joined has other bytes",
  },
  failed: {},
};

/** A job in the scheduler: the plan, its state, and where its value lies. */
export class Job {
  readonly plan: JobPlan;
  /** Position in submission order: earlier jobs go first. */
  readonly order: number;
  readonly dependents = new Set<string>();
  state: JobState = "waiting";
  /** Inputs that are not done. */
  missing = 0;
  worker: string | undefined;
  /** Workers that died while they ran it, as far as anybody knows: those that came back did not. */
  killed: { readonly worker: string; readonly host: string }[] = [];
  /** How often it could not start because an input was not where it should be. */
  misses = 0;
  limits: JobLimits = {};
  /** How often it threw or took too long since it was last done. */
  attempts = 0;
  /** Its worker was asked to give it back. */
  stealing = false;
  /** While it runs: it was told to end, or that was taken back by another dispatch. */
  cancel: "asked" | "taken back" | undefined;
  digest: string | undefined;
  size = 0;
  error: WireError | undefined;
  /** Processes whose store has the value. */
  readonly hosts = new Set<string>();
  /** A process from which nobody could fetch the value: another one is better. */
  avoid: string | undefined;
  /** Of a value that is never copied: the one worker that has it. */
  holder: string | undefined;
  readonly story = new Story();

  constructor(plan: JobPlan, order: number) {
    this.plan = plan;
    this.order = order;
  }

  /** @throws IllegalTransitionError with the job's story. */
  move(to: JobState, why: string): void {
    if (JOB_TRANSITIONS[this.state][to] === undefined) {
      throw new IllegalTransitionError(
        `Job ${this.plan.rule} ${this.plan.id} can't go from ${this.state} to ${to} (${why}). Its story: ${this.story}.`,
        { job: this.plan.id },
      );
    }
    this.story.add(`${this.state} -> ${to}: ${why}`);
    this.state = to;
  }

  view(): JobView {
    const { id, rule } = this.plan;
    return {
      id,
      rule,
      state: this.state,
      ...(this.digest === undefined ? {} : { digest: this.digest, size: this.size }),
      ...given({ worker: this.worker, error: this.error }),
    };
  }
}
