import type { JobCounts } from "./job-runner.js";

/** Where jobs end faster than this, clients hear of some of them only, in milliseconds. */
const EVERY = 100;

/** So many news in a row may come faster: small graphs are followed job by job. */
const BURST = 100;

/**
 * Thins out the news of how far jobs have come: after a hundred quick ones ten a second, and always whatever ends a wait:
 * the first failure, and that nothing is left to run.
 */
export class ProgressNews {
  readonly #tell: (progress: JobCounts) => void;
  #late: JobCounts | undefined;
  #failed = 0;
  #allowed = BURST;
  #since = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (progress: JobCounts) => void) {
    this.#tell = tell;
  }

  add(progress: JobCounts): void {
    const { total, done, failed } = progress;
    const last = done + failed === total || (failed > 0 && this.#failed === 0);
    this.#failed = failed;
    if (last || this.#allow()) this.#say(progress);
    else {
      this.#late = progress;
      this.#timer ??= setTimeout(() => this.#say(this.#late!), EVERY).unref();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #allow(): boolean {
    const now = performance.now();
    this.#allowed = Math.min(BURST, this.#allowed + (now - this.#since) / EVERY);
    this.#since = now;
    if (this.#allowed < 1) return false;
    this.#allowed--;
    return true;
  }

  #say(progress: JobCounts): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tell(progress);
  }
}
