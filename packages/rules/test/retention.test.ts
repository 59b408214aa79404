import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { BudgetError, createGraph, type Graph } from "@graphvm/engine";
import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import { describe, expect, test } from "vitest";

const chain = namespace("chain17", {
  start: rule(
    (n: number): Op<Float64Array> => apply((length: number) => Float64Array.from({ length }, (_, i) => i), n)(),
  ),
  next: rule(
    (i: number): Op<Float64Array> =>
      apply((xs: Float64Array) => xs.map((x) => x + 1))(i === 0 ? chain.start(1000) : chain.next(i - 1)),
  ),
  text: rule(
    (i: number): Op<{ text: string; at: Date }> =>
      apply((n: number) => ({ text: `${n}:`.padEnd(100_000, "x"), at: new Date(n) }), i)(),
  ),
  lengths: rule(
    (n: number): Op<number[]> =>
      apply.all((all: readonly { text: string }[]) => all.map(({ text }) => text.length))(
        Array.from({ length: n }, (_, i) => chain.text(i)),
      ),
  ),
});

const spillFolders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("graphvm-spill-"));

describe("retain", () => {
  test("E25: all keeps every value", async () => {
    const graph = createGraph();
    await graph.calc(chain.next(50));
    expect(graph.stats().computed).toBe(52);
  });

  test("E25: targets keeps what was asked for, in memory that does not grow with the graph", async () => {
    const graph = createGraph({ retain: "targets" });
    const last = (await graph.calc(chain.next(20_000))) as Float64Array;
    expect(last[3]).toBe(20_004);
    expect(graph.stats().computed).toBe(1);
    expect(graph.hasData(chain.next(19_999))).toBe(false);
    expect(graph.stats().bytes.values).toBeLessThan(8_000_000); // 160 MB of vectors went through
    expect(await graph.calc(chain.next(100))).toStrictEqual(await createGraph().calc(chain.next(100)));
  });

  test("E25: targets keeps values from outside and several targets", async () => {
    const graph = createGraph({ retain: "targets" });
    graph.setData(chain.start(1000), new Float64Array(1000).fill(5));
    const [a, b] = await graph.calc([chain.next(10), chain.next(20)] as Ref<Float64Array>[]);
    expect([a![0], b![0]]).toEqual([16, 26]);
    expect(graph.hasData(chain.next(10))).toBe(true);
    expect(graph.hasData(chain.start(1000))).toBe(true);
    expect(graph.stats().computed).toBe(3);
  });

  test("E26: past a budget, vectors and objects lie on disk and come back as they were", async () => {
    const before = spillFolders();
    const graph: Graph = createGraph({ retain: { bytes: 8_000_000 } });
    await graph.calc(chain.next(4000)); // 32 MB of vectors
    expect(await graph.calc(chain.lengths(200))).toEqual(new Array(200).fill(100_000)); // 20 MB of texts
    const { bytes, computed } = graph.stats();
    expect(computed).toBe(4002 + 201);
    expect(bytes.spilled).toBeGreaterThan(30_000_000);
    expect(bytes.values).toBeLessThan(9_500_000);
    for (let i = 0; i < 4000; i += 371) expect((graph.getData(chain.next(i)) as Float64Array)[10]).toBe(10 + i + 1);
    expect(graph.getData(chain.text(3))).toStrictEqual({ text: "3:".padEnd(100_000, "x"), at: new Date(3) });
    expect(spillFolders().length).toBe(before.length + 1);
    graph.close();
    expect(spillFolders()).toEqual(before);
  });

  test("E26: a budget that can't be met is refused", () => {
    expect(() => createGraph({ retain: { bytes: 1000 } })).toThrow(BudgetError);
    expect(() => createGraph({ retain: { bytes: Number.NaN } })).toThrow(BudgetError);
  });
});
