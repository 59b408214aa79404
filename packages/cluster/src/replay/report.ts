import type { RecordingHeader } from "../recording/index.js";
import type { ValueDifference } from "./difference.js";

/** Why a replay gave other bytes. */
export type Cause = "code" | "input" | "environment" | "seed" | "nondeterminism";

/** The first place, in topological order, where a replay and its recording part. */
export interface Divergence {
  /** The call in the recording. */
  readonly seq: number;
  readonly method: string;
  readonly cause: Cause;
  /** What the cause was found by. */
  readonly why?: string;
  /** One sentence for people. */
  readonly message: string;
  /** The job, where one diverged. */
  readonly job?: string;
  /** The node: the job's own, or the one inside it that is to blame. */
  readonly node?: string;
  /** The node's rule. */
  readonly rule?: string;
  readonly recorded?: string;
  readonly replayed?: string;
  /** How the two values of the job differ, where the recording holds its output. */
  readonly difference?: ValueDifference;
  /** The input, where one changed. */
  readonly input?: string;
}

/** Where a replay stopped that was told to. */
export interface Stop {
  readonly node: string;
  readonly rule: string;
  readonly label: string;
  readonly job: string;
  readonly digest: string;
  readonly inputs: readonly { readonly id: string; readonly rule: string; readonly digest: string }[];
}

/** What a replay found. */
export interface ReplayReport {
  readonly verdict: "equal" | "diverged";
  /** What was compared: jobs and values, or every node too. */
  readonly level: "jobs" | "nodes";
  /** Calls issued again, of how many. */
  readonly calls: number;
  readonly recordedCalls: number;
  /** Jobs, values and nodes compared by digest. */
  readonly compared: number;
  readonly equal: number;
  readonly diverged: number;
  readonly first?: Divergence;
  /** The node it was told to stop at. */
  readonly stopped?: Stop;
  /** What is different here and may matter: another Node version, for one. */
  readonly warnings: readonly string[];
  readonly workers: number;
  readonly seconds: number;
  readonly header: RecordingHeader;
  /** Hash of the recording's last line: which recording this is about. */
  readonly head: string;
}
