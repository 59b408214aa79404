import type { Session } from "../client/session.js";
import { JobTimeoutError } from "../errors.js";
import type { JournalLine, Recording } from "../recording/index.js";
import { errorCode, unbox } from "./unbox.js";

/**
 * Timeouts and cancelling in a replay. They are those of the recorded machine, so nothing of them is compared, and a slower
 * machine may take its time. But what ran into one may never end: where a recording has such jobs, they are stopped here too.
 */
export class ReplayLimits {
  readonly #session: Session;
  readonly #recording: Recording;
  readonly #timedOut: boolean;
  #killed = false;

  constructor(session: Session, recording: Recording) {
    this.#session = session;
    this.#recording = recording;
    this.#timedOut = recording.lines.some((line) => errorCode(line, recording) === JobTimeoutError.code);
  }

  /** Does what a line needs beside being issued; true where it is not to be issued at all. */
  async concern(line: JournalLine): Promise<boolean> {
    if (line.method === "cancel") {
      // jobs that were told to end may end here; those that were killed may not
      if ((unbox(line.params, this.#recording) as { force?: boolean }).force) this.#killed = true;
      return true;
    }
    if (line.method === "wait" && errorCode(line, this.#recording) === JobTimeoutError.code) {
      await this.#session.replayCall("wait", {}).catch(() => {});
      return true;
    }
    if (line.method === "dispatchJobs" && this.#killed) {
      this.#killed = false;
      await this.#session.cancel({ force: true });
    }
    return false;
  }

  /** A call's params without a timeout that nothing ran into. */
  params(params: unknown): unknown {
    if (this.#timedOut || typeof params !== "object" || params === null || !("timeout" in params)) return params;
    const { timeout: _timeout, ...rest } = params;
    return rest;
  }
}
