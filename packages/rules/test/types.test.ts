// Right and wrong uses of the DSL, checked by `tsc -p tsconfig.test.json`: every @ts-expect-error must be one.
import {
  alias,
  apply,
  clone,
  createGraph,
  dispatch,
  file,
  type Groups,
  int,
  mr,
  namespace,
  number,
  type Op,
  type Pairs,
  partial,
  type Ref,
  rule,
  shape,
  shuffler,
  string,
  when,
} from "@graphvm/rules";
import { expect, expectTypeOf, test } from "vitest";

type Vec = Float64Array;
interface Table {
  readonly columns: readonly string[];
}
interface ModelSpec {
  readonly model: string;
  readonly [option: string]: unknown;
}
interface Keyed {
  readonly key: string;
  readonly table: Table;
}
declare function wsum(w: number[], a: Vec, b: Vec): Vec;
declare function randomVector(n: number): Vec;
declare function sample(y: string, frac: number, t: Table): Table;
declare function evens(n: number): Iterable<Ref<Vec>>;
declare function hashShuffler<A>(
  key: (a: A) => string,
  pipes: number,
): (mapped: readonly Ref<A[]>[]) => readonly Ref<A[]>[];
declare function shuffleTables(mapped: readonly Ref<Table>[]): readonly Ref<Table>[];
declare const batches: Ref<Table>[];
declare const words: Ref<string>;
declare const forest: ModelSpec;

/** Never called: its types are the test. */
export function uses(): void {
  const seq = namespace("seq", {
    fib: dispatch(
      when([int.max(1)], (): Op<Vec> => apply(randomVector, 10)()),
      when([int], (n): Op<Vec> => apply(wsum, [0.7, 0.3])(seq.fib(n - 1), seq.fib(n - 2))),
      when([number], (x): Ref<Vec> => seq.fib(Math.floor(x))),
    ),
    zero: dispatch(
      when([0], (): Op<Vec> => apply(randomVector, 1)()),
      when(["last", int], (_, n): Op<Vec> => apply(randomVector, n)()),
    ),
    sumEven: rule(
      (n: number): Op<Vec> =>
        apply.fold({ init: () => new Float64Array(10), step: (s: Vec, x: Vec) => s.map((v, i) => v + x[i]!) })(
          evens(n),
        ),
    ),
    same: rule((n: number): Op<Vec> => alias(seq.fib(n))),
  });
  const ml = namespace("ml", {
    downsample: rule((raw: Ref<Table>, y: string, frac: number): Op<Table> => apply(sample, y, frac)(raw)),
    batchPred: rule(
      (test: Ref<Table>, model: ModelSpec, trains: readonly Ref<Table>[]): Op<Keyed[]> =>
        apply.all(
          (m: ModelSpec, xs: readonly Table[]): Keyed[] => xs.map((table) => ({ key: m.model, table })),
          model,
        )([test, ...trains]),
    ),
  });
  const own = namespace("own", { concat: rule(<A>(part: Ref<A[]>): Op<A[]> => apply((xs: A[]) => xs)(part)) });

  // values
  const graph = createGraph();
  expectTypeOf(graph.calc(seq.fib(3))).resolves.toEqualTypeOf<Vec>();
  expectTypeOf(graph.calc([seq.fib(3), seq.zero(0)])).resolves.toEqualTypeOf<Vec[]>();
  expectTypeOf(graph.getData(words)).toEqualTypeOf<string>();
  expectTypeOf(seq.fib(3.2)).toEqualTypeOf<Ref<Vec>>();
  expectTypeOf(seq.zero("last", 3)).toEqualTypeOf<Ref<Vec>>();

  // generic rules keep their inference
  expectTypeOf(mr.mapper(words, (s) => s.split(" "))).toEqualTypeOf<Ref<string[]>>();
  const counted = mr.mapper(words, (s) => [[s, 1]] as Pairs<string, number>);
  expectTypeOf(mr.pipe(mr.splitByKey(counted, 4), 0)).toEqualTypeOf<Ref<Pairs<string, number>>>();
  expectTypeOf(mr.mergeByKey([counted])).toEqualTypeOf<Ref<Groups<string, number>>>();
  expectTypeOf(mr.reducer(mr.mergeByKey([counted]), (_key, values) => values.length)).toEqualTypeOf<
    Ref<Pairs<string, number>>
  >();
  const out: Ref<Table[]> = mr.mapReduce(
    batches,
    partial(
      ml.batchPred,
      forest,
      batches.map((b) => ml.downsample(b, "isFraud", 0.05)),
    ),
    hashShuffler((k: Keyed) => k.key, 4),
    (part) => own.concat(part),
    (xs) => xs.flat().map((k) => k.table),
  );
  const lists = mr.mapReduce(
    batches,
    (table) => mr.mapper(table, (t) => t.columns.map((c) => [c, 1] as const)),
    shuffler<string>(4),
    (part) => mr.reducer(part, (_key, values) => values.length),
  );
  expectTypeOf(lists).toEqualTypeOf<Ref<Pairs<string, number>[]>>();

  // partials
  expectTypeOf(partial(ml.downsample, "isFraud", 0.05)).toEqualTypeOf<(head: Ref<Table>) => Ref<Table>>();
  expectTypeOf(partial(seq.sumEven)).toEqualTypeOf<(head: number) => Ref<Vec>>();

  // clones
  const vecs = clone(seq, "vecs", { sumEven: rule((n: number): Op<Vec> => apply(randomVector, n)()) });
  const v: Ref<Vec> = vecs.fib(3.2);
  expectTypeOf(vecs.sumEven(1)).toEqualTypeOf<Ref<Vec>>();

  // patterns
  when([shape({ model: "Tree", depth: int }), string], (spec, name): Op<string> => {
    expectTypeOf(spec.model).toEqualTypeOf<"Tree">();
    expectTypeOf(spec.depth).toEqualTypeOf<number>();
    return apply((t: string) => t, name)();
  });

  // asynchronous atoms
  expectTypeOf(apply(async (n: number) => String(n), 1)()).toEqualTypeOf<Op<string>>();

  // ---- uses that must not check
  // @ts-expect-error a table rule on a string ref
  ml.downsample(words, "y", 0.1);
  // @ts-expect-error no clause takes a string
  seq.fib("a");
  // @ts-expect-error the literal is 0
  seq.zero(1);
  // @ts-expect-error the value type is Vec
  const wrong: Ref<string> = seq.fib(5);
  // @ts-expect-error a dependency of another type
  apply(wsum, [0.7, 0.3])(seq.fib(1), words);
  // @ts-expect-error one dependency too few
  apply(wsum, [0.7, 0.3])(seq.fib(1));
  // @ts-expect-error a param of another type
  apply(wsum, "weights")(seq.fib(1), seq.fib(2));
  // @ts-expect-error a reduction over refs of another type
  apply.fold({ init: () => 0, step: (s: number, x: number) => s + x })([words]);
  // @ts-expect-error a list of another type
  apply.all((xs: readonly number[]) => xs.length)([words]);
  // @ts-expect-error the bound param is a string
  partial(ml.downsample, 1, 0.05);
  // @ts-expect-error a param is missing
  partial(ml.downsample, "isFraud");
  const downsample = partial(ml.downsample, "y", 0.1);
  // @ts-expect-error the mapper takes tables
  mr.mapReduce([words], downsample, shuffleTables, (part) => part);
  // @ts-expect-error the override gives another type than the base's rules expect
  clone(seq, "bad", { sumEven: rule((n: number): Op<string> => apply((x: number) => String(x), n)()) });
  // @ts-expect-error a rule's body returns an op or a ref
  rule((n: number) => n + 1);
  // @ts-expect-error there is no such rule
  seq.nope(1);
  const placed = namespace("placed", {
    one: rule((n: number): Op<number> => apply((x: number) => x, n)(), { on: { plane: "eu", tier: "large" } }),
    some: dispatch(
      { on: { tier: "large" } },
      when([int], (n): Op<number> => apply((x: number) => x, n)(), { exports: true }),
      when([string], (s): Op<string> => apply((x: string) => x, s)()),
    ),
  });
  expectTypeOf(placed.one(1)).toEqualTypeOf<Ref<number>>();
  expectTypeOf(placed.some(1)).toEqualTypeOf<Ref<number>>();
  expectTypeOf(placed.some("a")).toEqualTypeOf<Ref<string>>();
  // @ts-expect-error a label is a string
  rule((): Op<number> => apply(() => 1)(), { on: { tier: 3 } });
  // @ts-expect-error a rule has no such option
  rule((): Op<number> => apply(() => 1)(), { at: { plane: "eu" } });
  // @ts-expect-error exports is true or false
  when([int], (n): Op<number> => apply((x: number) => x, n)(), { exports: "yes" });
  const clause = when([int], (n): Op<number> => apply((x: number) => x, n)());
  // @ts-expect-error the placement stands before the clauses
  dispatch(clause, { on: { tier: "large" } });
  // @ts-expect-error a file is bound to a plane and to nothing else
  file("x.csv", { on: { tier: "large" } });
  const keyedByObject = mr.mapper(words, (s) => [[{ s }, 1]] as const);
  // @ts-expect-error a key is a string, number, bigint or boolean
  mr.splitByKey(keyedByObject, 4);
  void [out, v, wrong];
}

test("D16: the types above are checked when the tests are", () => {
  expect(uses).toBeTypeOf("function");
});
