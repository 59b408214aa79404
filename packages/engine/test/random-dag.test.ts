import { createGraph, type Op, type Ref } from "@graphvm/engine";
import fc from "fast-check";
import { expect, test } from "vitest";
import { call, rule } from "./helpers.js";

// Node i depends on nodes before it; a kind chooses how. Values are exact integers.
type Dag = readonly { readonly deps: readonly number[]; readonly kind: number }[];

const dags: fc.Arbitrary<Dag> = fc
  .array(fc.tuple(fc.array(fc.nat(), { maxLength: 5 }), fc.nat(5)), { minLength: 1, maxLength: 40 })
  .map((nodes) => nodes.map(([deps, kind], i) => ({ kind, deps: i === 0 ? [] : deps.map((d) => d % i) })));

const mix = (i: number, values: readonly number[]): number => values.reduce((h, v) => (h * 31 + v) % 1_000_003, i + 1);

/** What the graph must give: plain recursion, nothing shared. */
function naive(dag: Dag, i: number, memo: Map<number, number>): number {
  const known = memo.get(i);
  if (known !== undefined) return known;
  const { deps, kind } = dag[i]!;
  const value =
    kind === 0 && deps.length > 0
      ? naive(dag, deps[0]!, memo)
      : mix(
          i,
          deps.map((d) => naive(dag, d, memo)),
        );
  memo.set(i, value);
  return value;
}

function rules(dag: Dag): (i: number) => Ref<number> {
  const node = rule<[number], number>("node", (i): Op | Ref => {
    const { deps, kind } = dag[i]!;
    const refs = deps.map((d) => node(d));
    switch (deps.length > 0 ? kind : 1) {
      case 0:
        return refs[0]!;
      case 1:
        return call((at: number, ...values: number[]) => mix(at, values), [i], refs);
      case 2:
        return { kind: "all", fn: (at: number, values: number[]) => mix(at, values), params: [i], deps: refs };
      case 3:
        return {
          kind: "fold",
          fold: { init: () => [], step: (s, x) => [...(s as number[]), x], finish: (s) => mix(i, s as number[]) },
          deps: refs.values(),
        };
      case 4:
        return call(async (at: number, ...values: number[]) => mix(at, values), [i], refs);
      default:
        return call((at: number, ...values: number[]) => Promise.resolve(mix(at, values)), [i], refs);
    }
  });
  return node;
}

test("E5: any random graph gives what plain recursion gives, whatever is asked for first", async () => {
  await fc.assert(
    fc.asyncProperty(dags, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), async (dag, picks) => {
      const node = rules(dag);
      const graph = createGraph();
      const memo = new Map<number, number>();
      for (const pick of picks) {
        const i = pick % dag.length;
        expect(await graph.calc(node(i))).toBe(naive(dag, i, memo));
      }
      expect(graph.stats().computed).toBe(memo.size);
      expect(graph.stats().nodes).toBe(memo.size);
    }),
    { numRuns: 300 },
  );
});
