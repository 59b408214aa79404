import { setImmediate as nextTurn } from "node:timers/promises";
import { CancelledError } from "../errors.js";
import { atomFailure, changedInput, ruleFailure } from "./atom-failure.js";
import { cycleError } from "./cycle-error.js";
import { arriving } from "./declared-inputs.js";
import type { NodeData } from "./node-data.js";
import type { Op } from "./op.js";
import { type DependencyValues, isPromise, runOp } from "./run-op.js";
import { countUses, type Uses } from "./uses.js";
import { Walk, type Walked } from "./walk.js";

/** How one `calc` runs. */
export interface CalcOptions {
  /** Ends the calculation: between two atoms, and while it waits for asynchronous ones. What was computed is kept. */
  readonly signal?: AbortSignal;
  /** How many asynchronous atoms may run side by side. Default 8. */
  readonly concurrency?: number;
}

/** With a signal, timers and sockets get a turn this often, in milliseconds. */
const TURN = 50;

/** One `calc`: walks from its roots and runs what is not done. Values are kept whatever happens. */
export class Calculation implements Walked {
  readonly #data: NodeData;
  readonly #walk: Walk;
  readonly #options: CalcOptions;
  readonly #uses: Uses | undefined;
  readonly #flying = new Set<Promise<void>>();
  readonly #abortion: Promise<void>;
  /** What failed first in the order of starting, not of finishing. */
  #failed: { readonly order: number; readonly error: unknown } | undefined;
  #started = 0;
  #turn = 0;
  #steps = 0;

  constructor(data: NodeData, roots: readonly number[], options: CalcOptions, keepTargetsOnly: boolean) {
    this.#data = data;
    this.#options = options;
    this.#uses = keepTargetsOnly ? countUses(data, roots) : undefined;
    this.#walk = new Walk(this, roots);
    this.#abortion = abortion(options.signal);
  }

  async run(): Promise<void> {
    this.#turn = performance.now();
    try {
      while (!this.#advance()) {
        if (this.#flying.size > 0) await Promise.race([...this.#flying, this.#abortion]);
        else await nextTurn();
        this.#turn = performance.now();
      }
    } catch (error) {
      this.#fail(this.#started, error);
    }
    // what is under way is kept, and nothing is left running behind the caller's back
    if (this.#failed && !(this.#failed.error instanceof CancelledError)) await Promise.all(this.#flying);
    if (this.#failed) throw this.#failed.error;
  }

  #advance(): boolean {
    this.#checkSignal();
    return this.#failed !== undefined || this.#walk.advance();
  }

  #fail(order: number, error: unknown): void {
    if (!this.#failed || order < this.#failed.order) this.#failed = { order, error };
  }

  done(node: number): boolean {
    return this.#data.done(node);
  }

  enter(node: number): void {
    try {
      this.#data.expand(node);
    } catch (error) {
      throw ruleFailure(error, this.#data.structure, node, this.#walk.path());
    }
  }

  count(node: number): number {
    return this.#data.structure.count(node);
  }

  dependency(node: number, index: number): number {
    return this.#data.structure.dependency(node, index);
  }

  cycle(nodes: readonly number[]): Error {
    return cycleError(this.#data.structure, nodes);
  }

  full(): boolean {
    if (this.#flying.size >= (this.#options.concurrency ?? 8)) return true;
    if (!this.#options.signal || (++this.#steps & 1023) !== 0) return false;
    return performance.now() - this.#turn > TURN;
  }

  leave(node: number): "pending" | undefined {
    const data = this.#data;
    if (data.values.has(node) && data.freshness.holds(node)) {
      data.freshness.confirm(node, false);
      return undefined;
    }
    const other = data.pending.size > 0 ? data.pending.get(node) : undefined;
    if (other) return this.#waitFor(node, other);
    return this.#start(node);
  }

  #start(node: number): "pending" | undefined {
    const data = this.#data;
    const begin = data.seconds ? performance.now() : 0;
    const op = data.takeOp(node);
    try {
      const fetched = arriving(op, data.session.inputs);
      const value = fetched ? fetched.then(() => this.#run(op, node)) : this.#run(op, node);
      if (!isPromise(value)) {
        this.#keep(node, value, begin);
        return undefined;
      }
      const path = this.#walk.path();
      const running = Promise.resolve(value)
        .then((settled) => this.#keep(node, settled, begin))
        .catch((error: unknown) => {
          throw atomFailure(changedInput(data.session.inputs) ?? error, data.structure, node, path);
        })
        .finally(() => data.pending.delete(node));
      data.pending.set(node, running);
      return this.#waitFor(node, running);
    } catch (error) {
      throw atomFailure(changedInput(data.session.inputs) ?? error, data.structure, node, this.#walk.path());
    }
  }

  #run(op: Op, node: number): unknown {
    const data = this.#data;
    data.runs++;
    data.session.reads?.begin(node);
    return runOp(op, new NodeValues(data, node), data.session, data.structure.table, node);
  }

  #waitFor(node: number, running: Promise<void>): "pending" {
    const order = this.#started++;
    const flying: Promise<void> = running
      .then(() => this.#walk.settled(node))
      .catch((error: unknown) => this.#fail(order, error))
      .finally(() => this.#flying.delete(flying));
    this.#flying.add(flying);
    return "pending";
  }

  #keep(node: number, value: unknown, begin: number): void {
    if (value === undefined) throw new TypeError("the atom returned nothing; return null where there is no value");
    const data = this.#data;
    data.session.inputs.check();
    data.session.reads?.check(node);
    data.keep(node, value);
    data.seconds?.set(node, (performance.now() - begin) / 1000);
    this.#uses?.used(node);
  }

  #checkSignal(): void {
    if (!this.#options.signal?.aborted) return;
    const reason: unknown = this.#options.signal.reason;
    throw new CancelledError(
      "The calculation was cancelled: what it computed is kept, and another calc goes on from there.",
      {},
      { cause: reason },
    );
  }
}

/** Settles when the signal does, or never. */
function abortion(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
}

/** The values of one node's dependencies. */
class NodeValues implements DependencyValues {
  readonly count: number;
  readonly #data: NodeData;
  readonly #node: number;

  constructor(data: NodeData, node: number) {
    this.count = data.structure.count(node);
    this.#data = data;
    this.#node = node;
  }

  value(index: number): unknown {
    return this.#data.values.get(this.#data.structure.dependency(this.#node, index));
  }
}
