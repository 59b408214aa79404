import { CancelledError } from "@graphvm/engine";
import type { RunAnswer, WorkerJob } from "../protocol.js";
import type { HeldValue } from "../scheduler/types.js";
import type { Claim } from "./claims.js";
import type { ComputeHost } from "./compute-host.js";
import type { ComputeResult } from "./compute-thread.js";
import { ExportLimits } from "./export-limits.js";
import { fetchInput } from "./fetch-input.js";
import type { WorkerShared } from "./worker-shared.js";

/** Values up to so many bytes come with the answer, where a client waits for them. */
export const SMALL = 16 * 1024;

/** A job that a worker has, until it has said what became of it. */
class GivenJob {
  readonly job: WorkerJob;
  readonly answer: Promise<RunAnswer>;
  aborted = false;
  /** Its place in the thread, from when it was handed over. */
  claim: Claim | undefined;
  /** It was taken back before the thread began it. */
  taken = false;
  end: (answer: RunAnswer | Promise<RunAnswer>) => void = () => {};

  constructor(job: WorkerJob) {
    this.job = job;
    this.answer = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Takes it back; false where the thread has begun it. */
  take(): boolean {
    if (this.taken || (this.claim && !this.claim.take())) return false;
    this.taken = true;
    return true;
  }
}

/**
 * The jobs a worker was given. They run one after the other, unless the master forgot one that goes on; while one runs the
 * inputs of those behind it are fetched, and they stand in the thread, which need wait for nobody when its job ends.
 */
export class RunningJobs {
  readonly #compute: ComputeHost;
  readonly #shared: WorkerShared;
  readonly #given = new Map<string, GivenJob>();
  /** Those whose inputs are to be fetched, in order. */
  readonly #waiting: GivenJob[] = [];
  /** None begins any more. */
  #draining = false;
  /** Whose inputs are being fetched. */
  #preparing: GivenJob | undefined;
  /** What goes on from before does not stand in the way of jobs of another round. */
  #round = 0;
  /** Jobs that ended well in this graph; of a value that is never copied, the size is 0. */
  readonly #done = new Map<string, { digest: string; size: number }>();

  /** How large values may be that leave this worker's plane. */
  readonly exports: ExportLimits;
  readonly #over: () => void;

  /** @param over Called when a job has come to its end. */
  constructor(compute: ComputeHost, shared: WorkerShared, over: () => void) {
    this.#compute = compute;
    this.#shared = shared;
    this.exports = new ExportLimits(shared.labels.plane, shared.exports);
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

  /** Jobs that have begun, or are about to, and have not ended. */
  running(): string[] {
    return [...this.#given.keys()];
  }

  /** The graph was emptied: what runs on belongs to none. */
  forget(): void {
    this.startOver();
    this.#given.clear();
    this.#done.clear();
    this.exports.clear();
  }

  /** Tells a job to end when it can: at once, where it has not begun. */
  abort(id: string | undefined): void {
    const given = id === undefined ? undefined : this.#given.get(id);
    if (!given) return;
    given.aborted = true;
    if (given.take()) this.#end(given, Promise.reject(stopped()));
    else this.#compute.emit("abort", { job: given.job.id });
  }

  /** A job that has not begun goes back to the master; one that has goes on. */
  giveBack(id: string | undefined): void {
    const given = id === undefined ? undefined : this.#given.get(id);
    if (given?.take()) this.#end(given, { returned: true });
  }

  /** What has not begun goes back; what runs goes on beside the jobs to come. */
  startOver(): void {
    this.#returnAll();
    this.#round++;
  }

  /** What waits goes back, and so does whatever still comes. */
  drain(): void {
    this.#draining = true;
    this.#returnAll();
  }

  /** Kills what runs; settles when the worker can take jobs again. */
  stop(): Promise<void> {
    for (const [id, { size }] of this.#done) if (size === 0) this.#done.delete(id);
    this.startOver();
    for (const given of this.#given.values()) given.aborted = true;
    return this.#compute.restart();
  }

  #returnAll(): void {
    for (const given of [...this.#given.values()]) if (given.take()) this.#end(given, { returned: true });
    this.#waiting.length = 0;
    this.#preparing = undefined;
  }

  #end(given: GivenJob, answer: RunAnswer | Promise<RunAnswer>): void {
    if (this.#given.get(given.job.id) === given) this.#given.delete(given.job.id);
    given.end(answer);
  }

  /** Fetches for the next job and hands it to the thread; then for the one after it. */
  #next(): void {
    if (this.#preparing) return;
    const given = this.#waiting.shift();
    if (!given) return;
    if (given.taken) {
      this.#next();
      return;
    }
    const claim = this.#compute.claims.open();
    if (!claim) {
      this.#waiting.unshift(given);
      return;
    }
    this.#preparing = given;
    const handedOver = (): void => {
      if (this.#preparing !== given) return;
      this.#preparing = undefined;
      this.#next();
    };
    const answer = this.#run(given, claim, handedOver);
    const over = (): void => {
      claim.close();
      handedOver();
      this.#over();
      this.#next();
    };
    answer.then(over, over);
    // what was taken back is not asked what became of it
    void answer.then(
      (each) => given.taken || this.#end(given, each),
      (error: unknown) => given.taken || this.#end(given, Promise.reject(error)),
    );
  }

  async #run(given: GivenJob, claim: Claim, handedOver: () => void): Promise<RunAnswer> {
    const { job } = given;
    const { store, files: placer } = this.#shared;
    const { graph } = store;
    const found = await this.#inputs(job);
    if ("missing" in found) return found;
    const files = job.files.length === 0 ? [] : await placer.place(job.files);
    await this.#compute.ready();
    if (given.taken) throw stopped();
    given.claim = claim;
    this.exports.add(job);
    const { id, refs, noCopy, bound } = job;
    const run = { id, refs, inputs: found, files, noCopy, slot: claim.slot, round: this.#round };
    const running = this.#compute.call<ComputeResult>("run", run);
    handedOver();
    const { bytes, ...said } = await running;
    const { digest, size } = said;
    // what is too large is kept nowhere that others reach
    this.exports.check(id, size);
    if (bytes) await store.put(id, bytes, graph, bound);
    if (store.graph === graph) this.#done.set(id, { digest, size });
    // what is bound to a plane goes to no client
    const along = job.wanted && bound === undefined && bytes && size <= SMALL && this.#shared.host !== "";
    if (!along) return said;
    this.#shared.sent.add("", size);
    return { ...said, bytes };
  }

  /** The bytes of a job's inputs, or what is missing of them. */
  async #inputs(job: WorkerJob): Promise<JobInput[] | Extract<RunAnswer, { missing: unknown }>> {
    const inputs: JobInput[] = [];
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
    return inputs;
  }
}

/** An input as the thread gets it; without bytes where it has the value. */
interface JobInput {
  readonly id: string;
  readonly bytes: Uint8Array | null;
}

const stopped = (): CancelledError => new CancelledError("The job was stopped before it began.", {});
