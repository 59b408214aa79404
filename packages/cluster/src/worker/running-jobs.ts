import { CancelledError } from "@graphvm/engine";
import type { WorkerJob } from "../protocol.js";
import type { HeldValue } from "../scheduler/types.js";
import type { ComputeHost } from "./compute-host.js";
import type { ComputeResult } from "./compute-thread.js";
import { fetchInput } from "./fetch-input.js";
import type { WorkerShared } from "./worker-shared.js";

/** Values up to so many bytes come with the answer, where a client waits for them. */
export const SMALL = 16 * 1024;

/** What a worker answers to `run`. */
export type RunAnswer =
  | { readonly digest: string; readonly size: number; readonly bytes?: Uint8Array }
  | { readonly missing: readonly string[]; readonly host: string };

interface Running {
  aborted: boolean;
  answer: Promise<RunAnswer>;
}

/** The jobs a worker was given: one at a time, unless the master forgot one that goes on. */
export class RunningJobs {
  readonly #compute: ComputeHost;
  readonly #shared: WorkerShared;
  readonly #running = new Map<string, Running>();
  /** Jobs that ended well in this graph; of a value that is never copied, the size is 0. */
  readonly #done = new Map<string, { digest: string; size: number }>();

  readonly #over: () => void;

  /** @param over Called when a job has come to its end. */
  constructor(compute: ComputeHost, shared: WorkerShared, over: () => void) {
    this.#compute = compute;
    this.#shared = shared;
    this.#over = over;
  }

  /** Runs a job. One that runs already, because the master that gave it lost sight of it, is not run twice. */
  run(job: WorkerJob): Promise<RunAnswer> {
    const known = this.#running.get(job.id);
    if (known && !known.aborted) return known.answer;
    const running: Running = { aborted: false, answer: new Promise(() => {}) };
    this.#running.set(job.id, running);
    running.answer = this.#run(job, running).finally(() => {
      if (this.#running.get(job.id) === running) this.#running.delete(job.id);
      this.#over();
    });
    return running.answer;
  }

  /** Values of finished jobs that are still here. */
  held(): HeldValue[] {
    const { store } = this.#shared;
    return [...this.#done]
      .filter(([id, { size }]) => size === 0 || store.has(id))
      .map(([job, { digest, size }]) => ({ job, digest, size }));
  }

  /** The graph was emptied: what runs on belongs to none. */
  forget(): void {
    this.#running.clear();
    this.#done.clear();
  }

  /** Tells what runs to end when it can. */
  abort(): void {
    for (const running of this.#running.values()) running.aborted = true;
    this.#compute.emit("abort", {});
  }

  /** Kills what runs; settles when the worker can take jobs again. */
  stop(): Promise<void> {
    for (const [id, { size }] of this.#done) if (size === 0) this.#done.delete(id);
    for (const running of this.#running.values()) running.aborted = true;
    return this.#compute.restart();
  }

  async #run(job: WorkerJob, running: Running): Promise<RunAnswer> {
    const { store, files: placer } = this.#shared;
    const { graph } = store;
    const inputs: { id: string; bytes: Uint8Array | null }[] = [];
    // all that a silent process has is missed at once: each would take as long as the first to find out
    const silent = new Set<string>();
    const missing = new Map<string, string[]>();
    for (const input of job.inputs) {
      const { id, hosts } = input;
      // the value of a job that is never copied has no host: it is in the thread already
      if (hosts.length === 0) inputs.push({ id, bytes: null });
      else {
        const fetched = await fetchInput(input, this.#shared, silent);
        if (typeof fetched === "string") missing.set(fetched, [...(missing.get(fetched) ?? []), id]);
        else inputs.push({ id, bytes: fetched });
      }
    }
    for (const [host, ids] of missing) return { missing: ids, host };
    const files = await placer.place(job.files);
    // between here and the thread nothing is awaited: whoever aborts now finds the job there
    if (running.aborted) throw new CancelledError("The job was stopped before it began.", {});
    const { id, refs, noCopy, bound } = job;
    const result = await this.#compute.call<ComputeResult>("run", { id, refs, inputs, files, noCopy });
    const { digest, size, bytes } = result;
    if (bytes) await store.put(id, bytes, graph, bound);
    if (store.graph === graph) this.#done.set(id, { digest, size });
    // what is bound to a plane goes to no client
    const along = job.wanted && bound === undefined && bytes && size <= SMALL && this.#shared.host !== "";
    if (!along) return { digest, size };
    this.#shared.sent.add("", size);
    return { digest, size, bytes };
  }
}
