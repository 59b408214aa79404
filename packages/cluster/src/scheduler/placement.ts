import type { Job } from "./job.js";

/** A worker as the scheduler sees it. */
export interface WorkerEntry {
  readonly id: string;
  /** The process it runs in, whose store it shares. */
  readonly host: string;
  /** The job it runs. */
  job: string | undefined;
  finished: number;
}

/**
 * Where a job runs: with the value it is pinned to; else on the idle worker whose process already has the most bytes of its
 * inputs, then on the one that finished fewest jobs. Undefined where it must wait.
 */
export function chooseWorker(
  job: Job,
  idle: ReadonlySet<WorkerEntry>,
  jobOf: (id: string) => Job,
): WorkerEntry | undefined {
  const { pin } = job.plan;
  if (pin !== undefined) {
    const { holder } = jobOf(pin);
    for (const worker of idle) if (worker.id === holder) return worker;
    return undefined;
  }
  let best: WorkerEntry | undefined;
  let bestBytes = -1;
  for (const worker of idle) {
    let bytes = 0;
    for (const id of job.plan.inputs) {
      const input = jobOf(id);
      if (input.hosts.has(worker.host)) bytes += input.size;
    }
    if (bytes > bestBytes || (bytes === bestBytes && worker.finished < best!.finished))
      [best, bestBytes] = [worker, bytes];
  }
  return best;
}
