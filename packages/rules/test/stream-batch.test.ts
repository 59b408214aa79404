import { apply, createGraph, defineStateful, namespace, type Op, type Ref, rule, stream } from "@graphvm/rules";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const x = stream.source<number>("x");
const y = stream.source<number>("y");
const base = namespace("base", {
  add: rule((a: Ref<number>, b: Ref<number>): Op<number> => apply((p: number, q: number) => p + q)(a, b)),
  later: rule((a: Ref<number>): Op<number> => apply(async (p: number) => p)(a)),
  draw: rule((a: Ref<number>): Op<number> => apply((p: number) => p + Math.random())(a)),
  fixed: rule((): Op<number> => apply(() => Math.random())()),
  list: rule(
    (n: number): Op<Float64Array> => apply((k: number) => Float64Array.from({ length: k }, (_, i) => i % 101), n)(),
  ),
  picky: rule(
    (a: Ref<number>): Op<number> =>
      apply((p: number) => {
        if (p === 3) throw new Error("not three");
        return p;
      })(a),
  ),
});

describe("T11: a stream in a batch", () => {
  test("T11: final is the value after the last batch, outputs those after each", async () => {
    const graph = createGraph();
    expect(await graph.calc(stream.final(stream.average(x), [1, 2, 6]))).toBe(3);
    expect(await graph.calc(stream.outputs(stream.average(x), [1, 2, 6]))).toEqual([1, 1.5, 3]);
    expect(await graph.calc(stream.final(stream.record(x), [1, 2]))).toEqual([1, 2]);
    expect(await graph.calc(stream.outputs(x, []))).toEqual([]);
    await expect(graph.calc(stream.final(x, []))).rejects.toThrow("There are no batches, so there is no last one");
  });

  test("T11: batches may be nodes, typed arrays, and given by name", async () => {
    const graph = createGraph();
    expect(await graph.calc(stream.final(stream.sum(x), base.list(1000)))).toBe(49545);
    const both = stream.sum(base.add(x, y));
    expect(await graph.calc(stream.outputs(both, { x: [1, 2, 3], y: base.list(2) }))).toEqual([1, 4]);
    await expect(graph.calc(stream.final(both, [1]))).rejects.toThrow("The graph has the sources x, y");
    await expect(graph.calc(stream.final(x, base.fixed() as never))).rejects.toThrow("a list or a typed array");
  });

  test("T11: what does not vary is shared with the rest of the graph", async () => {
    const graph = createGraph({ seed: 1 });
    const fixed = await graph.calc(base.fixed());
    expect(await graph.calc(stream.outputs(base.add(x, base.fixed()), [1, 2]))).toEqual([1 + fixed, 2 + fixed]);
    expect(graph.stats().rules).toEqual({ "base.fixed": 1, "stream.outputs": 1 });
  });

  test("T11: an error names the node inside and its batch", async () => {
    const error = createGraph().calc(stream.final(stream.sum(base.picky(x)), [1, 2, 3]));
    await expect(error).rejects.toMatchObject({
      message: expect.stringMatching(/^base\.picky\(.*\) failed: not three \(in batch 2\)$/),
      fields: { rule: "base.picky", path: ["stream.sum", "base.picky"], batch: 2 },
    });
  });

  test("T11: a stream may run in every batch of another", async () => {
    const rows = stream.source<readonly number[]>("rows");
    const largest = stream.scan(stream.final(stream.sum(x), rows), (best, sum) => Math.max(best, sum), 0);
    expect(await createGraph().calc(stream.outputs(largest, [[1, 2], [9], [3]]))).toEqual([3, 9, 9]);
  });
});

// A random graph: node i is an operator over nodes before it (the first two are the sources).
type Dag = readonly { readonly kind: number; readonly left: number; readonly right: number }[];
const dags: fc.Arbitrary<Dag> = fc.array(fc.record({ kind: fc.nat(10), left: fc.nat(), right: fc.nat() }), {
  minLength: 1,
  maxLength: 14,
});

const lengthOf = defineStateful({
  state: () => 0,
  next: (n: number, list: readonly number[] | null) => n + (list ? list.length : 0),
  value: (n: number) => n,
});
const made = namespace("made", {
  length: rule((list: Ref<readonly number[] | null>): Op<number> => apply(lengthOf)(list)),
  total: rule(
    (list: Ref<readonly number[]>): Op<number> => apply((xs: readonly number[]) => xs.reduce((a, b) => a + b, 0))(list),
  ),
  zero: rule((a: Ref<number | null>): Op<number> => apply((v: number | null) => v ?? 0)(a)),
});

function build(dag: Dag): Ref<number> {
  const nodes: Ref<number>[] = [x, y];
  for (const { kind, left, right } of dag) {
    const a = nodes[left % nodes.length]!;
    const b = nodes[right % nodes.length]!;
    const choices = [
      () => base.add(a, b),
      () => stream.sum(a),
      () => stream.count(a),
      () => made.total(stream.sliding(a, 1 + (right % 4))),
      () => made.length(stream.tumbling(a, 1 + (right % 4))),
      () => made.zero(stream.previous(a)),
      () => stream.previous(a, 1 + (right % 3), -1),
      () => stream.scan(a, (s, v) => (s * 3 + v) % 1009, 1),
      () => base.later(a),
      () => made.total(stream.record(a)),
      () => stream.average(a),
    ];
    nodes.push(choices[kind]!());
  }
  return nodes.at(-1)!;
}

/** What node `i` must give for all batches: whole columns, one after the other, each from its definition. */
function columns(dag: Dag, xs: readonly number[], ys: readonly number[]): readonly number[] {
  const cols: (readonly number[])[] = [xs, ys];
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  for (const { kind, left, right } of dag) {
    const a = cols[left % cols.length]!;
    const b = cols[right % cols.length]!;
    const upTo = (f: (seen: readonly number[]) => number): number[] => a.map((_, t) => f(a.slice(0, t + 1)));
    const size = 1 + (right % 4);
    const back = 1 + (right % 3);
    const choices = [
      () => a.map((v, t) => v + b[t]!),
      () => upTo(sum),
      () => upTo((seen) => seen.length),
      () => upTo((seen) => sum(seen.slice(-size))),
      () => upTo((seen) => Math.floor(seen.length / size) * size),
      () => upTo((seen) => seen.at(-2) ?? 0),
      () => upTo((seen) => seen.at(-1 - back) ?? -1),
      () => upTo((seen) => seen.reduce((s, v) => (s * 3 + v) % 1009, 1)),
      () => a,
      () => upTo(sum),
      () => upTo((seen) => sum(seen) / seen.length),
    ];
    cols.push(choices[kind]!());
  }
  return cols.at(-1)!;
}

test("T12: any graph of operators gives in a stream, in a batch and interrupted anywhere what whole columns give", async () => {
  const values = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(dags, values, fc.nat(), async (dag, pairs, cut) => {
      const target = build(dag);
      const xs = pairs.map(([a]) => a);
      const ys = pairs.map(([, b]) => b);
      const expected = columns(dag, xs, ys);
      const given = usedSources(dag);
      const pick = (all: { x: readonly number[]; y: readonly number[] }) =>
        Object.fromEntries(given.map((name) => [name, all[name]]));
      const graph = createGraph();
      const seen: number[] = [];
      const stop = cut % (pairs.length + 1);
      const first = graph.stream(target, { source: pick({ x: xs, y: ys }) });
      while (seen.length < stop) seen.push((await first.next()).value as number);
      const rest = pick({ x: xs.slice(stop), y: ys.slice(stop) });
      for await (const v of createGraph().stream(target, { source: rest, state: first.state() })) seen.push(v);
      expect(seen).toEqual(expected);
      expect(await graph.calc(stream.outputs(target, pick({ x: xs, y: ys })))).toEqual(expected);
      expect(await graph.calc(stream.final(target, pick({ x: xs, y: ys })))).toBe(expected.at(-1));
    }),
    { numRuns: 300 },
  );
});

/** The sources the last node depends on. */
function usedSources(dag: Dag): ("x" | "y")[] {
  const used = new Set<number>([dag.length + 1]);
  for (let i = dag.length - 1; i >= 0; i--) {
    if (!used.has(i + 2)) continue;
    used.add(dag[i]!.left % (i + 2));
    if (dag[i]!.kind === 0) used.add(dag[i]!.right % (i + 2));
  }
  return (["x", "y"] as const).filter((_, i) => used.has(i));
}

test("T7: random numbers in a batch are those of the stream", async () => {
  const target = stream.sum(base.draw(x));
  const outputs: number[] = [];
  for await (const v of createGraph({ seed: 9 }).stream(target, { source: [1, 2, 3] })) outputs.push(v);
  expect(await createGraph({ seed: 9 }).calc(stream.outputs(target, [1, 2, 3]))).toEqual(outputs);
});
