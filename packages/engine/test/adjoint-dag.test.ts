import { createGraph, differentiable, type Fold, type Jacobian, type Op, type Ref } from "@graphvm/engine";
import fc from "fast-check";
import { expect, test } from "vitest";
import { call, rule } from "./helpers.js";

// Node i depends on nodes before it; a kind chooses how. Values stay within [-1, 1], so that differences are exact enough.
type Dag = readonly { readonly deps: readonly number[]; readonly kind: number }[];

const dags: fc.Arbitrary<Dag> = fc
  .array(fc.tuple(fc.array(fc.nat(), { maxLength: 4 }), fc.nat(4)), { minLength: 1, maxLength: 25 })
  .map((nodes) => nodes.map(([deps, kind], i) => ({ kind, deps: i === 0 ? [] : deps.map((d) => d % i) })));

const mean = (xs: readonly number[]): number => xs.reduce((a, x) => a + x, 0) / xs.length;
const slopes = (c: number, xs: readonly number[]): number[] => xs.map(() => c / xs.length);

const sine = differentiable.withParams(
  (i: number, ...xs: number[]) => Math.sin(i + xs.reduce((a, x) => a + x, 0)),
  (c, xs: number[], _output, [i]: [i: number]) => {
    const slope = c * Math.cos(i + xs.reduce((a, x) => a + x, 0));
    return xs.map(() => slope);
  },
);
const meanAll = differentiable.all(mean, slopes);
const meanFold = differentiable.fold(
  {
    init: () => ({ n: 0, total: 0 }),
    step: (s: { n: number; total: number }, x: number) => ({ n: s.n + 1, total: s.total + x }),
    finish: (s) => s.total / s.n,
  },
  (c, _x, _output, _index, count) => c / count,
);
const product = differentiable(
  (...xs: number[]) => xs.reduce((a, x) => a * x, 1),
  (c, xs) => xs.map((_, i) => xs.reduce((a, x, j) => (i === j ? a : a * x), c)),
);

function rules(dag: Dag): (i: number) => Ref<number> {
  const node = rule<[number], number>("node", (i): Op | Ref => {
    const { deps, kind } = dag[i]!;
    const refs = deps.map((d) => node(d));
    if (refs.length === 0) return call((at: number) => Math.cos(at), [i]);
    switch (kind) {
      case 0:
        return refs[0]!;
      case 1:
        return call(sine, [i], refs);
      case 2:
        return { kind: "all", fn: meanAll, params: [], deps: refs };
      case 3:
        return { kind: "fold", fold: meanFold as Fold<unknown, unknown, unknown>, deps: refs.values() };
      default:
        return call(product, [], refs);
    }
  });
  return node;
}

test("A2: in any random graph, any node's derivative by any other agrees with central differences", async () => {
  await fc.assert(
    fc.asyncProperty(dags, fc.nat(), async (dag, pick) => {
      const node = rules(dag);
      const y = node(dag.length - 1);
      const x = node(pick % dag.length);
      const graph = createGraph();
      const [given] = await graph.adjoint(y, [x]);
      const value = await graph.calc(x);
      const h = 1e-3;
      const at = async (steps: number): Promise<number> => {
        graph.setData(x, value + steps * h);
        return graph.calc(y);
      };
      const difference = (8 * ((await at(1)) - (await at(-1))) - ((await at(2)) - (await at(-2)))) / (12 * h);
      expect(Math.abs(given - difference)).toBeLessThan(1e-7 * Math.max(1, Math.abs(difference)));
    }),
    { numRuns: 300 },
  );
});

test("A6: all at once, one by one, in one graph or another: the same bits", async () => {
  await fc.assert(
    fc.asyncProperty(dags, async (dag) => {
      const node = rules(dag);
      const y = node(dag.length - 1);
      const xs = dag.map((_, i) => node(i));
      const graph = createGraph();
      const together = await graph.adjoint(y, xs);
      const other = createGraph();
      await other.calc([...xs].reverse());
      for (const [i, x] of xs.entries()) {
        expect(Object.is((await graph.adjoint(y, [x]))[0], together[i])).toBe(true);
        expect(Object.is((await other.adjoint(y, [x, xs[0]!]))[0], together[i])).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test("A3: a Jacobian's rows are the derivatives of y's components", async () => {
  const stack = differentiable.all(
    (xs: readonly number[]) => Float64Array.from(xs),
    (c, xs) => xs.map((_, i) => c[i]!),
  );
  await fc.assert(
    fc.asyncProperty(dags, async (dag) => {
      const node = rules(dag);
      const all = dag.map((_, i) => node(i));
      const wide = rule<[], Float64Array>("wide", () => ({ kind: "all", fn: stack, params: [], deps: all }));
      const graph = createGraph();
      const jacobians: Jacobian[] = await graph.adjoint(wide(), all);
      for (const [row, y] of all.entries()) {
        const single = await graph.adjoint(y, all);
        for (const [i, jacobian] of jacobians.entries()) expect(jacobian.data[row]! - single[i]!).toBeCloseTo(0, 12);
      }
    }),
    { numRuns: 50 },
  );
});
