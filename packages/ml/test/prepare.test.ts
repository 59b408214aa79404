import { createRandom, digestValue } from "@graphvm/engine";
import { applySteps, columnNames, fitApply, fitSteps, prep, type Step, summaryOf, takeRows } from "@graphvm/ml";
import { apply, createGraph, namespace, type Op, rule } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failure, rowsOf } from "./support.js";

const TABLE = tableFromArrays({
  age: [20, null, 40, Number.NaN, 30, 90],
  sex: ["m", "f", "m", null, "m", "f"],
  old: [false, null, true, true, false, true],
  deck: ["A", "B", "A", "C", null, "B"],
  y: Int32Array.of(0, 1, 0, 1, 0, 1),
});
const made = (...steps: Step[]): Table => applySteps(fitSteps(steps, TABLE), TABLE);
const column = (table: Table, name: string): unknown[] => [...table.getChild(name)!];

test("L11: a summary says what is in each column", () => {
  expect(summaryOf(TABLE)).toMatchObject([
    { column: "age", type: "Float64", rows: 6, missing: 2, distinct: 4, mean: 45, min: 20, median: 35, max: 90 },
    { column: "sex", rows: 6, missing: 1, distinct: 2, mean: null, min: null, median: null, mode: "m" },
    { column: "old", type: "Bool", missing: 1, distinct: 2, mean: 0.6, median: null, mode: "true" },
    { column: "deck", missing: 1, distinct: 3, mode: "A" },
    { column: "y", type: "Int32", missing: 0, distinct: 2, mean: 0.5, median: 0.5, mode: "0" },
  ]);
  const empty = takeRows(TABLE, new Int32Array(0));
  expect(summaryOf(empty)[0]).toMatchObject({ rows: 0, missing: 0, distinct: 0, mean: null, max: null, mode: null });
});

describe("L13: steps are fitted on some rows and applied to others", () => {
  test("missing values are filled", async () => {
    const columns = { age: "median", sex: "mode", old: { value: false }, deck: { value: "?" } } as const;
    const table = made({ step: "fill", columns });
    expect(column(table, "age")).toEqual([20, 35, 40, 35, 30, 90]);
    expect(column(table, "sex")).toEqual(["m", "f", "m", "m", "m", "f"]);
    expect(column(table, "old")).toEqual([false, false, true, true, false, true]);
    expect(column(table, "deck")).toEqual(["A", "B", "A", "C", "?", "B"]);
    expect(column(made({ step: "fill", columns: { age: "mean" } }), "age")[1]).toBe(45);
    const wrong = (how: object) => failure(() => made({ step: "fill", columns: how } as Step));
    expect(await wrong({ sex: "median" })).toMatchObject({ code: "GVM5011", fields: { column: "sex" } });
    expect(await wrong({ sex: { value: 3 } })).toMatchObject({ code: "GVM5011" });
    expect(await wrong({ nowhere: "mode" })).toMatchObject({ code: "GVM5009" });
    const nothing = tableFromArrays({ x: [null, null, 1] }).slice(0, 2);
    expect(await failure(() => fitSteps([{ step: "fill", columns: { x: "median" } }], nothing))).toMatchObject({
      code: "GVM5013",
    });
  });

  test("one column a value, 0 for what fitting never saw", async () => {
    const table = made({ step: "oneHot", columns: ["deck"] });
    expect(columnNames(table)).toEqual(["age", "sex", "old", "y", "deck=A", "deck=B", "deck=C"]);
    expect(column(table, "deck=B")).toEqual([0, 1, 0, 0, 0, 1]);
    expect(columnNames(made({ step: "oneHot", columns: ["deck"], dropFirst: true }))).not.toContain("deck=A");
    const other = tableFromArrays({ deck: ["A", "Z"] });
    const lenient = fitSteps([{ step: "oneHot", columns: ["deck"] }], TABLE);
    expect(rowsOf(applySteps(lenient, other))).toEqual([
      [1, 0, 0],
      [0, 0, 0],
    ]);
    const strict = fitSteps([{ step: "oneHot", columns: ["deck"], unseen: "error" }], TABLE);
    expect(await failure(() => applySteps(strict, other))).toMatchObject({
      code: "GVM5051",
      fields: { column: "deck", value: "Z", row: 1 },
    });
    const clash = tableFromArrays({ a: ["x"], "a=x": [1] });
    expect(await failure(() => applySteps(fitSteps([{ step: "oneHot", columns: ["a"] }], clash), clash))).toMatchObject(
      {
        code: "GVM5010",
      },
    );
  });

  test("positions, in order or in the order given; missing for what fitting never saw", async () => {
    expect(column(made({ step: "ordinal", columns: ["deck", "old"] }), "deck")).toEqual([0, 1, 0, 2, null, 1]);
    const fitted = fitSteps([{ step: "ordinal", columns: { deck: ["C", "A"] } }], TABLE);
    expect(column(applySteps(fitted, TABLE), "deck")).toEqual([1, null, 1, 0, null, null]);
    const strict = () => fitSteps([{ step: "ordinal", columns: { deck: ["C"] }, unseen: "error" }], TABLE);
    expect(await failure(strict)).toMatchObject({ code: "GVM5051" });
  });

  test("means of the target, drawn to the mean of all; a training row does not see its own", async () => {
    const step = { step: "target", columns: ["deck"], y: "y", smoothing: 1 } as const;
    const fitted = fitSteps([step], TABLE);
    const [a, b, other] = [(0 + 0.5) / 3, (2 + 0.5) / 3, (0 + 0.5) / 2];
    expect(column(applySteps(fitted, TABLE), "deck")).toEqual([a, b, a, (1 + 0.5) / 2, other, b]);
    expect(column(applySteps(fitted, tableFromArrays({ deck: ["Z"] })), "deck")).toEqual([0.5]);
    // with as many folds as rows, each row's encoding is that of the others' rows
    const alone = fitApply([{ ...step, folds: 6 }], TABLE, createRandom(4)).table;
    TABLE.toArray().forEach((_, row) => {
      const others = takeRows(TABLE, Int32Array.from([0, 1, 2, 3, 4, 5].filter((each) => each !== row)));
      const expected = applySteps(fitSteps([step], others), TABLE);
      expect(column(alone, "deck")[row]).toBeCloseTo(column(expected, "deck")[row] as number, 12);
    });
    expect(await failure(() => fitSteps([{ ...step, y: "deck" }], TABLE))).toMatchObject({ code: "GVM5013" });
    expect(await failure(() => fitSteps([{ ...step, smoothing: -1 }], TABLE))).toMatchObject({ code: "GVM5010" });
    expect(await failure(() => fitApply([{ ...step, folds: 1 }], TABLE))).toMatchObject({ code: "GVM5010" });
  });

  test("numbers are scaled, missing ones stay missing", async () => {
    const scaled = (by: "standard" | "range" | "robust") =>
      column(made({ step: "scale", columns: ["age"], by }), "age");
    expect(scaled("range")).toEqual([0, null, 20 / 70, null, 10 / 70, 1]);
    expect(scaled("robust")[2]).toBeCloseTo((40 - 35) / (52.5 - 27.5), 12);
    const standard = scaled("standard").filter((value) => value !== null) as number[];
    expect(standard.reduce((a, b) => a + b)).toBeCloseTo(0, 12);
    expect(standard.reduce((a, b) => a + b * b, 0) / 4).toBeCloseTo(1, 12);
    const same = tableFromArrays({ x: [5, 5] });
    expect(rowsOf(applySteps(fitSteps([{ step: "scale", columns: ["x"] }], same), same))).toEqual([[0], [0]]);
    expect(await failure(() => made({ step: "scale", columns: ["sex"] }))).toMatchObject({ code: "GVM5011" });
  });

  test("columns are kept and dropped; an unknown step is named", async () => {
    expect(columnNames(made({ step: "keep", columns: ["y", "age"] }))).toEqual(["y", "age"]);
    expect(columnNames(made({ step: "drop", columns: ["y", "age"] }))).toEqual(["sex", "old", "deck"]);
    expect(await failure(() => made({ step: "drop", columns: ["nowhere"] }))).toMatchObject({ code: "GVM5009" });
    expect(await failure(() => made({ step: "wash" } as unknown as Step))).toMatchObject({ code: "GVM5010" });
  });

  const value = fc.option(fc.constantFrom("a", "b", "c", "d"), { nil: null, freq: 4 });
  const number = fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null, freq: 4 });
  const rows = fc.array(fc.record({ n: number, t: value, y: fc.integer({ min: 0, max: 1 }) }), {
    minLength: 2,
    maxLength: 30,
  });
  const tableOf = (list: readonly { n: number | null; t: string | null; y: number }[]): Table =>
    tableFromArrays({
      n: [0.5, ...list.map(({ n }) => n)],
      t: ["a", ...list.map(({ t }) => t)],
      y: [1, ...list.map(({ y }) => y)],
    });
  const STEPS: Step[] = [
    { step: "fill", columns: { n: "median" } },
    { step: "derive", columns: { big: "n > 10", half: "n / 2" } },
    { step: "scale", columns: ["n", "half"], by: "standard" },
    { step: "target", columns: ["t"], y: "y" },
  ];

  test("applying is row by row: what a row becomes depends on the fitted steps and on it alone", () => {
    fc.assert(
      fc.property(rows, rows, fc.nat(), (train, other, pick) => {
        const fitted = fitSteps([...STEPS.slice(0, 3), { step: "oneHot", columns: ["t"] }], tableOf(train));
        const all = applySteps(fitted, tableOf(other));
        const row = pick % all.numRows;
        const alone = applySteps(fitted, takeRows(tableOf(other), Int32Array.of(row)));
        expect(rowsOf(alone)[0]).toEqual(rowsOf(all)[row]);
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  test("fitted steps are plain data, the same for the same rows in another order", () => {
    fc.assert(
      fc.property(rows, (train) => {
        const steps: Step[] = [STEPS[0]!, { step: "oneHot", columns: ["t"] }];
        const fitted = fitSteps(steps, tableOf(train));
        expect(JSON.parse(JSON.stringify(fitted))).toEqual(fitted);
        const forward = tableOf(train);
        const back = takeRows(forward, Int32Array.from(Array(forward.numRows).keys()).reverse());
        expect(fitSteps(steps, back)).toEqual(fitted);
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  test("as rules they do what the functions do, and seeds decide", async () => {
    const data = namespace("prepareTest", { table: rule((): Op<Table> => apply(() => TABLE)()) }).table();
    const steps: Step[] = [
      { step: "fill", columns: { age: "median" } },
      { step: "oneHot", columns: ["sex", "deck"] },
    ];
    const graph = createGraph({ seed: 3 });
    const fitted = prep.fit(data, steps);
    expect(await graph.calc(fitted)).toEqual(fitSteps(steps, TABLE));
    expect(digestValue(await graph.calc(prep.apply(fitted, data)))).toBe(digestValue(made(...steps)));
    expect(digestValue(await graph.calc(prep.training(data, steps)))).toBe(digestValue(made(...steps)));
    expect(digestValue(await graph.calc(prep.summary(data)))).toBe(
      digestValue(await createGraph().calc(prep.summary(data))),
    );
    const encode: Step[] = [{ step: "target", columns: ["deck"], y: "y" }];
    const digest = async (seed: number) => digestValue(await createGraph({ seed }).calc(prep.training(data, encode)));
    expect(await digest(1)).toBe(await digest(1));
    expect(await digest(1)).not.toBe(await digest(2));
  });
});
