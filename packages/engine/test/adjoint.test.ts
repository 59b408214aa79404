import {
  BadSeedError,
  createGraph,
  differentiable,
  type Fold,
  type Jacobian,
  NotDifferentiableError,
  NotNumericError,
  nodeId,
  type Op,
  type Ref,
  VjpFailedError,
} from "@graphvm/engine";
import { describe, expect, test } from "vitest";
import { call, rejection, rule } from "./helpers.js";

const add = differentiable(
  (a: number, b: number) => a + b,
  (c) => [c, c],
);
const times = differentiable(
  (a: number, b: number) => a * b,
  (c, [a, b]) => [c * b, c * a],
);
const scale = differentiable.withParams(
  (k: number, x: number) => k * x,
  (c, _inputs: [x: number], _output, [k]: [k: number]) => [k * c],
);
const plus = differentiable(
  (a: Float64Array, b: Float64Array) => a.map((v, i) => v + b[i]!),
  (c) => [c, c],
);
const sum = differentiable.fold({ init: () => 0, step: (a: number, b: number) => a + b }, (c) => c);
const foldOp = (deps: Iterable<Ref>): Op => ({ kind: "fold", fold: sum as Fold<unknown, unknown>, deps });

const x = rule<[number], number>("x", (v) => call(() => v));
const fib = rule<[number], number>("fib", (n): Op => (n < 2 ? call(() => n) : call(add, [], [fib(n - 1), fib(n - 2)])));
const vector = rule<[number], Float64Array>(
  "vector",
  (n): Op => (n < 2 ? call(() => new Float64Array(10).fill(n)) : call(plus, [], [vector(n - 1), vector(n - 2)])),
);
const diagonal = ({ data, columns }: Jacobian): number[] =>
  Array.from({ length: columns }, (_, i) => data[i * (columns + 1)]!);

describe("A1: atoms carry their derivative", () => {
  test("A1: apply takes what differentiable returns as it takes the function, and leaves that as it was", async () => {
    const forward = (a: number): number => 3 * a;
    const atom = differentiable(forward, (c) => [3 * c]);
    expect([atom.name, atom(2), Object.getOwnPropertySymbols(forward)]).toEqual(["forward", 6, []]);
    const y = rule<[], number>("y", () => call(atom, [], [x(2)]));
    expect(await createGraph().adjoint(y(), [x(2)])).toEqual([3]);
  });

  test("A1: params come first and get no derivative", async () => {
    const y = rule<[], number>("y", () => call(scale, [4], [x(2)]));
    expect(await createGraph().adjoint(y(), [x(2)])).toEqual([4]);
  });

  test("A1: apply.all, folds and aliases", async () => {
    const weighted = differentiable.all(
      (w: readonly number[], xs: readonly number[]) => xs.reduce((a, v, i) => a + w[i]! * v, 0),
      (c, xs, _output, [w]: [readonly number[]]) => xs.map((_, i) => c * w[i]!),
    );
    const all = rule<[], number>("all", () => ({
      kind: "all",
      fn: weighted,
      params: [[2, 5, 7]],
      deps: [x(1), x(2), x(1)].values(),
    }));
    const alias = rule<[], number>("alias", () => all());
    const top = rule<[], number>("top", () => foldOp([alias(), x(1), alias(), all()].values()));
    expect(await createGraph().adjoint(top(), [x(1), x(2), alias(), all(), top()])).toEqual([28, 15, 2, 3, 1]);
  });

  test("A1: asynchronous atoms", async () => {
    const later = differentiable(
      async (a: number) => {
        await Promise.resolve();
        return a * a;
      },
      (c, [a]) => [2 * a * c],
    );
    let runs = 0;
    const counted = differentiable(
      async (a: number) => {
        runs++;
        return later(a);
      },
      (c, [a]) => [2 * a * c],
    );
    const y = rule<[], number>("y", () => call(counted, [], [x(3)]));
    expect(await createGraph().adjoint(y(), [x(3)])).toEqual([6]);
    expect(runs).toBe(1);
  });

  test("A1: a vector-Jacobian product draws the random numbers its atom drew", async () => {
    const noisy = differentiable(
      (a: number) => a * Math.random(),
      (c) => [c * Math.random()],
    );
    const y = rule<[], number>("y", () => call(noisy, [], [x(2)]));
    const graph = createGraph({ seed: 5 });
    const [slope] = await graph.adjoint(y(), [x(2)]);
    expect(slope).toBe(graph.getData(y()) / 2);
  });
});

describe("A2: dy/dx of connected nodes", () => {
  test("A2: fib(5) = 5 with derivatives 3 and 5, fib(10) = 55 with 34 and 55", async () => {
    const graph = createGraph();
    expect(await graph.adjoint(fib(5), [fib(0), fib(1)])).toEqual([3, 5]);
    expect(await graph.adjoint(fib(10), [fib(0), fib(1)])).toEqual([34, 55]);
    expect([graph.getData(fib(5)), graph.getData(fib(10))]).toEqual([5, 55]);
  });

  test("A2: with respect to inner nodes, all at once or one at a time", async () => {
    const graph = createGraph();
    const xs = [fib(9), fib(8), fib(5), fib(0), fib(10)] as const;
    const together = await graph.adjoint(fib(10), xs);
    expect(together).toEqual([1, 2, 8, 34, 1]);
    for (const [i, each] of xs.entries()) expect(await graph.adjoint(fib(10), [each])).toEqual([together[i]]);
  });

  test("A2: a diamond adds up both ways; the same dependency twice counts twice", async () => {
    const square = rule<[], number>("square", () => call(times, [], [x(3), x(3)]));
    const left = rule<[], number>("left", () => call(scale, [10], [square()]));
    const right = rule<[], number>("right", () => call(times, [], [square(), x(3)]));
    const top = rule<[], number>("top", () => call(add, [], [left(), right()]));
    expect(await createGraph().adjoint(top(), [x(3), square(), right()])).toEqual([87, 13, 1]);
  });

  test("A2: a chain of 200,000 nodes overflows nothing", async () => {
    const chain = rule<[number], number>("chain", (n): Op | Ref =>
      n === 0 ? x(1) : call(add, [], [chain(n - 1), x(1)]),
    );
    expect(await createGraph().adjoint(chain(200_000), [x(1), chain(1)])).toEqual([200_001, 1]);
  });

  test("A2: a fold over 300,000 refs", async () => {
    const wide = rule<[], number>("wide", () => foldOp(Array.from({ length: 300_000 }, (_, i) => x(i % 7)).values()));
    expect(await createGraph().adjoint(wide(), [x(0), x(6)])).toEqual([42_858, 42_857]);
  });

  test("A2: where y does not depend on x, or a value was given from elsewhere, the derivative is 0", async () => {
    const graph = createGraph();
    const y = rule<[], number>("y", () => call(times, [], [x(2), fib(3)]));
    graph.setData(nodeId(fib(3)), 7);
    expect(await graph.adjoint(y(), [x(5), x(2), fib(3), fib(1)])).toEqual([0, 7, 2, 0]);
    expect(await graph.adjoint(x(2), [y()])).toEqual([0]);
    expect(await graph.adjoint(fib(6), [fib(2), fib(4), fib(3)])).toEqual([2, 2, 3]);
    graph.setData(fib(4), 100);
    expect(await graph.adjoint(fib(6), [fib(2), fib(4), fib(3)])).toEqual([0, 2, 1]);
    expect(graph.getData(fib(6))).toBe(207);
    const none = (await graph.adjoint(x(2), [vector(0)]))[0];
    expect(none).toEqual({ rows: 1, columns: 10, data: new Float64Array(10) });
  });
});

describe("A3: vectors", () => {
  test("A3: the Jacobian of the vector version has 34 and 55 on its diagonals", async () => {
    const [to0, to1] = await createGraph().adjoint(vector(10), [vector(0), vector(1)]);
    expect([to0.rows, to0.columns]).toEqual([10, 10]);
    expect(diagonal(to0)).toEqual(new Array(10).fill(34));
    expect(diagonal(to1)).toEqual(new Array(10).fill(55));
    expect(to0.data.filter((v) => v !== 0)).toHaveLength(10);
  });

  test("A3: rows are y's components, columns x's; a number is one component", async () => {
    const outer = differentiable(
      (a: Float64Array, b: number) => Float64Array.of(a[0]! * b, a[1]! * b, a[0]! + a[1]!),
      (c, [a, b]) => [Float64Array.of(c[0]! * b + c[2]!, c[1]! * b + c[2]!), c[0]! * a[0]! + c[1]! * a[1]!],
    );
    const first = differentiable(
      (v: Float64Array) => v[0]!,
      (c, [v]) => [v.map((_, i) => (i === 0 ? c : 0))],
    );
    const a = rule<[], Float64Array>("a", () => call(() => Float64Array.of(2, 3)));
    const y = rule<[], Float64Array>("y", () => call(outer, [], [a(), x(5)]));
    const top = rule<[], number>("top", () => call(first, [], [y()]));
    const graph = createGraph();
    expect(await graph.adjoint(y(), [a(), x(5)])).toEqual([
      { rows: 3, columns: 2, data: Float64Array.of(5, 0, 0, 5, 1, 1) },
      { rows: 3, columns: 1, data: Float64Array.of(2, 3, 0) },
    ]);
    expect(await graph.adjoint(top(), [a(), x(5), y()])).toEqual([
      { rows: 1, columns: 2, data: Float64Array.of(5, 0) },
      2,
      { rows: 1, columns: 3, data: Float64Array.of(1, 0, 0) },
    ]);
  });

  test("A3: a seed gives the derivative of a weighted sum of y's components", async () => {
    const graph = createGraph();
    const seed = Float64Array.from({ length: 10 }, (_, i) => i);
    const [row] = await graph.adjoint(vector(10), [vector(0)], { seed });
    expect(row).toEqual({ rows: 1, columns: 10, data: seed.map((v) => 34 * v) });
    expect(await graph.adjoint(fib(10), [fib(1)], { seed: 2 })).toEqual([110]);
    const error = await rejection(graph.adjoint(vector(10), [vector(0)], { seed: new Float64Array(9) }));
    expect(error).toBeInstanceOf(BadSeedError);
    expect(error.message).toContain("The seed is a Float64Array of 9, and t.vector(10) is a Float64Array of 10");
  });
});

describe("A4: what can't be differentiated is an error that names it", () => {
  const opaque = (a: number): number => a + 1;

  test("A4: an atom without a vector-Jacobian product, only if it lies between", async () => {
    const bad = rule<[number], number>("bad", (n) => call(opaque, [], [x(n)]));
    const mid = rule<[number], number>("mid", (n) => call(scale, [2], [bad(n)]));
    const top = rule<[], number>("top", () => call(add, [], [mid(1), x(2)]));
    const graph = createGraph();
    const error = await rejection(graph.adjoint(top(), [x(2), x(1)]));
    expect(error).toBeInstanceOf(NotDifferentiableError);
    expect(error.message).toBe(
      "t.bad(1) has no vector-Jacobian product, and lies on the way to an x (t.top -> t.mid -> t.bad): make its atom with differentiable(...).",
    );
    expect(error.fields).toEqual({ node: nodeId(bad(1)), rule: "t.bad", path: ["t.top", "t.mid", "t.bad"] });
    expect(await graph.adjoint(top(), [x(2), bad(1)])).toEqual([1, 2]);
  });

  test("A4: whether it lies between does not depend on values, but on what a vector-Jacobian product says", async () => {
    const bad = rule<[], number>("bad", () => call(opaque, [], [x(1)]));
    const zero = rule<[], number>("zero", () => call(scale, [0], [bad()]));
    const fixed = differentiable(
      (a: number, _b: number) => a,
      (c) => [c, null],
    );
    const cut = rule<[], number>("cut", () => call(fixed, [], [x(1), bad()]));
    const graph = createGraph();
    expect(await rejection(graph.adjoint(zero(), [x(1)]))).toBeInstanceOf(NotDifferentiableError);
    expect(await graph.adjoint(cut(), [x(1)])).toEqual([1]);
  });

  test.each([
    ["text", "a string"],
    [3n, "a bigint"],
    [new Int32Array(2), "a Int32Array of 2"],
    [[1, 2], "an array of 2"],
    [null, "null"],
    [true, "a boolean"],
  ])("A4: a value that is no number or Float64Array (%o)", async (value, what) => {
    const loose = differentiable(
      (a: number, _b: unknown) => a,
      (c) => [c, 1 as never],
    );
    const inner = rule<[], unknown>("inner", () => call(() => value, [], [x(1)]));
    const top = rule<[], number>("top", () => call(loose, [], [x(2), inner()]));
    const graph = createGraph();
    for (const xs of [[x(1)], [inner()]]) {
      const error = await rejection(graph.adjoint(top(), xs));
      expect(error).toBeInstanceOf(NotNumericError);
      expect(error.message).toContain(`The value of t.inner() is ${what}`);
      expect(error.fields).toMatchObject({ node: nodeId(inner()), rule: "t.inner", path: ["t.top", "t.inner"] });
    }
    expect(await rejection(graph.adjoint(inner(), [x(1)]))).toBeInstanceOf(NotNumericError);
    expect(await graph.adjoint(top(), [x(2)])).toEqual([1]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new RangeError("no slope");
      },
      "failed: no slope",
    ],
    ["gives too few", () => [1], "gave an array of 1 where an array of 2 cotangents was due"],
    ["gives nothing", () => undefined, "gave nothing where an array of 2"],
    ["gives a promise", async () => [1, 1], "gave a Promise where an array of 2"],
    [
      "gives a vector for a number",
      () => [1, new Float64Array(2)],
      "gave a Float64Array of 2 for input 1, which is a number",
    ],
    ["leaves one out", () => [1, undefined], "gave nothing for input 1"],
  ])("A4: a vector-Jacobian product that %s", async (_, vjp, message) => {
    const atom = differentiable((a: number, b: number) => a + b, vjp as never);
    const y = rule<[], number>("y", () => call(atom, [], [x(1), x(2)]));
    const error = await rejection(createGraph().adjoint(y(), [x(1), x(2)]));
    expect(error).toBeInstanceOf(VjpFailedError);
    expect(error.message).toContain(`The vector-Jacobian product of t.y() ${message}`);
    expect(error.fields).toMatchObject({ node: nodeId(y()), rule: "t.y" });
  });

  test("A4: a vector of another length", async () => {
    const atom = differentiable(
      (a: Float64Array) => a[0]!,
      () => [new Float64Array(3)],
    );
    const y = rule<[], number>("y", () => call(atom, [], [vector(0)]));
    const error = await rejection(createGraph().adjoint(y(), [vector(0)]));
    expect(error.message).toContain("gave a Float64Array of 3 for input 0, which is a Float64Array of 10");
  });
});

describe("A5: one forward run", () => {
  test("A5: several views compute nothing forward again, and what has no value is computed first", async () => {
    let runs = 0;
    let pulled = 0;
    const counted = differentiable(
      (a: number, b: number) => {
        runs++;
        return a * b;
      },
      (c, [a, b]) => {
        pulled++;
        return [c * b, c * a];
      },
    );
    const node = rule<[number], number>(
      "node",
      (n): Op => call(counted, [], n === 0 ? [x(2), x(3)] : [node(n - 1), x(2)]),
    );
    const graph = createGraph();
    expect(await graph.adjoint(node(3), [x(3)])).toEqual([16]);
    expect([runs, pulled]).toEqual([4, 4]);
    expect(await graph.adjoint(node(2), [x(2), x(3)])).toEqual([36, 8]);
    expect(await graph.adjoint(node(3), [node(1)])).toEqual([4]);
    expect([runs, pulled]).toEqual([4, 4 + 3 + 2]);
    expect(await graph.adjoint(node(4), [node(3)])).toEqual([2]);
    expect([runs, pulled]).toEqual([5, 10]);
  });

  test("A5: after an edit the derivatives are those of the new values", async () => {
    const y = rule<[], number>("y", () => call(times, [], [x(2), x(3)]));
    const graph = createGraph();
    expect(await graph.adjoint(y(), [x(2), x(3)])).toEqual([3, 2]);
    graph.setData(x(3), 11);
    expect(await graph.adjoint(y(), [x(2), x(3)])).toEqual([11, 2]);
  });

  test("A5: a value that was let go is an error; one that went to disk comes back", async () => {
    const y = rule<[], number>("y", () => call(times, [], [fib(5), x(3)]));
    const targets = createGraph({ retain: "targets" });
    const error = await rejection(targets.adjoint(y(), [x(3)]));
    expect(error.message).toContain('was let go, and a derivative passes there: keep every value (retain: "all")');
    using spilling = createGraph({ retain: { bytes: 1 << 22 } });
    const seed = new Float64Array(10).fill(2);
    const view = [vector(60_000), [vector(59_990)], { seed }] as const;
    expect(await spilling.adjoint(...view)).toEqual([{ rows: 1, columns: 10, data: seed.map((v) => 89 * v) }]);
    expect(spilling.stats().bytes.spilled).toBeGreaterThan(0);
  });

  test("A5: leaves, and what can't reach an x, need no derivative", async () => {
    const side = rule<[], number>("side", () => call((a: number) => a + 1, [], [x(9)]));
    const y = rule<[], number>("y", () => call(times, [], [x(2), side()]));
    expect(await createGraph().adjoint(y(), [x(2)])).toEqual([10]);
  });
});

test("A6: cotangents are added in the order of the graph, whatever else is asked for", async () => {
  const values = [1e16, 1, -1e16, 3, 1e-9];
  const part = rule<[number], number>("part", (i) => call(scale, [values[i]!], [x(1)]));
  const top = rule<[], number>("top", () => foldOp(values.map((_, i) => part(i)).values()));
  const graph = createGraph();
  await graph.calc([part(3), part(1)]);
  const [late] = await graph.adjoint(top(), [x(1), part(2), part(4)]);
  const [fresh] = await createGraph().adjoint(top(), [x(1)]);
  expect(late).toBe(fresh);
});
