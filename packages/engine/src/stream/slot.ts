import type { AtomFunction, Op } from "../graph/op.js";
import type { Plan } from "./plan.js";
import { sourceName } from "./source.js";
import { type Stateful, type Step, statefulOf } from "./stateful.js";

const ASYNC_FUNCTION: unknown = Object.getPrototypeOf(async () => {});

/** One node of a plan, ready to be called in every batch without making anything but its value. */
export class Slot {
  /** The place of its source among the plan's, or -1. */
  readonly source: number;
  readonly stateful: Stateful | undefined;
  /** Its value is a view of its state that no other node reads. */
  readonly viewLast: boolean;
  readonly #op: Op;
  readonly #fn: AtomFunction | undefined;
  readonly #edges: Uint32Array;
  // The arguments, made once: [state], params, then room for the dependencies' values or their list.
  readonly #args: unknown[];
  readonly #values: number;
  #asynchronous: boolean;

  constructor(op: Op, edges: Uint32Array, sources: readonly string[], read: boolean) {
    const fn = "fn" in op ? op.fn : undefined;
    const source = fn && sourceName(fn);
    this.source = source === undefined ? -1 : sources.indexOf(source);
    this.stateful = fn && statefulOf(fn);
    this.viewLast = this.stateful?.value !== undefined && !read;
    this.#op = op;
    this.#fn = this.stateful?.next ?? fn;
    this.#edges = edges;
    this.#args = [...(this.stateful ? [undefined] : []), ...("params" in op ? op.params : [])];
    this.#values = this.#args.length;
    if (op.kind === "apply") for (let i = 0; i < edges.length; i++) this.#args.push(undefined);
    else if (op.kind === "all") this.#args.push(undefined);
    this.#asynchronous = this.#fn !== undefined && Object.getPrototypeOf(this.#fn) === ASYNC_FUNCTION;
  }

  get asynchronous(): boolean {
    return this.#asynchronous;
  }

  /** The function returned a promise without being declared async. */
  becomeAsynchronous(): void {
    if (this.#op.kind === "fold")
      throw new TypeError(
        "a fold's init, step and finish are synchronous; use apply.all for an asynchronous reduction",
      );
    this.#asynchronous = true;
  }

  /** Runs the atom on `values`, which are indexed by slot. */
  call(values: readonly unknown[], state: unknown): unknown {
    const edges = this.#edges;
    const op = this.#op;
    switch (op.kind) {
      case "alias":
        return values[edges[0]!];
      case "fold": {
        const { init, step, finish } = op.fold;
        let reduced = init();
        for (let i = 0; i < edges.length; i++) reduced = step(reduced, values[edges[i]!]);
        return finish ? finish(reduced) : reduced;
      }
      case "all": {
        const list: unknown[] = [];
        for (let i = 0; i < edges.length; i++) list.push(values[edges[i]!]);
        this.#args[this.#values] = list;
        return this.#invoke(state);
      }
      case "apply":
        for (let i = 0; i < edges.length; i++) this.#args[this.#values + i] = values[edges[i]!];
        return this.#invoke(state);
    }
  }

  /** The state that `next` gave. */
  stateAfter(result: unknown): unknown {
    const { value } = this.stateful!;
    if (value) {
      if (result === undefined) throw new TypeError("next returned nothing; it returns the new state");
      return result;
    }
    if (typeof result !== "object" || result === null || !("state" in result) || !("value" in result))
      throw new TypeError("next returned no { state, value }");
    return (result as Step<unknown, unknown>).state;
  }

  /** The value that belongs to what `next` gave. */
  valueAfter(result: unknown): unknown {
    return this.stateful!.value ? this.view(result) : (result as Step<unknown, unknown>).value;
  }

  view(state: unknown): unknown {
    return this.stateful!.value!(state);
  }

  #invoke(state: unknown): unknown {
    const args = this.#args;
    if (this.stateful) args[0] = state;
    const fn = this.#fn!;
    let result: unknown;
    switch (args.length) {
      case 0:
        result = fn();
        break;
      case 1:
        result = fn(args[0]);
        break;
      case 2:
        result = fn(args[0], args[1]);
        break;
      case 3:
        result = fn(args[0], args[1], args[2]);
        break;
      default:
        result = fn(...args);
    }
    // the batch's values are not held until the next one
    if (this.stateful) args[0] = undefined;
    for (let i = this.#values; i < args.length; i++) args[i] = undefined;
    return result;
  }
}

/** The plan's nodes as slots. */
export function slotsOf(plan: Plan): Slot[] {
  const { starts, edges, ops } = plan;
  const read = new Set(edges);
  return ops.map(
    (op, i) =>
      new Slot(op, edges.subarray(starts[i], starts[i + 1]), plan.sources, read.has(plan.constants.length + i)),
  );
}
