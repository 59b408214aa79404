import type { Fold, Op, Ref } from "@graphvm/engine";

type Refs<X extends unknown[]> = { [K in keyof X]: Ref<X[K]> };

interface Apply {
  /**
   * An op: `fn` gets the params and then each dependency's value. Types of dependencies are checked against what `fn`
   * takes after its params.
   *
   * @example apply(wsum, [0.7, 0.3])(seq.fib(n - 1), seq.fib(n - 2))
   */
  <P extends unknown[], X extends unknown[], T>(
    fn: (...args: [...P, ...X]) => T | Promise<T>,
    ...params: P
  ): (...deps: Refs<X>) => Op<T>;

  /** An op over any number of dependencies of one type, which `fn` gets as one array after its params. */
  all<P extends unknown[], X, T>(
    fn: (...args: [...P, values: readonly X[]]) => T | Promise<T>,
    ...params: P
  ): (deps: Iterable<Ref<X>>) => Op<T>;

  /** A reduction in the order of the dependencies, one value at a time. `deps` may be a generator. */
  fold<X, S, T = S>(fold: Fold<X, S, T>): (deps: Iterable<Ref<X>>) => Op<T>;
}

function applyEach(fn: (...args: never[]) => unknown, ...params: unknown[]): (...deps: Ref[]) => Op {
  return (...deps) => ({ kind: "apply", fn, params, deps });
}

function applyAll(fn: (...args: never[]) => unknown, ...params: unknown[]): (deps: Iterable<Ref>) => Op {
  return (deps) => ({ kind: "all", fn, params, deps });
}

function applyFold(fold: Fold<unknown, unknown, unknown>): (deps: Iterable<Ref>) => Op {
  return (deps) => ({ kind: "fold", fold, deps });
}

/** Binds a function to params and dependencies: what a rule's body returns. */
export const apply: Apply = Object.assign(applyEach, { all: applyAll, fold: applyFold }) as unknown as Apply;

/** An op whose value is the target's value. A body may as well return the ref itself. */
export function alias<T>(target: Ref<T>): Op<T> {
  return { kind: "alias", deps: [target] };
}
