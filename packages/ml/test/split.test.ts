import { createRandom } from "@graphvm/engine";
import { assignFolds, assignParts, prep, rowsOfPart, rowsOutside } from "@graphvm/ml";
import { apply, createGraph, namespace, type Op, rule } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failure } from "./support.js";

const tableOf = (y: readonly number[]): Table =>
  tableFromArrays({
    id: Float64Array.from(y.keys()),
    y: Float64Array.from(y),
    time: Float64Array.from(y, (v) => v * 10),
  });
const ids = (table: Table): number[] => [...table.getChild("id")!] as number[];
const classes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 60 });
const RUNS = { numRuns: 100, seed: 9 };

describe("L14: splits and folds", () => {
  test("each row is in one part, parts have their share, each class too if stratified", () => {
    fc.assert(
      fc.property(
        classes,
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 }),
        fc.nat(),
        fc.boolean(),
        (y, parts, seed, by) => {
          const table = tableOf(y);
          const codes = assignParts(table, { parts, ...(by ? { stratify: "y" } : {}) }, createRandom(seed));
          const found = parts.map((_, part) => ids(rowsOfPart(table, codes, part)));
          expect(found.flat().sort((a, b) => a - b)).toEqual([...y.keys()]);
          for (const part of found) expect(part).toEqual([...part].sort((a, b) => a - b));
          const all = parts.reduce((a, b) => a + b);
          for (const group of by ? [0, 1, 2, 3] : [undefined]) {
            const size = (rows: readonly number[]) =>
              rows.filter((row) => group === undefined || y[row] === group).length;
            for (const [part, rows] of found.entries()) {
              expect(Math.abs(size(rows) - (parts[part]! / all) * size([...y.keys()]))).toBeLessThanOrEqual(1);
            }
          }
          expect(assignParts(table, { parts, ...(by ? { stratify: "y" } : {}) }, createRandom(seed))).toEqual(codes);
        },
      ),
      RUNS,
    );
  });

  test("by time, no row is before one of an earlier part, and equal times stay together", () => {
    fc.assert(
      fc.property(classes, (y) => {
        const codes = assignParts(tableOf(y), { parts: [2, 1, 1], time: "time" }, createRandom(0));
        y.forEach((a, i) => {
          y.forEach((b, j) => {
            if (a < b) expect(codes[i]).toBeLessThanOrEqual(codes[j]!);
            if (a === b) expect(codes[i]).toBe(codes[j]);
          });
        });
      }),
      RUNS,
    );
    const days = tableFromArrays({ day: ["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-04"] });
    expect([...assignParts(days, { parts: [1, 1], time: "day" }, createRandom(0))]).toEqual([1, 0, 0, 1]);
  });

  test("folds are of equal size up to a row, and outside of one are the others", () => {
    fc.assert(
      fc.property(classes, fc.integer({ min: 2, max: 4 }), fc.boolean(), (y, folds, by) => {
        const table = tableOf(y);
        const codes = assignFolds(table, { folds, ...(by ? { stratify: "y" } : {}) }, createRandom(1));
        const sizes = Array.from({ length: folds }, (_, k) => rowsOfPart(table, codes, k).numRows);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (const group of by ? [0, 1, 2, 3] : []) {
          const own = sizes.map((_, k) => ids(rowsOfPart(table, codes, k)).filter((row) => y[row] === group).length);
          expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
        }
        expect(
          [...ids(rowsOfPart(table, codes, 0)), ...ids(rowsOutside(table, codes, 0))].sort((a, b) => a - b),
        ).toEqual([...y.keys()]);
      }),
      RUNS,
    );
  });

  test("as rules, parts belong together and the graph's seed decides", async () => {
    const made = () => tableOf([0, 1, 0, 1, 0, 1, 0, 1, 1, 1]);
    const data = namespace("splitTest", { table: rule((): Op<Table> => apply(made)()) });
    const read = async (seed: number) => {
      const graph = createGraph({ seed });
      const options = { parts: [0.7, 0.3], stratify: "y" };
      const parts = await graph.calc([0, 1].map((i) => prep.part(data.table(), options, i)));
      const fold = { folds: 5 };
      const folds = await graph.calc([prep.fold(data.table(), fold, 2), prep.outside(data.table(), fold, 2)]);
      return [...parts, ...folds].map((table) => ids(table as Table));
    };
    const [train, test, fold, outside] = (await read(1)) as [number[], number[], number[], number[]];
    expect([...train, ...test].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...fold, ...outside].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await read(1)).toEqual([train, test, fold, outside]);
    expect(await read(2)).not.toEqual([train, test, fold, outside]);
  });

  test("what can't be split is said", async () => {
    const table = tableOf([0, 1, 0]);
    const wrong = (options: object) => failure(() => assignParts(table, options as never, createRandom(0)));
    expect(await wrong({ parts: [1] })).toMatchObject({ code: "GVM5010", fields: { option: "parts" } });
    expect(await wrong({ parts: [1, 0] })).toMatchObject({ code: "GVM5010" });
    expect(await wrong({ parts: [1, 1], time: "time", stratify: "y" })).toMatchObject({ code: "GVM5010" });
    expect(await wrong({ parts: [1, 1], stratify: "z" })).toMatchObject({ code: "GVM5009" });
    expect(await failure(() => assignFolds(table, { folds: 4 }, createRandom(0)))).toMatchObject({ code: "GVM5010" });
    const holes = tableFromArrays({ t: [1, null] });
    expect(await failure(() => assignParts(holes, { parts: [1, 1], time: "t" }, createRandom(0)))).toMatchObject({
      code: "GVM5013",
      fields: { column: "t", row: 1 },
    });
  });
});
