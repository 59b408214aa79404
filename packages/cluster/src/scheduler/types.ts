import type { Labels, WireError } from "@graphvm/engine";

/** A job as the planner cut it: a node, what it needs, and where it is bound to run. */
export interface JobPlan {
  /** The node's id. */
  readonly id: string;
  /** `namespace.rule` of the node. */
  readonly rule: string;
  /** Jobs whose values it needs. */
  readonly inputs: readonly string[];
  /** The input that is never copied: this job runs on the worker that holds it. */
  readonly pin?: string;
  /** Its value stays in the worker that made it. */
  readonly noCopy: boolean;
  /** Labels its worker must have. */
  readonly on?: Labels;
  /** The plane that its value may not leave. */
  readonly bound?: string;
}

/** How long a job may run and how often it is tried again; neither reaches a value. */
export interface JobLimits {
  /** A job that runs longer is stopped, in seconds. Without it, a job may run for ever. */
  readonly timeout?: number;
  /** How often a job that took too long or threw is tried again. Default 0. */
  readonly retries?: number;
}

/** A job's value that lies in the store of a process. */
export interface HeldValue {
  readonly job: string;
  readonly digest: string;
  readonly size: number;
}

/** How a job ended. */
export type Ended = { readonly digest: string; readonly size: number } | { readonly error: WireError };

export type JobState = "waiting" | "ready" | "queued" | "running" | "done" | "failed";

/** What happened; the only way anything gets into the scheduler. */
export type SchedulerEvent =
  | {
      readonly kind: "submitted";
      readonly jobs: readonly JobPlan[];
      readonly limits?: JobLimits;
      /** What jobs gave before, by id, as somebody who remembers it says: they must give it again. */
      readonly digests?: ReadonlyMap<string, string>;
      /** How jobs that are new here ended under a master before this one; where their values lie nobody knows yet. */
      readonly ended?: ReadonlyMap<string, Ended>;
    }
  /** `inside`: what is asked for lies in the worker that ran the job, and nowhere else. */
  | { readonly kind: "wanted"; readonly job: string; readonly inside?: boolean }
  /** Somebody who asked for it could not be given the value from that process, or what is inside the job from that worker. */
  | {
      readonly kind: "unfetched";
      readonly job: string;
      readonly host: string | undefined;
      readonly worker: string | undefined;
    }
  | {
      readonly kind: "workerJoined";
      readonly worker: string;
      readonly host: string;
      readonly labels?: Labels;
      /** Values its process has already: a worker that comes back brings them along. */
      readonly held?: readonly HeldValue[];
      /** Jobs that it computes already: where they are to run, it has a start. */
      readonly running?: readonly string[];
      /** Its name before, where it comes back. */
      readonly was?: string;
    }
  /** After a resume: workers that wanted to come back have done so. */
  | { readonly kind: "returned" }
  /** Values a process turns out to have: a job ended there while nobody could be told. */
  | { readonly kind: "brought"; readonly worker: string; readonly host: string; readonly held: readonly HeldValue[] }
  | {
      readonly kind: "workerLeft";
      readonly worker: string;
      /** Its process is gone with everything in its store. */
      readonly hostLost: boolean;
      /** What ended it, where that is known. */
      readonly reason?: string;
      /** It had said that it leaves: no job is to blame. */
      readonly orderly?: boolean;
    }
  /** A worker is about to leave: it takes no more jobs, and waits until it is released. */
  | { readonly kind: "leaving"; readonly worker: string }
  /** A value of a worker that leaves was copied to another process, as an instruction wanted; without one it could not be. */
  | { readonly kind: "copied"; readonly worker: string; readonly job: string; readonly host?: string }
  | {
      readonly kind: "finished";
      readonly worker: string;
      readonly job: string;
      readonly digest: string;
      readonly size: number;
      /** How long it computed, as its worker measured. */
      readonly seconds?: number;
    }
  /** The worker gave a job back that had not begun, as an instruction wanted. */
  | { readonly kind: "gaveBack"; readonly worker: string; readonly job: string }
  | { readonly kind: "failed"; readonly worker: string; readonly job: string; readonly error: WireError }
  /** The job never ran: inputs could not be fetched from where they were. */
  | {
      readonly kind: "inputsMissing";
      readonly worker: string;
      readonly job: string;
      readonly inputs: readonly string[];
      readonly host: string;
    }
  /** It has run for as long as it may. */
  | { readonly kind: "timedOut"; readonly worker: string; readonly job: string }
  /** The worker's thread was killed, as an instruction wanted, and has another. */
  | { readonly kind: "stopped"; readonly worker: string }
  /** Whatever is not done is to end; with `force` also what can only be killed. */
  | { readonly kind: "cancelled"; readonly force: boolean }
  | { readonly kind: "noWorkers" }
  /** The master is about to end: no job starts any more. */
  | { readonly kind: "held" };

/** What is to be done about it. */
export type Instruction =
  /** Send the job to the worker, which runs what it was sent one after the other. */
  | {
      readonly kind: "run";
      readonly worker: string;
      readonly job: string;
      readonly inputs: readonly { readonly id: string; readonly hosts: readonly string[] }[];
    }
  /** The worker has come to this job: its time runs. */
  | { readonly kind: "begin"; readonly worker: string; readonly job: string; readonly timeout?: number }
  /** Ask for a job back that has not begun; the worker says `gaveBack`, or what became of it. */
  | { readonly kind: "unrun"; readonly worker: string; readonly job: string }
  /** Kill what computes in the worker, and say `stopped`: until then it gets no other job. */
  | { readonly kind: "stop"; readonly worker: string }
  /** Tell the job to end: it does so between two atoms, or while it waits for an asynchronous one. */
  | { readonly kind: "abort"; readonly worker: string; readonly job: string }
  /** Have a worker keep a copy of a value that only `worker`, which leaves, has; say `copied`. */
  | {
      readonly kind: "copy";
      readonly worker: string;
      readonly job: string;
      readonly hosts: readonly string[];
      readonly to: string;
    }
  /** The worker may leave now. */
  | { readonly kind: "release"; readonly worker: string }
  | { readonly kind: "done"; readonly job: string }
  | { readonly kind: "jobFailed"; readonly job: string; readonly error: WireError };

/** What can be seen of a job from outside. */
export interface JobView {
  readonly id: string;
  readonly rule: string;
  readonly state: JobState;
  readonly digest?: string;
  readonly size?: number;
  /** Where it ran last. */
  readonly worker?: string;
  readonly error?: WireError;
}
