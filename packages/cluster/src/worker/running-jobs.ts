import { CancelledError } from "@graphvm/engine";
import * as v from "valibot";
import { nodeIdSchema, type RunAnswer, type WorkerJob } from "../protocol.js";
import type { HeldValue } from "../scheduler/types.js";
import type { ComputeHost } from "./compute-host.js";
import type { ComputeResult } from "./compute-thread.js";
import { fetchInput } from "./fetch-input.js";
import type { WorkerShared } from "./worker-shared.js";

/** Values up to so many bytes come with the answer, where a client waits for them. */
export const SMALL = 16 * 1024;

const jobNews = v.object({ job: nodeIdSchema });

/** The job that an event of the master speaks of; none where it speaks of none. */
export function jobIn(said: unknown): string | undefined {
  const news = v.safeParse(jobNews, said);
  return news.success ? news.output.job : undefined;
}

/** A job that a worker has, until it has said what became of it. */
class GivenJob {
  readonly job: WorkerJob;
  readonly answer: Promise<RunAnswer>;
  aborted = false;
  end: (answer: RunAnswer | Promise<RunAnswer>) => void = () => {};

  constructor(job: WorkerJob) {
    this.job = job;
    this.answer = new Promise((resolve) => {
      this.end = resolve;
    });
  }
}

/** The jobs a worker was given: one after the other, unless the master forgot one that goes on. */
export class RunningJobs {
  readonly #compute: ComputeHost;
  readonly #shared: WorkerShared;
  readonly #given = new Map<string, GivenJob>();
  /** What has not begun, in order. */
  readonly #waiting: GivenJob[] = [];
  /** None begins any more. */
  #draining = false;
  /** What runs and stands in the way of what waits. */
  #current: GivenJob | undefined;
  /** Jobs that ended well in this graph; of a value that is never copied, the size is 0. */
  readonly #done = new Map<string, { digest: string; size: number }>();

  readonly #over: () => void;

  /** @param over Called when a job has come to its end. */
  constructor(compute: ComputeHost, shared: WorkerShared, over: () => void) {
    this.#compute = compute;
    this.#shared = shared;
    this.#over = over;
  }

  /** Runs a job once it is its turn. One that is here already, because the master that gave it lost sight of it, is not run twice. */
  run(job: WorkerJob): Promise<RunAnswer> {
    const known = this.#given.get(job.id);
    if (known && !known.aborted) return known.answer;
    if (this.#draining) return Promise.resolve({ returned: true });
    const given = new GivenJob(job);
    this.#given.set(job.id, given);
    this.#waiting.push(given);
    this.#next();
    return given.answer;
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
    this.startOver();
    this.#given.clear();
    this.#done.clear();
  }

  /** Tells a job to end when it can. */
  abort(id: string | undefined): void {
    const given = id === undefined ? undefined : this.#given.get(id);
    if (!given) return;
    given.aborted = true;
    if (!this.#waiting.includes(given)) this.#compute.emit("abort", {});
  }

  /** A job that has not begun goes back to the master; one that has goes on. */
  giveBack(id: string | undefined): void {
    const at = this.#waiting.findIndex(({ job }) => job.id === id);
    if (at >= 0) this.#return(this.#waiting.splice(at, 1)[0]!);
  }

  /** What waits goes back; what runs goes on beside the jobs to come. */
  startOver(): void {
    for (const given of this.#waiting.splice(0)) this.#return(given);
    this.#current = undefined;
  }

  /** What waits goes back, and so does whatever still comes. */
  drain(): void {
    this.#draining = true;
    for (const given of this.#waiting.splice(0)) this.#return(given);
  }

  /** Kills what runs; settles when the worker can take jobs again. */
  stop(): Promise<void> {
    for (const [id, { size }] of this.#done) if (size === 0) this.#done.delete(id);
    this.startOver();
    for (const given of this.#given.values()) given.aborted = true;
    return this.#compute.restart();
  }

  #return(given: GivenJob): void {
    this.#remove(given);
    given.end({ returned: true });
  }

  #remove(given: GivenJob): void {
    if (this.#given.get(given.job.id) === given) this.#given.delete(given.job.id);
  }

  #next(): void {
    if (this.#current) return;
    const given = this.#waiting.shift();
    if (!given) return;
    this.#current = given;
    const over = (): void => {
      this.#remove(given);
      this.#over();
      if (this.#current !== given) return;
      this.#current = undefined;
      this.#next();
    };
    given.end(this.#run(given.job, given));
    given.answer.then(over, over);
  }

  async #run(job: WorkerJob, running: GivenJob): Promise<RunAnswer> {
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
    await this.#compute.ready();
    // between here and the thread nothing is awaited: whoever aborts now finds the job there
    if (running.aborted) throw new CancelledError("The job was stopped before it began.", {});
    const { id, refs, noCopy, bound } = job;
    const start = performance.now();
    const result = await this.#compute.call<ComputeResult>("run", { id, refs, inputs, files, noCopy });
    // an estimate for the master, which reaches no value
    const seconds = (performance.now() - start) / 1000;
    const { digest, size, bytes, undeclared } = result;
    const said = { digest, size, seconds, ...(undeclared === undefined ? {} : { undeclared }) };
    if (bytes) await store.put(id, bytes, graph, bound);
    if (store.graph === graph) this.#done.set(id, { digest, size });
    // what is bound to a plane goes to no client
    const along = job.wanted && bound === undefined && bytes && size <= SMALL && this.#shared.host !== "";
    if (!along) return said;
    this.#shared.sent.add("", size);
    return { ...said, bytes };
  }
}
