import type { RecordingHeader } from "../recording/index.js";

/** Why a replay gave other bytes. */
export type Cause = "code" | "input" | "environment" | "seed" | "nondeterminism";

/** The first place, in topological order, where a replay and its recording part. */
export interface Divergence {
  /** The call in the recording. */
  readonly seq: number;
  readonly method: string;
  readonly cause: Cause;
  /** One sentence for people. */
  readonly message: string;
  /** The job, where one diverged. */
  readonly job?: string;
  readonly rule?: string;
  readonly recorded?: string;
  readonly replayed?: string;
  /** The input, where one changed. */
  readonly input?: string;
}

/** What a replay found. */
export interface ReplayReport {
  readonly verdict: "equal" | "diverged";
  /** Calls issued again, of how many. */
  readonly calls: number;
  readonly recordedCalls: number;
  /** Jobs and values compared by digest. */
  readonly compared: number;
  readonly equal: number;
  readonly diverged: number;
  readonly first?: Divergence;
  /** What is different here and may matter: another Node version, for one. */
  readonly warnings: readonly string[];
  readonly workers: number;
  readonly seconds: number;
  readonly header: RecordingHeader;
}
