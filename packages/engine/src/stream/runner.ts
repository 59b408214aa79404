import { type AtomSession, enterAtom, leaveAtom, runAsync } from "../atom/current-atom.js";
import { isPromise } from "../graph/run-op.js";
import { batchFailure } from "./batch-failure.js";
import type { Plan } from "./plan.js";
import { type Slot, slotsOf } from "./slot.js";
import { BEFORE_FIRST, StreamAtom } from "./stream-atom.js";

/** Comes before every node. */
const STOPPED = -1;

interface Failed {
  readonly index: number;
  readonly error: unknown;
}

/**
 * Runs a plan batch by batch and holds the states between them. States are committed when a batch is whole: after an
 * error they are those of the batch before.
 */
export class BatchRunner {
  readonly plan: Plan;
  /** The state of each stateful node after the last whole batch; undefined for other nodes. By the node's place. */
  states: unknown[];
  readonly #session: AtomSession;
  readonly #slots: readonly Slot[];
  readonly #values: unknown[];
  readonly #atom: StreamAtom;
  readonly #first: number;
  readonly #lazy: boolean;
  #nextStates: unknown[];
  #batch = BEFORE_FIRST;
  #inputs: readonly unknown[] = [];
  #pending: Promise<void>[] = [];
  #waiting = new Set<number>();
  #failed: Failed | undefined;

  /** `lazy`: nobody reads the outputs of a batch before the last one, so views of a state are made once, by `outputs`. */
  constructor(plan: Plan, session: AtomSession, lazy = false) {
    this.plan = plan;
    this.#session = session;
    this.#slots = slotsOf(plan);
    this.#first = plan.constants.length;
    this.#values = new Array<unknown>(this.#first + plan.nodes.length).fill(undefined);
    this.#atom = new StreamAtom(session, plan.structure.table);
    this.#lazy = lazy;
    this.#nextStates = this.#slots.map(() => undefined);
    this.states = this.#slots.map(() => undefined);
  }

  /** The places of the stateful nodes in the plan. */
  get stateful(): readonly number[] {
    return this.#slots.flatMap((slot, i) => (slot.stateful ? [i] : []));
  }

  /** The version of a stateful node's state. */
  version(index: number): number {
    return this.#slots[index]!.stateful!.version;
  }

  /** Asks every stateful atom for its state before the first batch. */
  begin(): void {
    for (const i of this.stateful) {
      const outer = this.#enter(i);
      try {
        this.states[i] = this.#slots[i]!.stateful!.state();
      } catch (error) {
        throw batchFailure(error, this.plan, i, BEFORE_FIRST);
      } finally {
        leaveAtom(outer);
      }
    }
  }

  /** Gives the constants' values, in the plan's order. */
  setConstants(values: readonly unknown[]): void {
    values.forEach((value, i) => {
      this.#values[i] = value;
    });
  }

  /** Runs one batch, given a value for each of the plan's sources. Throws, or rejects, with the error of the first node. */
  run(inputs: readonly unknown[], batch: number): Promise<void> | undefined {
    this.#inputs = inputs;
    this.#batch = batch;
    const stopped = this.#advance(0);
    if (this.#pending.length > 0) return this.#finish(stopped);
    this.#end();
    return undefined;
  }

  /** The targets' values after a batch. */
  outputs(): unknown[] {
    const outputs = new Array<unknown>(this.plan.targets.length);
    for (let i = 0; i < outputs.length; i++) outputs[i] = this.#output(this.plan.targets[i]!);
    return outputs;
  }

  /** A batch that is still running goes no further and leaves no state. */
  stop(): void {
    if (this.#pending.length > 0 || this.#waiting.size > 0) this.#fail(STOPPED, new Error("the stream has ended"));
  }

  /** Lets go of a batch's values. */
  release(): void {
    this.#values.fill(undefined, this.#first);
    this.#inputs = [];
  }

  #output(slot: number): unknown {
    const index = slot - this.#first;
    if (!this.#lazy || index < 0 || !this.#slots[index]!.viewLast) return this.#values[slot];
    const outer = this.#enter(index);
    try {
      return this.#slots[index]!.view(this.states[index]);
    } catch (error) {
      throw this.#failure({ index, error });
    } finally {
      leaveAtom(outer);
    }
  }

  /** Runs nodes from that place on; stops at one that needs a value that is still to come, or behind one that failed. */
  #advance(from: number): number {
    const { length } = this.#slots;
    for (let i = from; i < length; i++) {
      if (this.#waiting.size > 0 && this.#waits(i)) return i;
      try {
        this.#start(i);
      } catch (error) {
        this.#fail(i, error);
        return length;
      }
    }
    return length;
  }

  async #finish(from: number): Promise<void> {
    for (let next = from; ; next = this.#advance(next)) {
      while (this.#pending.length > 0) await Promise.all(this.#pending.splice(0));
      if (this.#failed || next === this.#slots.length) break;
    }
    this.#end();
  }

  #end(): void {
    const failed = this.#failed;
    if (failed) {
      this.#failed = undefined;
      this.#nextStates.fill(undefined);
      throw this.#failure(failed);
    }
    const before = this.states;
    this.states = this.#nextStates;
    this.#nextStates = before.fill(undefined);
  }

  #start(i: number): void {
    const slot = this.#slots[i]!;
    if (slot.source >= 0) {
      this.#store(i, this.#inputs[slot.source]);
      return;
    }
    if (!slot.asynchronous) {
      let value: unknown;
      const outer = this.#enter(i);
      try {
        value = slot.call(this.#values, this.states[i]);
        if (!isPromise(value)) {
          this.#accept(i, slot, value);
          return;
        }
      } finally {
        leaveAtom(outer);
      }
      Promise.resolve(value).catch(() => {});
      slot.becomeAsynchronous();
    }
    this.#startAsync(i, slot);
  }

  /** Asynchronous atoms of a level run side by side. Their errors wait, so that the first node's is the one told. */
  #startAsync(i: number, slot: Slot): void {
    const atom = new StreamAtom(this.#session, this.plan.structure.table, this.plan.nodes[i], this.#batch);
    const work = runAsync(atom, async () => this.#accept(i, slot, await slot.call(this.#values, this.states[i])));
    this.#waiting.add(this.#first + i);
    this.#pending.push(
      work.then(
        () => void this.#waiting.delete(this.#first + i),
        (error: unknown) => {
          this.#waiting.delete(this.#first + i);
          this.#fail(i, error);
        },
      ),
    );
  }

  #accept(i: number, slot: Slot, result: unknown): void {
    this.#session.inputs.check();
    if (!slot.stateful) {
      this.#store(i, result);
      return;
    }
    this.#nextStates[i] = slot.stateAfter(result);
    if (this.#lazy && slot.viewLast) return;
    const value = slot.valueAfter(result);
    if (isPromise(value))
      throw new TypeError("the value of a stateful atom is a promise; make next asynchronous instead");
    this.#store(i, value);
  }

  #store(i: number, value: unknown): void {
    if (value === undefined) throw new TypeError("the atom returned nothing; return null where there is no value");
    this.#values[this.#first + i] = value;
  }

  #enter(i: number): ReturnType<typeof enterAtom> {
    this.#atom.reset(this.plan.nodes[i]!, this.#batch);
    return enterAtom(this.#atom);
  }

  #waits(i: number): boolean {
    const { starts, edges } = this.plan;
    for (let k = starts[i]!; k < starts[i + 1]!; k++) if (this.#waiting.has(edges[k]!)) return true;
    return false;
  }

  #fail(index: number, error: unknown): void {
    if (!this.#failed || index < this.#failed.index) this.#failed = { index, error };
  }

  #failure({ index, error }: Failed): unknown {
    if (index === STOPPED) return error;
    let cause = error;
    try {
      this.#session.inputs.check(); // an input that changed under an atom is why the atom failed
    } catch (changed) {
      cause = changed;
    }
    return batchFailure(cause, this.plan, index, this.#batch);
  }
}
