import type { WireError } from "@graphvm/engine";

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
}

export type JobState = "waiting" | "ready" | "running" | "done" | "failed";

/** What happened; the only way anything gets into the scheduler. */
export type SchedulerEvent =
  | { readonly kind: "submitted"; readonly jobs: readonly JobPlan[] }
  | { readonly kind: "wanted"; readonly job: string }
  | { readonly kind: "workerJoined"; readonly worker: string; readonly host: string }
  | {
      readonly kind: "workerLeft";
      readonly worker: string;
      /** Its process is gone with everything in its store. */
      readonly hostLost: boolean;
      /** What ended it, where that is known. */
      readonly reason?: string;
    }
  | {
      readonly kind: "finished";
      readonly worker: string;
      readonly job: string;
      readonly digest: string;
      readonly size: number;
    }
  | { readonly kind: "failed"; readonly worker: string; readonly job: string; readonly error: WireError }
  /** The job never ran: inputs could not be fetched from where they were. */
  | {
      readonly kind: "inputsMissing";
      readonly worker: string;
      readonly job: string;
      readonly inputs: readonly string[];
      readonly host: string;
    }
  | { readonly kind: "noWorkers" };

/** What is to be done about it. */
export type Instruction =
  | {
      readonly kind: "run";
      readonly worker: string;
      readonly job: string;
      readonly inputs: readonly { readonly id: string; readonly hosts: readonly string[] }[];
    }
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
