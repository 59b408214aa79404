import type { Ref } from "../identity/ref.js";

/** A function from params and input values to one output value. Its types are checked where `apply` is called. */
// biome-ignore lint/suspicious/noExplicitAny: the graph holds atoms of every type
export type AtomFunction = (...args: any[]) => unknown;

/** How a reduction starts, takes one value, and ends. */
export interface Fold<X, S, T = S> {
  readonly init: () => S;
  readonly step: (state: S, value: X) => S;
  readonly finish?: (state: S) => T;
}

declare const VALUE: unique symbol;

/**
 * What a rule expands to: an atom bound to its own params, and the refs it depends on. A closed set of kinds.
 *
 * - `apply`: the function gets params and then each dependency's value.
 * - `all`: the function gets params and then one array with every dependency's value.
 * - `fold`: the values are reduced in order, one at a time.
 * - `alias`: the value is the dependency's value.
 */
export type Op<T = unknown> = (
  | {
      readonly kind: "apply";
      readonly fn: AtomFunction;
      readonly params: readonly unknown[];
      readonly deps: readonly Ref[];
    }
  | {
      readonly kind: "all";
      readonly fn: AtomFunction;
      readonly params: readonly unknown[];
      readonly deps: Iterable<Ref>;
    }
  | { readonly kind: "fold"; readonly fold: Fold<unknown, unknown, unknown>; readonly deps: Iterable<Ref> }
  | { readonly kind: "alias"; readonly deps: readonly [Ref] }
) & { readonly [VALUE]?: T };

const KINDS: ReadonlySet<unknown> = new Set(["apply", "all", "fold", "alias"]);

/** Whether what a rule's body returned is an op. */
export function isOp(value: unknown): value is Op {
  return typeof value === "object" && value !== null && KINDS.has((value as { kind?: unknown }).kind);
}
