import { StreamOnlyError } from "../errors.js";
import type { AtomFunction } from "../graph/op.js";

/** What a stateful atom's `next` gives: the state after this batch, and this batch's value. */
export interface Step<S, T> {
  readonly state: S;
  readonly value: T;
}

/** A stateful atom whose `next` gives state and value together. */
export interface StatefulSpec<S, A extends unknown[], T> {
  /** The state before the first batch. */
  readonly state: () => S;
  /** Called once a batch with params and dependencies' values. Gives a new state; the one it got stays as it is. */
  readonly next: (state: S, ...args: A) => Step<S, T> | Promise<Step<S, T>>;
  /** Raise it when the form of the state changes: states saved under another number are refused. Default 1. */
  readonly version?: number;
}

/** A stateful atom whose value is a view of its state, made only where somebody reads it. */
export interface ViewedStatefulSpec<S, A extends unknown[], T> {
  /** The state before the first batch. */
  readonly state: () => S;
  /** Called once a batch with params and dependencies' values. Gives a new state; the one it got stays as it is. */
  readonly next: (state: S, ...args: A) => S | Promise<S>;
  /** The value that belongs to a state. Synchronous, and a function of the state alone. */
  readonly value: (state: S) => T;
  /** Raise it when the form of the state changes: states saved under another number are refused. Default 1. */
  readonly version?: number;
}

/** A stateful atom as a stream runs it. */
export interface Stateful {
  readonly state: () => unknown;
  readonly next: AtomFunction;
  readonly value: ((state: unknown) => unknown) | undefined;
  readonly version: number;
}

const STATEFUL: unique symbol = Symbol("graphvm.stateful");

/**
 * Defines a stateful atom: a function for `apply` (and `apply.all`) that a stream calls once a batch, with what it gave
 * after the batch before. The state is a value: plain data, arrays, typed arrays, whatever `encodeValue` takes. It must
 * not be changed in place, so that a batch that fails leaves the state of the batch before.
 *
 * Outside a stream there are no batches: run the node with `graph.stream`, or in a batch with `stream.final` or
 * `stream.outputs`.
 *
 * @example
 * const mean = defineStateful({
 *   state: () => ({ n: 0, sum: 0 }),
 *   next: (s: { n: number; sum: number }, x: number) => ({ n: s.n + 1, sum: s.sum + x }),
 *   value: (s: { n: number; sum: number }) => s.sum / s.n,
 * });
 * const prices = namespace("prices", {
 *   mean: rule((): Op<number> => apply(mean)(stream.source<number>("price"))),
 * });
 */
export function defineStateful<S, A extends unknown[], T>(spec: ViewedStatefulSpec<S, A, T>): (...args: A) => T;
export function defineStateful<S, A extends unknown[], T>(spec: StatefulSpec<S, A, T>): (...args: A) => T;
export function defineStateful(spec: {
  readonly state: () => unknown;
  readonly next: AtomFunction;
  readonly value?: (state: unknown) => unknown;
  readonly version?: number;
}): AtomFunction {
  const { state, next, value, version = 1 } = spec;
  const stateful: Stateful = { state, next, value, version };
  const atom = (): never => {
    throw new StreamOnlyError(
      "A stateful atom runs once a batch: use graph.stream(ref, { source }), or stream.final(ref, batches) in a batch.",
      {},
    );
  };
  return Object.defineProperty(atom, STATEFUL, { value: stateful });
}

/** What `defineStateful` was given for this function, or undefined for any other. */
export function statefulOf(fn: AtomFunction): Stateful | undefined {
  return (fn as { [STATEFUL]?: Stateful })[STATEFUL];
}
