import { setImmediate } from "node:timers/promises";
import { CancelledError } from "../errors.js";
import { isPromise } from "../graph/run-op.js";
import type { Feeds } from "./feeds.js";
import type { BatchRunner } from "./runner.js";
import { saveState } from "./saved-state.js";

/** The outputs of a stream, one a batch, made when they are asked for. */
export interface Stream<T> extends AsyncIterable<T> {
  /** How many whole batches the state stands for, those before a restored state included. */
  readonly batches: number;
  /** Pulls one batch of each source, runs it, and gives the output. Calls that meet wait for each other. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the stream and closes its sources. */
  return(): Promise<IteratorResult<T, undefined>>;
  /**
   * The states after the last whole batch, as bytes: `graph.stream(ref, { source, state })` goes on from there.
   *
   * @throws UnencodableValueError for a state that is no value.
   */
  state(): Uint8Array;
  [Symbol.asyncDispose](): Promise<void>;
}

// Read before anything replaces it: what a stream does between batches is no atom's time.
const now = performance.now.bind(performance);
const LOOK_EVERY = 64;
const BUSY_MS = 20;

/** Runs batches for a consumer, as slowly as the consumer asks for them. */
export class BatchStream implements Stream<unknown> {
  readonly #runner: BatchRunner;
  readonly #feeds: Feeds;
  readonly #constants: () => Promise<readonly unknown[]>;
  readonly #output: (outputs: readonly unknown[]) => unknown;
  readonly #seed: number;
  readonly #signal: AbortSignal | undefined;
  #batches: number;
  #ready = false;
  #ended = false;
  #busy: Promise<void> | undefined;
  #sinceLook = 0;
  #lastYield = now();

  constructor(parts: {
    readonly runner: BatchRunner;
    readonly feeds: Feeds;
    readonly constants: () => Promise<readonly unknown[]>;
    readonly output: (outputs: readonly unknown[]) => unknown;
    readonly batches: number;
    readonly seed: number;
    readonly signal: AbortSignal | undefined;
  }) {
    this.#runner = parts.runner;
    this.#feeds = parts.feeds;
    this.#constants = parts.constants;
    this.#output = parts.output;
    this.#batches = parts.batches;
    this.#seed = parts.seed;
    this.#signal = parts.signal;
  }

  get batches(): number {
    return this.#batches;
  }

  state(): Uint8Array {
    return saveState(this.#runner, this.#batches, this.#seed);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#busy) return this.#hold(this.#busy.then(() => this.#step()));
    try {
      const result = this.#step();
      return isPromise(result) ? this.#hold(result) : Promise.resolve(result);
    } catch (error) {
      return this.#hold(this.#fail(error));
    }
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    return this.#hold((this.#busy ?? Promise.resolve()).then(() => this.#close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** What comes meanwhile waits for this work. */
  #hold<R>(work: Promise<R>): Promise<R> {
    const clear = (): void => {
      if (this.#busy === busy) this.#busy = undefined;
    };
    const busy: Promise<void> = work.then(clear, clear);
    this.#busy = busy;
    return work;
  }

  /** One batch: without a promise where neither sources nor atoms make one. Throws what a synchronous one throws. */
  #step(): IteratorResult<unknown, undefined> | Promise<IteratorResult<unknown, undefined>> {
    if (this.#ended) return { done: true, value: undefined };
    if (this.#signal?.aborted) throw this.#aborted();
    if (!this.#ready || this.#isTimeToYield()) return this.#stepLater();
    const inputs = this.#feeds.pull(this.#batches);
    if (isPromise(inputs)) return this.#stepFrom(inputs as Promise<unknown[] | undefined>);
    if (inputs === undefined) return this.#close();
    const work = this.#runner.run(inputs, this.#batches);
    return work ? this.#committed(work) : this.#commit();
  }

  async #stepLater(): Promise<IteratorResult<unknown, undefined>> {
    try {
      if (this.#ready) await setImmediate();
      else this.#runner.setConstants(await this.#unlessAborted(this.#constants()));
      this.#ready = true;
      this.#lastYield = now();
      return await this.#step();
    } catch (error) {
      return await this.#fail(error);
    }
  }

  async #stepFrom(pulled: Promise<unknown[] | undefined>): Promise<IteratorResult<unknown, undefined>> {
    try {
      const inputs = await this.#unlessAborted(pulled);
      this.#lastYield = now();
      if (inputs === undefined) return await this.#close();
      const work = this.#runner.run(inputs, this.#batches);
      return work ? await this.#committed(work) : this.#commit();
    } catch (error) {
      return await this.#fail(error);
    }
  }

  async #committed(work: Promise<void>): Promise<IteratorResult<unknown, undefined>> {
    try {
      await this.#unlessAborted(work);
      return this.#commit();
    } catch (error) {
      return await this.#fail(error);
    }
  }

  #commit(): IteratorResult<unknown, undefined> {
    const outputs = this.#runner.outputs();
    this.#runner.release();
    this.#batches++;
    return { done: false, value: this.#output(outputs) };
  }

  async #close(): Promise<IteratorResult<unknown, undefined>> {
    this.#ended = true;
    this.#runner.stop();
    this.#runner.release();
    await this.#feeds.close();
    return { done: true, value: undefined };
  }

  /** Ends the stream with an error; one that closing a source throws comes second. */
  async #fail(error: unknown): Promise<never> {
    if (!this.#ended) await this.#close().catch(() => {});
    throw error;
  }

  /** A consumer that never waits would starve timers and sockets, and with them whoever wants to cancel. */
  #isTimeToYield(): boolean {
    if (++this.#sinceLook < LOOK_EVERY) return false;
    this.#sinceLook = 0;
    return now() - this.#lastYield > BUSY_MS;
  }

  #aborted(): CancelledError {
    const { reason } = this.#signal!;
    return new CancelledError(
      `The stream was cancelled after ${this.#batches} batches: its state is that of the last whole one.`,
      { batches: this.#batches },
      { cause: reason },
    );
  }

  #unlessAborted<R>(work: Promise<R>): Promise<R> {
    const signal = this.#signal;
    if (!signal) return work;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(this.#aborted());
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }
}
