import { createRandom } from "@graphvm/engine";
import {
  aucWithin,
  averagePredictions,
  type ClassSummary,
  concat,
  ds,
  fit,
  type Metric,
  measure,
  measureSummary,
  mergeSummaries,
  ml,
  type Probabilities,
  predictProba,
  scoreSummary,
  select,
  takeRows,
} from "@graphvm/ml";
import { createGraph } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cut, give, given, rowsOfTwoClasses } from "./blocks.js";
import { failure } from "./support.js";

const BINARY = ["auc", "gini", "prAuc", "logLoss", "accuracy", "f1"] as const;

function scored(rows: number, seed: number, digits = 1e9): { table: Table; predicted: Probabilities } {
  const random = createRandom(seed);
  const y = Int32Array.from({ length: rows }, () => Number(random.next() < 0.3));
  const p = Float64Array.from(y, (label) => Math.round(digits * (0.7 * random.next() + 0.3 * label)) / digits);
  const values = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 1 ? p[i >> 1]! : 1 - p[i >> 1]!));
  return { table: tableFromArrays({ y }), predicted: { classes: [0, 1], values } };
}

function blockOf({ table, predicted }: ReturnType<typeof scored>, from: number, to: number) {
  const rows = Int32Array.from({ length: to - from }, (_, i) => from + i);
  return {
    table: takeRows(table, rows),
    predicted: { ...predicted, values: predicted.values.slice(2 * from, 2 * to) },
  };
}

describe("L17: scores of blocks", () => {
  test("are those of all rows together", () => {
    const all = scored(2000, 1, 100);
    const cuts = [0, 300, 301, 1200, 2000];
    const parts = cuts.slice(1).map((to, i) => blockOf(all, cuts[i]!, to));
    const merged = mergeSummaries(parts.map(({ predicted, table }) => scoreSummary(predicted, table, "y")));
    expect(merged.rows).toBe(2000);
    for (const metric of BINARY) {
      const whole = measure(metric, all.predicted, all.table, "y");
      if (metric === "logLoss" || metric === "prAuc") expect(measureSummary(metric, merged)).toBeCloseTo(whole, 12);
      else expect(measureSummary(metric, merged)).toBe(whole);
    }
    expect(aucWithin(merged as ClassSummary)).toBe(0);
  });

  test("of numbers too, whose mean is far from 0", () => {
    const random = createRandom(2);
    const y = Float64Array.from({ length: 900 }, () => 1e6 + random.next());
    const said = y.map((value) => value + random.next() / 3);
    const table = tableFromArrays({ y });
    const parts = [0, 450].map((from) => {
      const rows = Int32Array.from({ length: 450 }, (_, i) => from + i);
      return scoreSummary(said.slice(from, from + 450), takeRows(table, rows), "y");
    });
    for (const metric of ["rmse", "mae", "r2"] as const) {
      expect(measureSummary(metric, mergeSummaries(parts))).toBeCloseTo(measure(metric, said, table, "y"), 9);
    }
  });

  test("take bounded memory, and say how far the AUC may be off", () => {
    const all = scored(20_000, 3);
    const summary = scoreSummary(all.predicted, all.table, "y", { limit: 64 }) as ClassSummary;
    expect(summary.counts!.scores.length).toBeLessThanOrEqual(64);
    const exact = measure("auc", all.predicted, all.table, "y");
    const off = Math.abs(measureSummary("auc", summary) - exact);
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThanOrEqual(aucWithin(summary));
    expect(aucWithin(summary)).toBeLessThan(0.02);
  });

  test("don't depend on how rows are cut into blocks, nor on the order of those", () => {
    const all = scored(400, 4);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 399 }), { maxLength: 6 }),
        fc.integer({ min: 16, max: 60 }),
        fc.boolean(),
        (inner, limit, reversed) => {
          const cuts = [0, ...inner.sort((a, b) => a - b), 400];
          const parts = cuts.slice(1).map((to, i) => blockOf(all, cuts[i]!, to));
          const summaries = parts.map(({ predicted, table }) => scoreSummary(predicted, table, "y", { limit }));
          const merged = mergeSummaries(reversed ? summaries.reverse() : summaries) as ClassSummary;
          const whole = scoreSummary(all.predicted, all.table, "y", { limit }) as ClassSummary;
          expect(merged.counts).toEqual(whole.counts);
          expect(merged.confusion).toEqual(whole.confusion);
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });

  test("of three classes have accuracy, F1 and log loss; AUC is an error", async () => {
    const table = tableFromArrays({ y: Int32Array.of(0, 1, 2, 1), x: Float64Array.of(0, 1, 2, 1) });
    const model = fit({ model: "DecisionTreeClassifier" }, table, "y");
    const summary = scoreSummary(predictProba(model, table), table, "y");
    const both = mergeSummaries([summary, summary]);
    expect(["accuracy", "f1"].map((metric) => measureSummary(metric as Metric, both))).toEqual([1, 1]);
    expect((await failure(() => measureSummary("auc", both))).code).toBe("GVM5014");
  });

  test("a block of one class is no error; one that hides which class is positive is", async () => {
    const one = (label: number) => {
      const table = tableFromArrays({ y: Int32Array.of(label, label) });
      return scoreSummary({ classes: [label], values: Float64Array.of(1, 1) }, table, "y");
    };
    expect(measureSummary("auc", mergeSummaries([one(0), one(1)]))).toBe(1);
    expect((await failure(() => mergeSummaries([one(1), one(2)]))).code).toBe("GVM5014");
  });

  test("bad input: none, two kinds, a limit that is none, a metric of the other kind", async () => {
    const { table, predicted } = scored(10, 6);
    const classes = scoreSummary(predicted, table, "y");
    const numbers = scoreSummary(new Float64Array(10), table, "y");
    expect((await failure(() => mergeSummaries([]))).code).toBe("GVM5015");
    expect((await failure(() => mergeSummaries([classes, numbers]))).code).toBe("GVM5015");
    expect((await failure(() => scoreSummary(predicted, table, "y", { limit: 3 }))).code).toBe("GVM5010");
    expect((await failure(() => measureSummary("rmse", classes))).code).toBe("GVM5010");
  });
});

test("L17: ml.scoreBlocks judges several models block by block", async () => {
  const [train, ...tests] = cut(rowsOfTwoClasses(1200, 7), 4) as [Table, ...Table[]];
  give({ train, ...Object.fromEntries(tests.map((block, b) => [`test${b}`, block])) });
  const specs = [{ model: "GaussianNB" }, { model: "LogisticRegression" }] as const;
  const models = specs.map((spec) => ml.train(ds.select(given.table("train"), ["a", "b", "y"]), "y", spec));
  const from = { models, tests: tests.map((_, b) => given.table(`test${b}`)), y: "y" };
  const found = await createGraph({ seed: 1 }).calc(ml.scoreBlocks(from, ["auc", "accuracy"]));
  const test = concat(tests);
  const said = specs.map((spec) => predictProba(fit(spec, select(train, ["a", "b", "y"]), "y"), test));
  const whole = (metric: Metric): number => measure(metric, averagePredictions(said), test, "y");
  expect([...found]).toEqual([whole("auc"), whole("accuracy")]);
  const none = await failure(() => createGraph().calc(ml.scoreBlocks({ ...from, tests: [] }, ["auc"])));
  expect(none.code).toBe("GVM5015");
});
