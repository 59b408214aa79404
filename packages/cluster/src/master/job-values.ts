import { fromWireError, NotComputedError } from "@graphvm/engine";
import { ConnectFailedError, ConnectionLostError, GraphEmptiedError, ValueLostError } from "../errors.js";
import type { Job } from "../scheduler/job.js";
import type { SchedulerEvent } from "../scheduler/types.js";
import type { DataClient } from "../store/data-client.js";
import type { ObjectStore } from "../store/object-store.js";
import type { WantedValues } from "./wanted-values.js";
import type { WorkerPool } from "./worker-pool.js";

/** How often a value is computed again because it could not be fetched; then whoever asked is told why. */
const TRIES = 5;

/** Errors after which a value may be had elsewhere, or computed again. Of the last, a thread that was replaced. */
const LOSSES = [ValueLostError, ConnectionLostError, ConnectFailedError, NotComputedError];

/** What it is made of. */
interface Parts {
  readonly pool: WorkerPool;
  readonly store: ObjectStore;
  readonly data: DataClient;
  /** Small values that came along with the news of their jobs. */
  readonly wanted: WantedValues;
  job(id: string): Job | undefined;
  handle(event: SchedulerEvent): void;
}

interface Waiter {
  readonly job: string;
  resolve(): void;
  reject(error: unknown): void;
}

/** Gives clients the values of jobs and of nodes inside them: what is lost, or can't be fetched, is computed again. */
export class JobValues {
  readonly #parts: Parts;
  #waiters: Waiter[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * The bytes of a node's value: a job's own, or one that was computed inside a job.
   *
   * @throws the job's error; GraphEmptiedError; what fetching threw, where it did so again and again
   */
  async value(id: string, jobId: string): Promise<{ bytes: Uint8Array; digest: string }> {
    for (let tries = 1; ; tries++) {
      const job = await this.#done(id, jobId);
      const inside = isInside(id, job);
      const from = inside ? undefined : ([...job.hosts][0] ?? "");
      const worker = inside ? holderOf(job) : undefined;
      try {
        return inside ? await this.#inner(id, job) : { bytes: await this.#own(job), digest: job.digest! };
      } catch (error) {
        if (!isLoss(error) || tries === TRIES) throw error;
        this.#parts.handle({ kind: "unfetched", job: jobId, host: from, worker });
      }
    }
  }

  /** Something happened to jobs. */
  changed(): void {
    if (this.#waiters.length === 0) return;
    const over = ({ job }: Waiter): boolean => hasEnded(this.#parts.job(job));
    const woken = this.#waiters.filter(over);
    this.#waiters = this.#waiters.filter((waiter) => !over(waiter));
    for (const waiter of woken) waiter.resolve();
  }

  /** Nobody will hear of any job any more. */
  reject(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** The job once it is done and its value, or what is inside of it, is somewhere. */
  async #done(id: string, jobId: string): Promise<Job> {
    const known = this.#parts.job(jobId);
    this.#parts.handle({ kind: "wanted", job: jobId, inside: known !== undefined && isInside(id, known) });
    if (!hasEnded(this.#parts.job(jobId))) {
      await new Promise<void>((resolve, reject) => this.#waiters.push({ job: jobId, resolve, reject }));
    }
    const job = this.#parts.job(jobId);
    if (job?.state === "done") return job;
    if (job?.error) throw fromWireError(job.error);
    throw new GraphEmptiedError("The graph was emptied while this value was waited for: dispatch it again.", {});
  }

  async #own(job: Job): Promise<Uint8Array> {
    const { store, wanted, data } = this.#parts;
    const { id } = job.plan;
    const own = (await store.load(id)) ?? wanted.take(id);
    if (own) return own;
    const [host] = job.hosts;
    if (!host) throw new ValueLostError(`The value ${id} is lost.`, { node: id });
    return data.value(host, id);
  }

  async #inner(id: string, job: Job): Promise<{ bytes: Uint8Array; digest: string }> {
    const { pool, data } = this.#parts;
    const { digest, bytes, host } = await pool.get(holderOf(job)!, id);
    return { digest, bytes: bytes ?? (await data.value(host, id)) };
  }
}

/** Whether it lies in the graph of a worker's thread, and in no store. */
function isInside(id: string, { plan }: Job): boolean {
  return id !== plan.id || plan.noCopy;
}

function holderOf(job: Job): string | undefined {
  return job.holder ?? job.worker;
}

function hasEnded(job: Job | undefined): boolean {
  return job === undefined || job.state === "done" || job.state === "failed";
}

function isLoss(error: unknown): boolean {
  return LOSSES.some((kind) => error instanceof kind);
}
