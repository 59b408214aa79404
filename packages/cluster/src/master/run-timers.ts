import type { Clock } from "../transport/clock.js";

/** A job that was sent to a worker. */
export interface Run {
  readonly worker: string;
  readonly job: string;
  /** Set once the worker has come to it, where its time is limited. */
  timer: (() => void) | undefined;
}

/** What workers were sent by the master's orders and have not answered, and when it has run for too long. */
export class RunTimers {
  readonly #clock: Clock;
  readonly #runs = new Map<string, Map<string, Run>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The job is on its way to the worker. */
  send(worker: string, job: string): Run {
    const run: Run = { worker, job, timer: undefined };
    const runs = this.#runs.get(worker) ?? new Map<string, Run>();
    this.#runs.set(worker, runs);
    runs.set(job, run);
    return run;
  }

  /** The worker has come to it. */
  begin(worker: string, job: string, timeout: number | undefined, late: () => void): void {
    const run = this.#runs.get(worker)?.get(job);
    if (run && timeout !== undefined) run.timer = this.#clock.after(timeout, late);
  }

  /** The run has come to its end. Whether it counted until then. */
  ended(run: Run): boolean {
    const runs = this.#runs.get(run.worker);
    if (runs?.get(run.job) !== run) return false;
    run.timer?.();
    runs.delete(run.job);
    if (runs.size === 0) this.#runs.delete(run.worker);
    return true;
  }

  /** Whatever the worker was sent counts no more. */
  end(worker: string): void {
    for (const run of this.#runs.get(worker)?.values() ?? []) run.timer?.();
    this.#runs.delete(worker);
  }

  /** Nothing counts any more; the workers whose runs had a limit, and what each was sent. */
  clear(): { readonly worker: string; readonly jobs: readonly string[]; readonly limited: boolean }[] {
    const all = [...this.#runs].map(([worker, runs]) => {
      return { worker, jobs: [...runs.keys()], limited: [...runs.values()].some(({ timer }) => timer) };
    });
    for (const { worker } of all) this.end(worker);
    return all;
  }
}
