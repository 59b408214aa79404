import { createRandom, digestValue } from "@graphvm/engine";
import { columnNames, downsample, select, stratifiedSplit, undersample } from "@graphvm/ml";
import { Bool, Float64, Table, tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { failure } from "./support.js";

function classed(labels: readonly number[]): Table {
  return tableFromArrays({ row: Int32Array.from(labels, (_, i) => i), y: Int32Array.from(labels) });
}

const counts = (table: Table): Map<number, number> => {
  const found = new Map<number, number>();
  for (const y of table.getChild("y")!.toArray() as Int32Array) found.set(y, (found.get(y) ?? 0) + 1);
  return found;
};
const rows = (table: Table): number[] => [...(table.getChild("row")!.toArray() as Int32Array)];
const labels = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 200 });
const fraction = fc.double({ min: 0.01, max: 1, noNaN: true });

test("downsample takes the same fraction of each class, in order", () => {
  fc.assert(
    fc.property(labels, fraction, fc.integer(), (ys, frac, seed) => {
      const sample = downsample(classed(ys), "y", frac, createRandom(seed));
      for (const [y, count] of counts(classed(ys))) {
        expect(counts(sample).get(y)).toBe(Math.max(1, Math.round(frac * count)));
      }
      expect(rows(sample)).toEqual([...rows(sample)].sort((a, b) => a - b));
      expect(digestValue(downsample(classed(ys), "y", frac, createRandom(seed)))).toBe(digestValue(sample));
    }),
  );
});

test("undersample keeps every class but the largest whole", () => {
  fc.assert(
    fc.property(labels, fraction, fc.integer(), (ys, frac, seed) => {
      const before = counts(classed(ys));
      const after = counts(undersample(classed(ys), "y", frac, createRandom(seed)));
      const largest = Math.max(...before.values());
      let sampled = 0;
      for (const [y, count] of before) {
        if (count === largest && after.get(y) === Math.max(1, Math.round(frac * largest))) sampled++;
        else expect(after.get(y)).toBe(count);
      }
      expect(sampled).toBeGreaterThan(0);
    }),
  );
});

test("every row is as likely as any other", () => {
  const table = classed(Array.from({ length: 20 }, (_, i) => i % 2));
  const random = createRandom(5);
  const hits = new Float64Array(20);
  for (let round = 0; round < 4000; round++) for (const row of rows(downsample(table, "y", 0.2, random))) hits[row]!++;
  for (const hit of hits) expect(Math.abs(hit - 800)).toBeLessThan(130);
});

test("a split has every row once", () => {
  const ys = Array.from({ length: 90 }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const [a, b] = stratifiedSplit(classed(ys), "y", 0.7, createRandom(1));
  expect([a.numRows, counts(a).get(1), b.numRows, counts(b).get(1)]).toEqual([63, 7, 27, 3]);
  expect([...rows(a), ...rows(b)].sort((x, y) => x - y)).toEqual(ys.map((_, i) => i));
});

test("columns of every kind travel with their rows", () => {
  const n = 100;
  const index = Array.from({ length: n }, (_, i) => i);
  const table = new Table({
    row: vectorFromArray(index, new Float64()),
    text: vectorFromArray(
      index.map((i) => (i % 7 === 0 ? null : `t${i}`)),
      new Utf8(),
    ),
    flag: vectorFromArray(
      index.map((i) => (i % 5 === 0 ? null : i % 2 === 0)),
      new Bool(),
    ),
    big: vectorFromArray(index.map((i) => BigInt(i))),
    y: vectorFromArray(
      index.map((i) => (i < 10 ? "rare" : "common")),
      new Utf8(),
    ),
  });
  for (const row of undersample(table, "y", 0.3, createRandom(2))) {
    const i = row!.row as number;
    expect([row!.text, row!.flag, row!.big]).toEqual([
      i % 7 === 0 ? null : `t${i}`,
      i % 5 === 0 ? null : i % 2 === 0,
      BigInt(i),
    ]);
  }
});

test("select keeps the order asked for and shares memory", () => {
  const table = classed([0, 1]);
  const turned = select(table, ["y", "row"]);
  expect(columnNames(turned)).toEqual(["y", "row"]);
  expect(turned.getChild("row")!.data[0]!.values).toBe(table.getChild("row")!.data[0]!.values);
});

test("bad input", async () => {
  const random = createRandom(0);
  const table = classed([0, 1]);
  expect(await failure(() => select(table, ["row", "amount"]))).toMatchObject({
    code: "GVM5009",
    exitCode: 2,
    message: 'There is no column "amount"; the table has row, y.',
    fields: { column: "amount", columns: ["row", "y"] },
  });
  expect(await failure(() => downsample(table, "z", 0.5, random))).toMatchObject({ code: "GVM5009" });
  for (const frac of [0, -1, 1.1, Number.NaN]) {
    expect(await failure(() => downsample(table, "y", frac, random))).toMatchObject({ code: "GVM5010" });
  }
  const holes = new Table({ y: vectorFromArray([1, null, 0], new Float64()) });
  expect(await failure(() => undersample(holes, "y", 0.5, random))).toMatchObject({
    code: "GVM5013",
    fields: { column: "y", row: 1 },
  });
  const many = tableFromArrays({ y: Float64Array.from({ length: 2000 }, (_, i) => i) });
  expect(await failure(() => downsample(many, "y", 0.5, random))).toMatchObject({ code: "GVM5012" });
});
