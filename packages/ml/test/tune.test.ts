import { createRandom, digestValue } from "@graphvm/engine";
import {
  assignParts,
  fit,
  gini,
  measure,
  predictProba,
  probabilityOf,
  rowsOfPart,
  sampleRows,
  tune,
} from "@graphvm/ml";
import { apply, createGraph, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { failure, rowsOf } from "./support.js";

/** Two classes, of which one feature says something and one nothing. */
function made(): Table {
  const random = createRandom(8);
  const rows = Array.from({ length: 400 }, () => [random.next(), random.next(), random.next()] as const);
  return tableFromArrays({
    a: Float64Array.from(rows, ([a]) => a),
    b: Float64Array.from(rows, ([, b]) => b),
    y: Int32Array.from(rows, ([a, , noise]) => Number(a + noise > 1)),
  });
}

const DATA = made();
const PARTS = assignParts(DATA, { parts: [2, 1], stratify: "y" }, createRandom(1));
const [TRAIN, TEST] = [0, 1].map((part) => rowsOfPart(DATA, PARTS, part)) as [Table, Table];
const data = namespace("tuneTest", {
  all: rule((): Op<Table> => apply(made)()),
  train: rule((): Op<Table> => apply(() => TRAIN)()),
  test: rule((): Op<Table> => apply(() => TEST)()),
});
const ROWS = { y: "y", train: data.train(), test: data.test() };
const TREE = { model: "DecisionTreeClassifier", min_samples_leaf: 5 } as const;
const calc = <T>(ref: Ref<T>, seed = 1): Promise<T> => createGraph({ seed }).calc(ref);
const giniOf = (spec: Parameters<typeof fit>[0], train: Table, test: Table): number =>
  gini([...test.getChild("y")!], probabilityOf(predictProba(fit(spec as typeof TREE, train, "y"), test), 1));

describe("L15: searches", () => {
  test("a grid has every combination, measured in and out of sample", async () => {
    const axes = { max_depth: [1, 3, null], criterion: ["gini", "entropy"] } as const;
    const table = await calc(tune.hyperTune(ROWS, TREE, axes, { metrics: ["gini", "logLoss"] }));
    expect(table.schema.fields.map(({ name }) => name)).toEqual([
      "trial",
      "max_depth",
      "criterion",
      "gini_in",
      "gini_out",
      "logLoss_in",
      "logLoss_out",
    ]);
    const rows = rowsOf(table);
    expect(rows.map(([trial, depth, criterion]) => [trial, depth, criterion])).toEqual([
      [0, 1, "gini"],
      [1, 1, "entropy"],
      [2, 3, "gini"],
      [3, 3, "entropy"],
      [4, null, "gini"],
      [5, null, "entropy"],
    ]);
    const spec = { ...TREE, max_depth: 3, criterion: "gini", seed: 0 } as const;
    expect(rows[2]![3]).toBe(giniOf(spec, TRAIN, TRAIN));
    expect(rows[2]![4]).toBe(giniOf(spec, TRAIN, TEST));
    expect(rows[2]![6]).toBe(measure("logLoss", predictProba(fit(spec, TRAIN, "y"), TEST), TEST, "y"));
  });

  test("the best is the best by the metric asked for, and its model is the one that was tried", async () => {
    const search = tune.search(
      ROWS,
      { model: "ExtraTreesClassifier", n_estimators: 5 },
      { max_depth: [1, 2, 6] },
      { metrics: ["gini", "logLoss"] },
    );
    const results = await calc(search);
    for (const by of ["gini", "logLoss"] as const) {
      const best = tune.best(search, ["gini", "logLoss"], by);
      const found = await calc(best);
      const m = by === "gini" ? 0 : 1;
      const values = results.map((each) => each.out[m]!);
      expect(found.out[m]).toBe(by === "gini" ? Math.max(...values) : Math.min(...values));
      const model = await calc(tune.train(best, data.train(), "y"));
      const again = probabilityOf(predictProba(model as never, TEST), 1);
      expect(gini([...TEST.getChild("y")!], again)).toBe(found.out[0]);
    }
    const wrong = await failure(() => calc(tune.best(search, ["gini", "logLoss"], "auc")));
    expect(wrong).toMatchObject({ code: "GVM5010", fields: { option: "by" } });
  });

  test("random points are drawn from lists and ranges, no two alike, the same for a seed", async () => {
    const axes = {
      learning_rate: { from: 0.01, to: 1, scale: "log" },
      max_iter: { from: 2, to: 5, whole: true },
      max_depth: [1, 2],
    } as const;
    const model = { model: "HistGradientBoostingClassifier" } as const;
    const search = (seed: number, trials = 6) =>
      tune.hyperTune(ROWS, model, axes, { metrics: ["auc"], search: { how: "random", trials }, seed });
    const table = await calc(search(3));
    expect(table.numRows).toBe(6);
    for (const [, rate, rounds, depth] of rowsOf(table) as number[][]) {
      expect(rate).toBeGreaterThanOrEqual(0.01);
      expect(rate).toBeLessThanOrEqual(1);
      expect([2, 3, 4, 5]).toContain(rounds);
      expect([1, 2]).toContain(depth);
    }
    expect(digestValue(await calc(search(3), 99))).toBe(digestValue(table));
    expect(digestValue(await calc(search(4)))).not.toBe(digestValue(table));
    const few = await calc(
      tune.search(ROWS, TREE, { max_depth: [1, 2, 3] }, { metrics: ["auc"], search: { how: "random", trials: 50 } }),
    );
    expect(few.map(({ spec }) => (spec as { max_depth: number }).max_depth).sort()).toEqual([1, 2, 3]);
  });

  test("halving gives the best more, up to the whole", async () => {
    const axes = { max_depth: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
    const options = { metrics: ["gini"], search: { how: "halving", from: 0.1 } } as const;
    const table = await calc(tune.hyperTune(ROWS, TREE, axes, options));
    const rows = rowsOf(table) as number[][];
    const sizes = [0, 1, 2].map((rung) => rows.filter((row) => row[1] === rung).length);
    expect(sizes).toEqual([9, 3, 1]);
    expect([...new Set(rows.map((row) => row[2]))]).toEqual([expect.closeTo(1 / 9), expect.closeTo(1 / 3), 1]);
    const first = rows.filter((row) => row[1] === 0).sort((a, b) => b[5]! - a[5]! || a[0]! - b[0]!);
    expect(rows.filter((row) => row[1] === 1).map((row) => row[0])).toEqual(first.slice(0, 3).map((row) => row[0]));
    const best = rows.find((row) => row[1] === 2)!;
    expect(best[5]).toBe(giniOf({ ...TREE, max_depth: best[3]!, seed: 0 }, TRAIN, TEST));

    const trees = await calc(
      tune.search(
        ROWS,
        { model: "RandomForestClassifier", seed: 4 },
        { max_depth: [1, 2, 3, 4] },
        {
          metrics: ["gini"],
          search: { how: "halving", factor: 2, resource: "n_estimators", from: 2, to: 8 },
        },
      ),
    );
    expect(
      trees.map(({ rung, amount, spec }) => [rung, amount, (spec as { n_estimators: number }).n_estimators]),
    ).toEqual([...Array(4).fill([0, 2, 2]), ...Array(2).fill([1, 4, 4]), [2, 8, 8]]);
  });

  test("a search ends by trials: those after are not trained", async () => {
    // Depth 3 is the best of these; what comes after is never better.
    const max_depth = [3, 1, 1, 1, 1, 1, 1, 1];
    const axes = { max_depth, min_samples_leaf: [5] };
    const stopped = await calc(tune.search(ROWS, TREE, axes, { metrics: ["gini"], stop: { after: 2, batch: 1 } }));
    expect(stopped.map(({ trial }) => trial)).toEqual([0, 1, 2]);
    const batches = await calc(tune.search(ROWS, TREE, axes, { metrics: ["gini"], stop: { after: 3, batch: 2 } }));
    expect(batches.map(({ trial }) => trial)).toEqual([0, 1, 2, 3]);
    const all = await calc(tune.search(ROWS, TREE, axes, { metrics: ["gini"] }));
    expect(all).toHaveLength(8);
    expect(digestValue(all.slice(0, 3))).toBe(digestValue(stopped));
  });

  test("with folds, a trial's metrics are the means over them", async () => {
    const rows = { y: "y", data: data.all(), folds: 4, stratify: "y" };
    const [result] = await calc(tune.search(rows, TREE, { max_depth: [2] }, { metrics: ["accuracy"] }));
    const table = await calc(tune.hyperTune(rows, TREE, { max_depth: [2, 4] }, { metrics: ["accuracy"] }));
    expect(rowsOf(table)[0]).toEqual([0, 2, result!.in[0], result!.out[0]]);
    // fourths of the 400 rows: the mean of four hundredths
    expect((result!.out[0]! * 400) % 1).toBeCloseTo(0, 9);
  });

  test("a learning curve has growing parts of the rows, each among the next", async () => {
    const curve = tune.learningCurve(
      ROWS,
      { ...TREE, max_depth: 3 },
      { parts: [0.1, 0.5, 1], metrics: ["gini"], seed: 2 },
    );
    const rows = rowsOf(await calc(curve)) as number[][];
    expect(rows.map(([part, count]) => [part, count])).toEqual([
      [0.1, Math.round(TRAIN.numRows / 10)],
      [0.5, Math.round(TRAIN.numRows / 2)],
      [1, TRAIN.numRows],
    ]);
    expect(rows[2]![3]).toBe(giniOf({ ...TREE, max_depth: 3 }, TRAIN, TEST));
    const few = [...sampleRows(TRAIN, 0.1, 2).getChild("a")!];
    const more = new Set(sampleRows(TRAIN, 0.5, 2).getChild("a")!);
    expect(few.every((value) => more.has(value))).toBe(true);
  });

  test("what can't be searched is said", async () => {
    const wrong = (axes: object, options: object = {}) =>
      failure(() => calc(tune.hyperTune(ROWS, TREE, axes, { metrics: ["gini"], ...options } as never)));
    expect(await wrong({})).toMatchObject({ code: "GVM5010", fields: { option: "axes" } });
    expect(await wrong({ max_depth: [] })).toMatchObject({ code: "GVM5010", fields: { option: "max_depth" } });
    expect(await wrong({ max_depth: { from: 1, to: 3 } })).toMatchObject({ code: "GVM5010" });
    expect(await wrong({ depth: [3] })).toMatchObject({ code: "GVM5010", fields: { option: "depth" } });
    const search = { how: "random", trials: 3 };
    expect(await wrong({ max_depth: { from: 3, to: 1 } }, { search })).toMatchObject({ code: "GVM5010" });
    expect(await wrong({ max_depth: { from: 1.2, to: 1.8, whole: true } }, { search })).toMatchObject({
      code: "GVM5010",
    });
    const halving = (more: object) => wrong({ max_depth: [1, 2] }, { search: { how: "halving", ...more } });
    expect(await halving({ factor: 1 })).toMatchObject({ fields: { option: "factor" } });
    expect(await halving({ resource: "max_depth" })).toMatchObject({ fields: { option: "from" } });
    expect(await halving({ from: 2 })).toMatchObject({ fields: { option: "from" } });
    expect(await wrong({ max_depth: [1] }, { stop: { after: 0 } })).toMatchObject({ fields: { option: "after" } });
  });
});
