import type { Session } from "../client/session.js";
import { JobTimeoutError } from "../errors.js";
import type { JournalLine, Recording } from "../recording/index.js";
import { recordedWait } from "./recorded-jobs.js";
import { errorCode, unbox } from "./unbox.js";

/**
 * Timeouts and cancelling in a replay. They are those of the recorded machine, so nothing of them is compared, and a slower
 * machine may take its time. But what ran into one may never end: where a recording has such jobs, they are stopped here too.
 */
export class ReplayLimits {
  readonly #session: Session;
  readonly #recording: Recording;
  readonly #timedOut: boolean;
  #cancelled = false;

  constructor(session: Session, recording: Recording) {
    this.#session = session;
    this.#recording = recording;
    this.#timedOut = recording.lines.some((line) => errorCode(line, recording) === JobTimeoutError.code);
  }

  /** Does what a line needs beside being issued; true where it is not to be issued at all. */
  async concern(line: JournalLine): Promise<boolean> {
    if (line.method === "cancel") {
      this.#cancelled = true;
      return true;
    }
    if (line.method === "wait" && errorCode(line, this.#recording) === JobTimeoutError.code) {
      await this.#session.replayCall("wait", {}).catch(() => {});
      return true;
    }
    if (line.method === "initGraph") this.#cancelled = false;
    if (line.method === "dispatchJobs" && this.#cancelled) {
      this.#cancelled = false;
      await this.#endCancelled(line);
    }
    return false;
  }

  /**
   * What was told to end may never end here. But what was done all the same, and not given out again, has to be done here
   * too before the rest is killed.
   */
  async #endCancelled(dispatch: JournalLine): Promise<void> {
    const { lines } = this.#recording;
    const emptied = lines.findIndex(({ seq, method }) => seq > dispatch.seq && method === "initGraph");
    const later = lines
      .filter(({ seq }) => seq >= dispatch.seq)
      .slice(0, emptied < 0 ? undefined : emptied - dispatch.seq);
    const done = new Set(later.flatMap((line) => this.#doneBy(line)));
    for (const line of later) for (const id of await this.#givenBy(line)) done.delete(id);
    await Promise.all([...done].map((id) => this.#session.replayCall("nodeValue", { id, job: id }).catch(() => {})));
    await this.#session.cancel({ force: true });
  }

  #doneBy(line: JournalLine): string[] {
    if (line.method !== "wait" || line.result === undefined) return [];
    return recordedWait(line, this.#recording).jobs.map(({ id }) => id);
  }

  /** The jobs that a dispatch gives out; none where its programs are not loaded yet. */
  async #givenBy(line: JournalLine): Promise<string[]> {
    if (line.method !== "dispatchJobs" || line.error !== undefined) return [];
    const { refs, cut, noCopy } = unbox(line.params, this.#recording) as {
      refs: unknown;
      cut: unknown;
      noCopy: unknown;
    };
    const planned = this.#session.replayCall<{ jobs: { id: string }[] }>("jobDeps", { refs, cut, noCopy });
    return planned.then(
      ({ jobs }) => jobs.map(({ id }) => id),
      () => [],
    );
  }

  /** A call's params without a timeout that nothing ran into. */
  params(params: unknown): unknown {
    if (this.#timedOut || typeof params !== "object" || params === null || !("timeout" in params)) return params;
    const { timeout: _timeout, ...rest } = params;
    return rest;
  }
}
