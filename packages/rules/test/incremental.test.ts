import { createGraph, type Graph, NotComputedError, nodeId } from "@graphvm/engine";
import {
  apply,
  dispatch,
  int,
  label,
  namespace,
  number,
  type Op,
  type Ref,
  redefine,
  rule,
  when,
} from "@graphvm/rules";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

let runs: string[] = [];
/** An atom that notes that it ran. */
const noted =
  <A extends unknown[], T>(name: string, fn: (...args: A) => T): ((...args: A) => T) =>
  (...args) => {
    runs.push(name);
    return fn(...args);
  };

const sheet = namespace("sheet", {
  source: rule((name: string): Op<number> => apply((n: string) => n.length, name)()),
  double: rule((of: Ref<number>): Op<number> => apply(noted("double", (x: number) => 2 * x))(of)),
  sign: rule((of: Ref<number>): Op<number> => apply(noted("sign", (x: number) => Math.sign(x)))(of)),
  sum: rule(
    (of: readonly Ref<number>[]): Op<number> =>
      apply.all(noted("sum", (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0)))(of),
  ),
});

async function count<T>(work: () => Promise<T>): Promise<[T, string[]]> {
  runs = [];
  const value = await work();
  return [value, runs];
}

describe("an edited source", () => {
  const a = sheet.source("a");
  const b = sheet.source("bb");
  const total = sheet.sum([sheet.double(a), sheet.double(b), sheet.sign(a)]);

  test("E16: recomputes exactly what depends on it", async () => {
    const graph = createGraph();
    expect(await graph.calc(total)).toBe(2 + 4 + 1);
    graph.setData(a, 5);
    expect(graph.hasData(total)).toBe(false);
    expect(() => graph.getData(total)).toThrow(NotComputedError);
    expect(graph.explain(total).state).toBe("stale");
    const [value, again] = await count(() => graph.calc(total));
    expect(value).toBe(10 + 4 + 1);
    expect(again.sort()).toEqual(["double", "sign", "sum"]);
    expect(graph.explain(total).state).toBe("computed");
  });

  test("E17: stops where a value comes out equal", async () => {
    const graph = createGraph();
    const signs = sheet.sum([sheet.sign(a), sheet.sign(b)]);
    await graph.calc(signs);
    graph.setData(a, 7);
    const [value, again] = await count(() => graph.calc(signs));
    expect(value).toBe(2);
    expect(again).toEqual(["sign"]);
  });

  test("E17: given the value it has, nothing is out of date", async () => {
    const graph = createGraph();
    await graph.calc(total);
    graph.setData(a, 1);
    expect(graph.hasData(total)).toBe(true);
  });

  test("E16: invalidating a node runs it again, and what depends on it only if it changed", async () => {
    const graph = createGraph();
    await graph.calc(total);
    graph.invalidate(sheet.double(a));
    const [, again] = await count(() => graph.calc(total));
    expect(again).toEqual(["double"]);
  });

  test("E16: new dependents of an old node are found too", async () => {
    const graph = createGraph();
    await graph.calc(sheet.double(a));
    graph.setData(a, 3);
    await graph.calc(total);
    graph.setData(a, 4);
    expect(await graph.calc(total)).toBe(8 + 4 + 1);
  });
});

describe("redefining a namespace", () => {
  const make = (factor: number): { price: (net: number) => Ref<number>; shop: (net: number) => Ref<number> } => {
    const price = namespace("price", {
      net: rule(
        (net: number): Op<number> =>
          apply(
            noted("net", (n: number) => n),
            net,
          )(),
      ),
      gross: (factor === 2
        ? rule((net: number): Op<number> => apply(noted("gross", (n: number) => n * 2))(price.net(net)))
        : rule((net: number): Op<number> => apply(noted("gross", (n: number) => n * 3))(price.net(net + 0)))) as (
        net: number,
      ) => Ref<number>,
    });
    const shop = namespace("shop", { total: rule((net: number): Ref<number> => alias2(price.gross(net))) });
    spaces.push(price);
    return { price: price.gross, shop: shop.total };
  };
  const spaces: object[] = [];
  const alias2 = (ref: Ref<number>): Ref<number> => ref;

  test("E18: runs nodes of changed rules and what depends on them, keeps the rest", async () => {
    const graph = createGraph();
    const old = make(2);
    expect(await graph.calc(old.shop(5))).toBe(10);
    make(3);
    expect(redefine(graph, spaces.at(-1)!)).toBe(1);
    const [value, again] = await count(() => graph.calc(old.shop(5)));
    expect(value).toBe(15);
    expect(again).toEqual(["gross"]);
  });

  test("E18: the same text changes nothing; `all` runs every rule again", async () => {
    const graph = createGraph();
    const old = make(2);
    await graph.calc(old.shop(5));
    make(2);
    expect(redefine(graph, spaces.at(-1)!)).toBe(0);
    expect(graph.hasData(old.shop(5))).toBe(true);
    expect(redefine(graph, spaces.at(-1)!, { all: true })).toBe(2);
    const [, again] = await count(() => graph.calc(old.shop(5)));
    expect(again.sort()).toEqual(["gross", "net"]);
  });
});

describe("explain", () => {
  const seq = namespace("seq16", {
    fib: dispatch(
      when([int.max(1)], (n): Op<number> => apply((x: number) => x, n)()),
      when([int], (n): Op<number> => apply((a: number, b: number) => a + b)(seq.fib(n - 1), seq.fib(n - 2))),
      when([number], (x): Ref<number> => seq.fib(Math.floor(x))),
    ),
  });

  test("E19: names the clause, the params, the dependencies, the state and the time", async () => {
    const graph = createGraph({ timings: true });
    expect(graph.explain(seq.fib(3)).state).toBe("new");
    await graph.calc(seq.fib(3));
    const { rule, params, clauses, dependencies, state, seconds, given } = graph.explain(seq.fib(3));
    expect({ rule, params, dependencies, state, given }).toEqual({
      rule: "seq16.fib",
      params: "3",
      dependencies: ["seq16.fib(2)", "seq16.fib(1)"],
      state: "computed",
      given: false,
    });
    expect(clauses).toEqual(["[int.max(1)]: param 1 (3) is not int.max(1)", "[int]: matches", "[number]: matches"]);
    expect(seconds).toBeGreaterThanOrEqual(0);
  });

  test("E19: a label is for people and has no part in identity", async () => {
    const graph = createGraph();
    const named = label(seq.fib(2), "second");
    expect(nodeId(named)).toBe(nodeId(seq.fib(2)));
    expect(await graph.calc(named)).toBe(1);
    expect(graph.explain(seq.fib(2)).label).toBe("second");
    expect(graph.hasData(seq.fib(2))).toBe(true);
  });
});

/** A random graph: node i sums some earlier nodes and adds i, or keeps only the sign. */
const dags = fc.array(fc.record({ deps: fc.array(fc.nat(), { maxLength: 4 }), coarse: fc.boolean() }), {
  minLength: 2,
  maxLength: 40,
});
type Dag = readonly { readonly deps: readonly number[]; readonly coarse: boolean }[];

function refsOf(dag: Dag): Ref<number>[] {
  const made: Ref<number>[] = [];
  const dagNs = namespace("dag16", {
    source: rule((i: number): Op<number> => apply((n: number) => n, i)()),
    inner: rule(
      (i: number, coarse: boolean, deps: readonly Ref<number>[]): Op<number> =>
        apply.all(
          (n: number, only: boolean, xs: readonly number[]) => {
            const sum = xs.reduce((a, b) => a + b, n);
            return only ? Math.sign(sum) : sum;
          },
          i,
          coarse,
        )(deps),
    ),
  });
  dag.forEach(({ deps, coarse }, i) => {
    const earlier = i === 0 ? [] : deps.map((dep) => made[dep % i]!);
    made.push(earlier.length === 0 ? dagNs.source(i) : dagNs.inner(i, coarse, earlier));
  });
  return made;
}

describe("property", () => {
  const edits = fc.array(fc.record({ node: fc.nat(), value: fc.integer({ min: -50, max: 50 }), look: fc.nat() }), {
    maxLength: 12,
  });
  const retains = fc.constantFrom<"all" | "targets" | { bytes: number }>("all", "targets", { bytes: 4 * 1024 * 1024 });

  test("E16: after any edits, under any retention, a graph gives what a fresh one gives", async () => {
    await fc.assert(
      fc.asyncProperty(dags, edits, retains, async (dag, changes, retain) => {
        const refs = refsOf(dag);
        const live: Graph = createGraph({ retain });
        const given = new Map<number, number>();
        try {
          for (const { node, value, look } of changes) {
            const at = node % refs.length;
            live.setData(refs[at]!, value);
            given.set(at, value);
            const fresh = createGraph();
            for (const [index, each] of given) fresh.setData(refs[index]!, each);
            const target = refs[look % refs.length]!;
            expect(await live.calc(target)).toBe(await fresh.calc(target));
          }
          const fresh = createGraph();
          for (const [index, each] of given) fresh.setData(refs[index]!, each);
          expect(await live.calc(refs)).toEqual(await fresh.calc(refs));
        } finally {
          live.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});

test("E16: one of 1,000 sources under a million nodes: time and runs go with its dependents", {
  timeout: 120_000,
}, async () => {
  const big = namespace("big16", {
    source: rule((i: number): Op<number> => apply((n: number) => n, i)()),
    step: rule(
      (i: number, depth: number): Op<number> =>
        apply((x: number) => x + 1)(depth === 0 ? big.source(i) : big.step(i, depth - 1)),
    ),
    all: rule(
      (sources: number, depth: number): Op<number> =>
        apply.fold({ init: () => 0, step: (sum: number, x: number) => sum + x })(
          Array.from({ length: sources }, (_, i) => big.step(i, depth)),
        ),
    ),
  });
  const graph = createGraph();
  const root = big.all(1000, 999) as Ref<number>;
  await graph.calc(root);
  const before = graph.stats();
  expect(before.nodes).toBe(1_001_001);
  graph.setData(big.source(7), 0.5);
  await graph.calc(root);
  graph.setData(big.source(8), 0.5);
  const start = performance.now();
  await graph.calc(root);
  const milliseconds = performance.now() - start;
  expect(graph.stats().runs - before.runs).toBe(2 * 1001);
  expect(milliseconds).toBeLessThan(500);
});
