// Right and wrong uses of streams, checked by `tsc -p tsconfig.test.json`: every @ts-expect-error must be one.
import {
  apply,
  createGraph,
  defineStateful,
  namespace,
  type Op,
  type Ref,
  rule,
  type Stream,
  stream,
} from "@graphvm/rules";
import { expect, expectTypeOf, test } from "vitest";

/** Never called: its types are the test. */
export function uses(): void {
  const x = stream.source<number>("x");
  const words = stream.source<string>("words");
  const longest = defineStateful({
    state: () => "",
    next: (best: string, word: string) => (word.length > best.length ? word : best),
    value: (best: string) => best.length,
  });
  const ratio = defineStateful({
    state: () => ({ n: 0 }),
    next: async ({ n }: { n: number }, by: number, a: number, b: string) => ({
      state: { n: n + a },
      value: [b, n / by] as const,
    }),
  });
  expectTypeOf(longest).toEqualTypeOf<(word: string) => number>();
  expectTypeOf(ratio).toEqualTypeOf<(by: number, a: number, b: string) => readonly [string, number]>();
  namespace("own", {
    longest: rule((): Op<number> => apply(longest)(words)),
    ratio: rule((): Op<readonly [string, number]> => apply(ratio, 2)(x, words)),
    // @ts-expect-error numbers are no words
    wrong: rule((): Op<number> => apply(longest)(x)),
    // @ts-expect-error the param is a number
    param: rule((): Op<readonly [string, number]> => apply(ratio, "2")(x, words)),
  });
  expectTypeOf(stream.average(x)).toEqualTypeOf<Ref<number>>();
  expectTypeOf(stream.sliding(words, 3)).toEqualTypeOf<Ref<readonly string[]>>();
  expectTypeOf(stream.tumbling(words, 3)).toEqualTypeOf<Ref<readonly string[] | null>>();
  expectTypeOf(stream.record(words)).toEqualTypeOf<Ref<readonly string[]>>();
  expectTypeOf(stream.previous(words)).toEqualTypeOf<Ref<string | null>>();
  expectTypeOf(stream.previous(words, 2, 0)).toEqualTypeOf<Ref<string | number>>();
  expectTypeOf(stream.scan(words, (n: number, word) => n + word.length, 0)).toEqualTypeOf<Ref<number>>();
  expectTypeOf(stream.final(stream.record(words), ["a"])).toEqualTypeOf<Ref<readonly string[]>>();
  expectTypeOf(stream.outputs(x, { x: new Float64Array(3) })).toEqualTypeOf<Ref<readonly number[]>>();
  // @ts-expect-error an average is of numbers
  stream.average(words);
  const graph = createGraph();
  expectTypeOf(graph.stream(words, { source: ["a"] })).toEqualTypeOf<Stream<string>>();
  expectTypeOf(graph.stream([x, stream.sum(x)], { source: [1] })).toEqualTypeOf<Stream<number[]>>();
  // @ts-expect-error a stream needs batches
  graph.stream(words, {});
}

test("T10: types of operators and stateful atoms hold", () => {
  expect(uses).toBeInstanceOf(Function);
});
