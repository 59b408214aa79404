import { type Op, type Ref, streamSource } from "@graphvm/engine";
import { apply } from "../dsl/apply.js";
import { namespace } from "../dsl/namespace.js";
import { dispatch, rule, when } from "../dsl/rule.js";
import { any, int, ref } from "../patterns/pattern.js";
import { type GivenBatches, inBatch } from "./batches.js";
import * as operators from "./operators.js";

interface Previous {
  /** The value of the batch before; null in the first. */
  <T>(x: Ref<T>): Ref<T | null>;
  /** The value `back` batches ago; `fallback` before there is one. */
  <T, F>(x: Ref<T>, back: number, fallback: F): Ref<T | F>;
}

type Sized<W> = <T>(x: Ref<T>, size: number) => Ref<W extends null ? readonly T[] | null : readonly T[]>;

/**
 * Streams, as rules: sources, stateful operators, and streams that run in a batch.
 *
 * @example
 * const price = stream.source<number>("price");
 * for await (const mean of graph.stream(stream.average(price), { source: [1, 2, 6] })) console.log(mean);
 * await graph.calc(stream.final(stream.average(price), [1, 2, 6])); // 3
 */
export const stream = namespace("stream", {
  /** The batches of that name, one at a time. */
  source: rule(<T>(name: string): Op<T> => streamSource<T>(name)),

  /** The mean of all numbers so far. */
  average: rule((x: Ref<number>): Op<number> => apply(operators.average)(x)),

  /** The sum of all numbers so far. */
  sum: rule((x: Ref<number>): Op<number> => apply(operators.sum)(x)),

  /** How many batches there were. */
  count: rule((x: Ref<unknown>): Op<number> => apply(operators.count)(x)),

  /** Every value so far. A list as long as the stream is made for whoever reads it: in a batch, once. */
  record: rule(<T>(x: Ref<T>): Op<readonly T[]> => apply(operators.record as (x: T) => readonly T[])(x)),

  /** The last `size` values, fewer at the start. */
  sliding: dispatch(
    when([ref(), int.min(1)], (x, size) =>
      apply(operators.sliding as (n: number, x: unknown) => readonly unknown[], size)(x),
    ),
  ) as unknown as Sized<"">,

  /** Values in groups of `size`: the group that this batch fills, and null in between. */
  tumbling: dispatch(
    when([ref(), int.min(1)], (x, size) =>
      apply(operators.tumbling as (n: number, x: unknown) => readonly unknown[] | null, size)(x),
    ),
  ) as unknown as Sized<null>,

  /** A value of batches before. */
  previous: dispatch(
    when([ref()], (x) => apply(operators.previous as Delay, 1, null)(x)),
    when([ref(), int.min(1), any], (x, back, fallback) => apply(operators.previous as Delay, back, fallback)(x)),
  ) as unknown as Previous,

  /** The last value that was not null: `fallback` before there is one. */
  last: rule(
    <T, F>(x: Ref<T | null>, fallback: F): Op<T | F> =>
      apply(operators.last as (fallback: F, x: T | null) => T | F, fallback)(x),
  ),

  /** A reduction that shows every step. `step` is a closed or exported function. */
  scan: rule(
    <T, S>(x: Ref<T>, step: (reduced: S, x: T) => S, init: S): Op<S> =>
      apply(operators.scan as (step: (reduced: S, x: T) => S, init: S, x: T) => S, step, init)(x),
  ),

  /** In a batch: the value after the last of all batches. */
  final: rule(<T>(x: Ref<T>, batches: GivenBatches): Op<T> => inBatch(x, batches, "last") as Op<T>),

  /** In a batch: the value after each of all batches. */
  outputs: rule(
    <T>(x: Ref<T>, batches: GivenBatches): Op<readonly T[]> => inBatch(x, batches, "all") as Op<readonly T[]>,
  ),
});

type Delay = (back: number, fallback: unknown, x: unknown) => unknown;
