import { memoryLink } from "../transport/memory.js";
import { startWorker, type WorkerHandle } from "../worker/worker-host.js";
import type { WorkerShared } from "../worker/worker-shared.js";
import type { MasterSession } from "./session.js";

/** A thread that dies before it joins, this often in a row, is not replaced any more. */
const MAX_FAILED_STARTS = 3;

/** The master's own thread workers. One that dies is replaced. */
export class LocalWorkers {
  readonly #session: MasterSession;
  readonly #shared: WorkerShared;
  readonly #workers = new Map<string, WorkerHandle>();
  readonly #starting = new Set<Promise<void>>();
  #failedStarts = 0;
  #closing = false;

  constructor(session: MasterSession, shared: WorkerShared) {
    this.#session = session;
    this.#shared = shared;
  }

  /** @throws what the first worker that can't start throws. */
  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#startOne()));
  }

  /** The threads, by worker: for tests that kill one. */
  get handles(): ReadonlyMap<string, WorkerHandle> {
    return this.#workers;
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#workers.values()].map((worker) => worker.kill()));
    await Promise.allSettled(this.#starting);
  }

  #startOne(): Promise<void> {
    const started = this.#join().finally(() => this.#starting.delete(started));
    this.#starting.add(started);
    return started;
  }

  async #join(): Promise<void> {
    const [master, own] = memoryLink();
    this.#session.acceptWorker(master, true);
    const worker = await startWorker(own, this.#shared);
    if (this.#closing) {
      await worker.kill();
      return;
    }
    this.#failedStarts = 0;
    this.#workers.set(worker.id, worker);
    void worker.over.then(() => {
      this.#workers.delete(worker.id);
      this.#replace();
    });
  }

  #replace(): void {
    if (this.#closing || this.#failedStarts >= MAX_FAILED_STARTS) return;
    this.#startOne().catch(() => {
      this.#failedStarts++;
      this.#replace();
    });
  }
}
