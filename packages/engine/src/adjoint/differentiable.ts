import type { AtomFunction, Fold } from "../graph/op.js";

/** What can be differentiated: a number, or a vector of doubles (a matrix is one too, with its shape among the params). */
export type Numeric = number | Float64Array;

/** What flows back for a value of type T: dy/dvalue, of the value's own shape. `never` for what is no number. */
export type Cotangent<T> = unknown extends T
  ? Numeric
  : [T] extends [number]
    ? number
    : [T] extends [Float64Array]
      ? Float64Array
      : Extract<T, Numeric>;

/** One cotangent for each input, or null where the output does not depend on it (or it is no number). */
export type Cotangents<X extends readonly unknown[]> = { readonly [K in keyof X]: Cotangent<X[K]> | null };

/** How any vector-Jacobian product looks to the sweep. */
export type VectorJacobian = (
  cotangent: Numeric,
  inputs: readonly unknown[],
  output: Numeric,
  params: readonly unknown[],
) => readonly (Numeric | null)[];

/** The same for a fold, one value at a time. */
export type FoldVectorJacobian = (
  cotangent: Numeric,
  input: unknown,
  output: Numeric,
  index: number,
  count: number,
) => Numeric | null;

interface Differentiable {
  /**
   * A function with its vector-Jacobian product: `apply` takes it as it takes `forward`.
   *
   * `vjp(cotangent, inputs, output, params)` gets dy/doutput and gives dy/dinput for each input, in order and of each
   * input's shape. It is synchronous, writes to nothing it is given, and runs in the atom's context: it draws the same
   * random numbers as `forward` did.
   *
   * @example
   * const times = differentiable(
   *   (a: number, b: number) => a * b,
   *   (c, [a, b]) => [c * b, c * a],
   * );
   * apply(times)(spot, units);
   */
  <X extends unknown[], T>(
    forward: (...inputs: X) => T,
    vjp: (cotangent: Cotangent<Awaited<T>>, inputs: X, output: Awaited<T>) => Cotangents<X>,
  ): (...inputs: X) => T;

  /**
   * The same for a function whose first arguments are params. Say in `vjp` which are which, by the types of `inputs` and
   * `params`.
   *
   * @example
   * const scale = differentiable.withParams(
   *   (k: number, x: number) => k * x,
   *   (c, _inputs: [x: number], _output, [k]: [k: number]) => [k * c],
   * );
   * apply(scale, 2)(spot);
   */
  withParams<P extends unknown[], X extends unknown[], A extends [...P, ...X], T>(
    forward: (...args: A) => T,
    vjp: (cotangent: Cotangent<Awaited<T>>, inputs: X, output: Awaited<T>, params: P) => Cotangents<X>,
  ): (...args: [...P, ...X]) => T;

  /**
   * A function of params and one array, for `apply.all`. `vjp` gives one cotangent for each item of the array.
   *
   * @example
   * const total = differentiable.all(
   *   (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0),
   *   (c, xs) => xs.map(() => c),
   * );
   * apply.all(total)(prices);
   */
  all<P extends unknown[], X, A extends [...P, readonly X[]], T>(
    forward: (...args: A) => T,
    vjp: (
      cotangent: Cotangent<Awaited<T>>,
      inputs: readonly X[],
      output: Awaited<T>,
      params: P,
    ) => readonly (Cotangent<X> | null)[],
  ): (...args: [...P, values: readonly X[]]) => T;

  /**
   * A fold, for `apply.fold`. `vjp(cotangent, input, output, index, count)` is asked for one input at a time, so that a
   * reduction of any number of values never lists them. It suits sums, means and maxima; what needs the states in between
   * is a function for `apply.all`.
   *
   * @example
   * const sum = differentiable.fold({ init: () => 0, step: (a: number, b: number) => a + b }, (c) => c);
   */
  fold<X, S, T = S>(
    fold: Fold<X, S, T>,
    vjp: (cotangent: Cotangent<T>, input: X, output: T, index: number, count: number) => Cotangent<X> | null,
  ): Fold<X, S, T>;
}

const VJP: unique symbol = Symbol("graphvm.vjp");

/** Binds rather than wraps: an asynchronous function stays one, and the user's own function is not written to. */
function withVjp(forward: AtomFunction, vjp: VectorJacobian): AtomFunction {
  const bound = forward.bind(undefined);
  Object.defineProperty(bound, "name", { value: forward.name });
  return Object.defineProperty(bound, VJP, { value: vjp });
}

function foldWithVjp(fold: Fold<unknown, unknown, unknown>, vjp: FoldVectorJacobian): Fold<unknown, unknown, unknown> {
  return Object.defineProperty({ ...fold }, VJP, { value: vjp });
}

/** Gives an atom its vector-Jacobian product, so that `graph.adjoint` can pass it. */
export const differentiable: Differentiable = Object.assign(withVjp, {
  withParams: withVjp,
  all: withVjp,
  fold: foldWithVjp,
}) as unknown as Differentiable;

/** The vector-Jacobian product of a function, or undefined where it has none. */
export function vjpOf(fn: AtomFunction): VectorJacobian | undefined {
  return (fn as { readonly [VJP]?: VectorJacobian })[VJP];
}

/** The vector-Jacobian product of a fold, or undefined where it has none. */
export function foldVjpOf(fold: object): FoldVectorJacobian | undefined {
  return (fold as { readonly [VJP]?: FoldVectorJacobian })[VJP];
}
