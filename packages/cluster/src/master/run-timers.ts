import type { Clock } from "../transport/clock.js";

/** One run of a job on a worker. */
interface Run {
  readonly timer: (() => void) | undefined;
}

/** What runs on each worker by the master's orders, and when it has run for too long. */
export class RunTimers {
  readonly #clock: Clock;
  readonly #runs = new Map<string, Run>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(worker: string, timeout: number | undefined, late: () => void): Run {
    const run = { timer: timeout === undefined ? undefined : this.#clock.after(timeout, late) };
    this.#runs.set(worker, run);
    return run;
  }

  /** The run has come to its end. Whether it counted until then. */
  ended(worker: string, run: Run): boolean {
    if (this.#runs.get(worker) !== run) return false;
    this.end(worker);
    return true;
  }

  /** Whatever the worker runs counts no more. */
  end(worker: string): void {
    this.#runs.get(worker)?.timer?.();
    this.#runs.delete(worker);
  }

  /** Nothing counts any more; the workers whose runs had a limit. */
  clear(): string[] {
    const limited = [...this.#runs].filter(([, { timer }]) => timer).map(([worker]) => worker);
    for (const worker of [...this.#runs.keys()]) this.end(worker);
    return limited;
  }
}
