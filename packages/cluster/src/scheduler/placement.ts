import type { Job } from "./job.js";
import type { WorkerEntry } from "./worker.js";

/** The input whose value lies in one worker only; the job can run nowhere else. */
export function pinOf(job: Job, jobOf: (id: string) => Job): Job | undefined {
  const pin = job.plan.pin === undefined ? undefined : jobOf(job.plan.pin);
  return pin?.plan.noCopy ? pin : undefined;
}

/**
 * Where a job runs: with the value it is pinned to; else on the idle worker with its labels whose process already has the
 * most bytes of its inputs, then on the one that finished fewest jobs; last where its value could not be fetched from.
 * Undefined where it must wait.
 */
export function chooseWorker(
  job: Job,
  idle: ReadonlySet<WorkerEntry>,
  jobOf: (id: string) => Job,
): WorkerEntry | undefined {
  const pin = pinOf(job, jobOf);
  if (pin) {
    for (const worker of idle) if (worker.id === pin.holder) return worker;
    return undefined;
  }
  let best: WorkerEntry | undefined;
  let bestBytes = -2;
  for (const worker of idle) {
    if (job.plan.on && !worker.has(job.plan.on)) continue;
    const bytes = worker.host === job.avoid ? -1 : bytesThere(job, worker.host, jobOf);
    if (bytes > bestBytes || (bytes === bestBytes && worker.finished < best!.finished))
      [best, bestBytes] = [worker, bytes];
  }
  return best;
}

/** Bytes of its inputs that a process has. */
function bytesThere(job: Job, host: string, jobOf: (id: string) => Job): number {
  let bytes = 0;
  for (const id of job.plan.inputs) {
    const input = jobOf(id);
    if (input.hosts.has(host)) bytes += input.size;
  }
  return bytes;
}
