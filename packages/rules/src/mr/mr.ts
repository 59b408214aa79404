import type { Op, Ref } from "@graphvm/engine";
import { apply } from "../dsl/apply.js";
import { namespace } from "../dsl/namespace.js";
import { partial } from "../dsl/partial.js";
import { dispatch, macro, rule, when } from "../dsl/rule.js";
import { array, int, ref } from "../patterns/pattern.js";
import { type Groups, groupPairs, type Key, type Pairs, splitByHash, splitByKeys } from "./pairs.js";

// biome-ignore lint/suspicious/noExplicitAny: a pattern carries no type parameters; the rules below state them
type AnyPairs = Pairs<any, any>;

interface SplitByKey {
  <K extends Key, V>(mapped: Ref<Pairs<K, V>>, keys: readonly K[]): Ref<Pairs<K, V>[]>;
  <K extends Key, V>(mapped: Ref<Pairs<K, V>>, pipes: number): Ref<Pairs<K, V>[]>;
}

/**
 * Map, shuffle and reduce, as rules.
 *
 * A mapped value is a list of `[key, value]` pairs. A shuffler turns mapped refs into one ref a pipe, each holding every
 * pair of its keys, gathered by key. Order is that of the batches, never that of finishing.
 */
export const mr = namespace("mr", {
  /** One batch through a function. */
  mapper: rule(<A, B>(batch: Ref<A>, fn: (batch: A) => B): Op<B> => apply(fn as (batch: A) => B)(batch)),

  /** A node of N parts: one for each key given, or N by hashed key. */
  splitByKey: dispatch(
    when([ref<AnyPairs>(), array], (mapped, keys) =>
      apply((k: readonly Key[], pairs: AnyPairs) => splitByKeys(k, pairs), keys as readonly Key[])(mapped),
    ),
    when([ref<AnyPairs>(), int.min(1)], (mapped, pipes) =>
      apply((n: number, pairs: AnyPairs) => splitByHash(n, pairs), pipes)(mapped),
    ),
  ) as unknown as SplitByKey,

  /** Part `i` of a node of parts. */
  pipe: rule(
    <P>(parts: Ref<readonly P[]>, i: number): Op<P> =>
      apply((at: number, list: readonly P[]) => partAt(list, at), i)(parts),
  ),

  /** The same pipe of every batch, gathered by key. */
  mergeByKey: rule(
    <K extends Key, V>(parts: readonly Ref<Pairs<K, V>>[]): Op<Groups<K, V>> =>
      apply.all((pairs: readonly Pairs<K, V>[]) => groupPairs(pairs))(parts),
  ),

  /** What `shuffler` binds: splits every mapped batch and merges each pipe. */
  shuffle: macro(
    <K extends Key, V>(mapped: readonly Ref<Pairs<K, V>>[], by: readonly K[] | number): Ref<Groups<K, V>>[] =>
      shuffle(mapped, by),
  ),

  /** Each group of one pipe through a function. */
  reducer: rule(
    <K extends Key, V, R>(part: Ref<Groups<K, V>>, fn: (key: K, values: readonly V[]) => R): Op<Pairs<K, R>> =>
      apply(
        (reduce: (key: K, values: readonly V[]) => R, groups: Groups<K, V>) =>
          groups.map(([key, values]) => [key, reduce(key, values)] as const),
        fn,
      )(part),
  ),

  /** Maps every batch, shuffles, reduces every pipe, and gathers the results in the pipes' order (as a list by default). */
  mapReduce: rule(
    <A, B, P, R, G = R[]>(
      batches: readonly Ref<A>[],
      mapper: (batch: Ref<A>) => Ref<B>,
      shuffler: (mapped: readonly Ref<B>[]) => readonly Ref<P>[],
      reducer: (part: Ref<P>) => Ref<R>,
      gather?: (results: readonly R[]) => G,
    ): Op<G> =>
      apply.all(gather ?? asList<R, G>)(shuffler(batches.map((batch) => mapper(batch))).map((part) => reducer(part))),
  ),
});

/**
 * A shuffler for `mr.mapReduce`: by a set of keys (one pipe each) or by hashed key into N pipes.
 *
 * @example
 * mr.mapReduce(batches, partial(mr.mapper, countWords), shuffler(4), partial(mr.reducer, sum));
 */
export function shuffler<K extends Key>(
  by: readonly K[] | number,
): <V>(mapped: readonly Ref<Pairs<K, V>>[]) => Ref<Groups<K, V>>[] {
  return partial(
    mr.shuffle as (mapped: readonly Ref<AnyPairs>[], by: readonly Key[] | number) => Ref<Groups<Key, unknown>>[],
    by,
  ) as never;
}

function shuffle<K extends Key, V>(
  mapped: readonly Ref<Pairs<K, V>>[],
  by: readonly K[] | number,
): Ref<Groups<K, V>>[] {
  const splits = mapped.map((each) => (typeof by === "number" ? mr.splitByKey(each, by) : mr.splitByKey(each, by)));
  const pipes = typeof by === "number" ? by : by.length;
  return Array.from({ length: pipes }, (_, i) =>
    mr.mergeByKey(splits.map((split) => mr.pipe(split, i) as Ref<Pairs<K, V>>)),
  );
}

function asList<R, G>(results: readonly R[]): G {
  return [...results] as G;
}

function partAt<P>(list: readonly P[], i: number): P {
  const part = list[i];
  if (part === undefined) throw new RangeError(`there is no part ${i}: the node has ${list.length}`);
  return part;
}
