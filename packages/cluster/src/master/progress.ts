import type { JobCounts } from "./job-runner.js";

/** How far the jobs of a session have come, as clients are told while they wait. For people: none of it reaches a value. */
export interface Progress extends JobCounts {
  /** Bytes of values and inputs that one process fetched from another so far. */
  readonly moved: number;
  /** Seconds until all is done, if jobs take as long as those of their rule did; null where nobody can say yet. */
  readonly secondsLeft: number | null;
  /** What runs now, the longest first; sixteen at most. */
  readonly active: readonly { readonly worker: string; readonly label: string; readonly seconds: number }[];
}
