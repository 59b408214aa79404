import { apply, createGraph, namespace, type Op, type Ref, rule, type StreamSource, stream } from "@graphvm/rules";
import { describe, expect, test } from "vitest";

const x = stream.source<number>("x");
const text = stream.source<string | null>("text");

async function run<T>(ref: Ref<T>, source: StreamSource): Promise<T[]> {
  const outputs: T[] = [];
  for await (const output of createGraph().stream(ref, { source })) outputs.push(output);
  return outputs;
}

describe("T10: operators", () => {
  test("T10: average, sum and count", async () => {
    expect(await run(stream.average(x), [1, 2, 6])).toEqual([1, 1.5, 3]);
    expect(await run(stream.sum(x), [1, 2, -6])).toEqual([1, 3, -3]);
    expect(await run(stream.count(text), ["a", null, "b"])).toEqual([1, 2, 3]);
  });

  test("T10: record gives every value so far, and what it gave stays as it was", async () => {
    expect(await run(stream.record(x), [3, 1, 2])).toEqual([[3], [3, 1], [3, 1, 2]]);
    const many = Array.from({ length: 1000 }, (_, i) => i);
    const all = await run(stream.record(x), many);
    all.forEach((list, i) => void expect(list).toEqual(many.slice(0, i + 1)));
  });

  test("T10: sliding windows grow and then slide; tumbling ones are null until they are full", async () => {
    expect(await run(stream.sliding(x, 2), [1, 2, 3])).toEqual([[1], [1, 2], [2, 3]]);
    expect(await run(stream.sliding(x, 1), [1, 2])).toEqual([[1], [2]]);
    expect(await run(stream.tumbling(x, 2), [1, 2, 3, 4, 5])).toEqual([null, [1, 2], null, [3, 4], null]);
    expect(await run(stream.tumbling(x, 1), [1, 2])).toEqual([[1], [2]]);
    expect(() => createGraph().stream(stream.sliding(x, 0), { source: [1] })).toThrow(/matches no clause/);
  });

  test("T10: a window can't be changed by who reads it", async () => {
    const outputs = createGraph().stream(stream.sliding(x, 3), { source: [1, 2] });
    const first = (await outputs.next()).value as number[];
    expect(() => first.push(9)).toThrow(TypeError);
    expect((await outputs.next()).value).toEqual([1, 2]);
  });

  test("T10: previous looks back, last holds what was not null", async () => {
    expect(await run(stream.previous(x), [1, 2, 3])).toEqual([null, 1, 2]);
    expect(await run(stream.previous(x, 2, -1), [1, 2, 3, 4])).toEqual([-1, -1, 1, 2]);
    expect(await run(stream.last(text, "none"), [null, "a", null, "b"])).toEqual(["none", "a", "a", "b"]);
    expect(await run(stream.last(stream.tumbling(x, 2), []), [1, 2, 3, 4])).toEqual([[], [1, 2], [1, 2], [3, 4]]);
  });

  test("T10: scan shows every step of a reduction", async () => {
    const largest = stream.scan(x, (best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY);
    expect(await run(largest, [2, 1, 3])).toEqual([2, 2, 3]);
  });

  test("T10: operators are rules: of the same params they are one node, with one state", async () => {
    const both = namespace("both", {
      list: rule((): Op<unknown[]> => apply.all((xs: readonly unknown[]) => [...xs])([stream.sum(x), stream.sum(x)])),
    });
    const graph = createGraph();
    const outputs = graph.stream(both.list(), { source: [1, 2] });
    expect([(await outputs.next()).value, (await outputs.next()).value]).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(graph.stats().rules).toEqual({ "stream.source": 1, "stream.sum": 1, "both.list": 1 });
  });
});
