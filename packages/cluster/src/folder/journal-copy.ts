/** What a line says: a call, how jobs ended, the session's record, or that a new leader begins. */
export type LineKind = "calls" | "jobs" | "session" | "term";

/**
 * Where a session's folder is copied to as it is written, so that another master can go on with it. What was added is not
 * acknowledged before `stored` has settled.
 */
export interface JournalCopy {
  /** Adds whole lines, in order. */
  add(kind: LineKind, text: string): void;
  /** Keeps a blob; it is there before a line that names it is added. */
  blob(sha256: string, bytes: Uint8Array): Promise<void>;
  /** Settles once all that was added so far is kept. Rejects where it never will be. */
  stored(): Promise<void>;
  /** Why it takes no more. */
  readonly failure: Error | undefined;
}
