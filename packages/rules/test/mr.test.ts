import { existsSync, readFileSync } from "node:fs";
import {
  apply,
  createGraph,
  mr,
  namespace,
  type Op,
  type Pairs,
  partial,
  type Ref,
  rule,
  shuffler,
} from "@graphvm/rules";
import { describe, expect, test } from "vitest";

const calc = <T>(ref: Ref<T>): Promise<T> => createGraph().calc(ref);
const source = namespace("source", {
  text: rule((line: string): Op<string> => apply((s: string) => s, line)()),
  list: rule(<T>(items: readonly T[]): Op<readonly T[]> => apply((xs: readonly T[]) => xs, items)()),
});

// the picture in every introduction to Hadoop: three sentences, four words
const sentences = ["Deer Bear River", "Car Car River", "Deer Car Bear"];
const words = ["Bear", "Car", "Deer", "River"];
const counts = { Bear: 2, Car: 3, Deer: 2, River: 2 };
const batches = sentences.map((line) => source.text(line));
// functions are written in place: a test runner rewrites references to what is imported
const counted = partial(mr.mapper<string, Pairs<string, number>>, (line) =>
  line.split(" ").map((word) => [word, 1] as const),
);
const summed = partial(mr.reducer<string, number, number>, (_key, values) => values.reduce((a, b) => a + b, 0));

describe("M1: word count", () => {
  test("M1: by a set of keys: a pipe a word", async () => {
    const parts = await calc(mr.mapReduce(batches, counted, shuffler(words), summed));
    expect(parts).toEqual([[["Bear", 2]], [["Car", 3]], [["Deer", 2]], [["River", 2]]]);
  });

  test.each([1, 2, 3, 4, 7, 100])("M1: by hashed key into %i pipes", async (pipes) => {
    const ref = mr.mapReduce(batches, counted, shuffler(pipes), summed, (parts) => Object.fromEntries(parts.flat()));
    expect(await calc(ref)).toEqual(counts);
  });

  test("M1: the graph has the nodes of the picture, each split once", async () => {
    const graph = createGraph();
    await graph.calc(mr.mapReduce(batches, counted, shuffler(words), summed));
    expect(graph.stats().rules).toEqual({
      "mr.mapReduce": 1,
      "source.text": 3,
      "mr.mapper": 3,
      "mr.splitByKey": 3,
      "mr.pipe": 12,
      "mr.mergeByKey": 4,
      "mr.reducer": 4,
    });
  });
});

describe("M2: shuffling", () => {
  const mapped = (pairs: Pairs<string | number, number>): Ref<Pairs<string | number, number>> => source.list(pairs);

  test("M2: every pair goes to one pipe, that of its key, in order", async () => {
    const pairs = Array.from({ length: 1000 }, (_, i) => [`k${i % 50}`, i] as const);
    const parts = await calc(mr.splitByKey(source.list(pairs), 4));
    expect(parts.length).toBe(4);
    expect(parts.flat().length).toBe(1000);
    expect(parts.every((part) => part.length > 100)).toBe(true);
    for (const part of parts) expect([...part].sort(([, a], [, b]) => a - b)).toEqual(part);
    const at = new Map<string, number>();
    for (const [i, part] of parts.entries())
      for (const [key] of part) expect(at.set(key, at.get(key) ?? i).get(key)).toBe(i);
  });

  test("M2: keys of different types are different keys; 0 and -0 are one", async () => {
    const parts = await calc(
      mr.splitByKey(
        mapped([
          [0, 1],
          [-0, 2],
          ["0", 3],
          [0, 4],
        ]),
        64,
      ),
    );
    const pipes = parts.filter((part) => part.length > 0);
    expect(pipes.map((part) => part.map(([, value]) => value)).sort()).toEqual([[1, 2, 4], [3]]);
  });

  test("M2: with a set of keys, pairs of other keys are dropped", async () => {
    expect(
      await calc(
        mr.splitByKey(
          mapped([
            ["a", 1],
            ["x", 2],
            ["b", 3],
          ]),
          ["b", "a"],
        ),
      ),
    ).toEqual([[["b", 3]], [["a", 1]]]);
  });

  test("M2: merging keeps the batches' order and the keys' first appearance", async () => {
    const merged = await calc(
      mr.mergeByKey([
        mapped([
          ["b", 1],
          ["a", 2],
        ]),
        mapped([
          ["a", 3],
          ["b", 4],
          ["b", 5],
        ]),
      ]),
    );
    expect(merged).toEqual([
      ["b", [1, 4, 5]],
      ["a", [2, 3]],
    ]);
  });

  test("M2: a pipe that isn't there, and no pipes at all, are errors", async () => {
    await expect(calc(mr.pipe(mr.splitByKey(mapped([]), 2), 2))).rejects.toThrow("there is no part 2: the node has 2");
    await expect(calc(mr.splitByKey(mapped([]), 0))).rejects.toThrow(/matches no clause/);
  });
});

test("M3: common friends of every pair of users", async () => {
  const friends = { A: "BCD", B: "ACDE", C: "ABDE", D: "ABCE", E: "BCD" };
  const users = Object.entries(friends).map(([user, list]) => source.list([user, list]));
  const ref = mr.mapReduce(
    users,
    partial(mr.mapper<readonly string[], Pairs<string, string>>, ([user, list]) =>
      [...list!].map((friend) => [[user!, friend].sort().join(""), list!] as const),
    ),
    shuffler(3),
    partial(mr.reducer<string, string, string>, (_pair, [a, b]) =>
      [...a!].filter((friend) => b!.includes(friend)).join(""),
    ),
    (parts) => Object.fromEntries(parts.flat()),
  );
  expect(await calc(ref)).toEqual({
    AB: "CD",
    AC: "BD",
    AD: "BC",
    BC: "ADE",
    BD: "ACE",
    BE: "CD",
    CD: "ABE",
    CE: "BD",
    DE: "BC",
  });
});

const iris = ["../shared/data/iris.csv", "../../shared/data/iris.csv"].find((path) => existsSync(path));
if (!iris) console.warn("skipped: the group-by on iris needs ../shared/data/iris.csv, which is not here");
test.skipIf(!iris)("M4: group-by on iris in blocks equals group-by on the whole", async () => {
  const lines = readFileSync(iris!, "utf8").trim().split(/\r?\n/).slice(1);
  const rows = lines.map((line) => line.split(",").map((cell) => cell.replaceAll('"', "")));
  const species = (row: readonly string[]): string => row.find((cell) => /[a-z]{4}/.test(cell))!;
  const expected: { [name: string]: { n: number; sum: number } } = {};
  for (const row of rows) {
    expected[species(row)] ??= { n: 0, sum: 0 };
    const group = expected[species(row)]!;
    group.n++;
    group.sum += Math.round(Number(row.find((cell) => /^\d+\.\d+$/.test(cell))) * 10);
  }
  const blocks = Array.from({ length: 8 }, (_, i) => source.list(rows.slice(i * 20, i * 20 + 20)));
  const ref = mr.mapReduce(
    blocks,
    partial(mr.mapper<readonly string[][], Pairs<string, number>>, (block) =>
      block.map(
        (row) =>
          [
            row.find((cell) => /[a-z]{4}/.test(cell))!,
            Math.round(Number(row.find((cell) => /^\d+\.\d+$/.test(cell))) * 10),
          ] as const,
      ),
    ),
    shuffler(2),
    partial(mr.reducer<string, number, { n: number; sum: number }>, (_, values) => ({
      n: values.length,
      sum: values.reduce((a, b) => a + b, 0),
    })),
    (parts) => Object.fromEntries(parts.flat()),
  );
  expect(Object.keys(expected).length).toBe(3);
  expect(await calc(ref)).toEqual(expected);
});
