import { execFileSync } from "node:child_process";
import { createRandom } from "@graphvm/engine";
import {
  accuracy,
  calibrationCurve,
  classScores,
  confusion,
  f1Score,
  featureImportance,
  fit,
  gini,
  logLoss,
  mae,
  measure,
  ml,
  permutationImportance,
  prAuc,
  prCurve,
  predict,
  predictProba,
  r2,
  rmse,
  rocAuc,
  rocCurve,
} from "@graphvm/ml";
import { apply, createGraph, namespace, type Op, rule } from "@graphvm/rules";
import { Float64, Table, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failure, rowsOf } from "./support.js";

const random = createRandom(11);
const N = 300;
const labels = Array.from({ length: N }, () => random.below(2));
// Scores of two digits, so that many are equal.
const scores = labels.map((label) => Math.round((0.2 * label + 0.8 * random.next()) * 100) / 100);
const truth3 = Array.from({ length: N }, () => random.below(3));
const said3 = truth3.map((t) => (random.next() < 0.6 ? t : random.below(3)));
const numbers = Array.from({ length: N }, () => random.next() * 10);
const guesses = numbers.map((v) => v + random.next() - 0.4);
const three = (codes: readonly number[]) => ({ classes: [0, 1, 2], codes: Int32Array.from(codes) });
const two = (codes: readonly number[]) => ({ classes: [0, 1], codes: Int32Array.from(codes) });
const proba = { classes: [0, 1], values: Float64Array.from(scores.flatMap((s) => [1 - s, s])) };

const PYTHON = `
import json, sys
from sklearn import metrics as m
from sklearn.calibration import calibration_curve
d = json.load(sys.stdin)
y, s, t3, s3, v, g = (d[k] for k in ["labels", "scores", "truth3", "said3", "numbers", "guesses"])
b = [int(x > .5) for x in s]
p, r, t, _ = m.precision_recall_fscore_support(t3, s3)
fpr, tpr, _ = m.roc_curve(y, s, drop_intermediate=False)
pre, rec, _ = m.precision_recall_curve(y, s)
obs, pred = calibration_curve(y, s, n_bins=10)
print(json.dumps({
  "auc": m.roc_auc_score(y, s), "prAuc": m.average_precision_score(y, s), "logLoss": m.log_loss(y, s),
  "accuracy": m.accuracy_score(t3, s3), "f1": m.f1_score(y, b), "macro": m.f1_score(t3, s3, average="macro"),
  "confusion": m.confusion_matrix(t3, s3).ravel().tolist(), "precision": p.tolist(), "recall": r.tolist(), "each": t.tolist(),
  "rmse": m.mean_squared_error(v, g) ** .5, "mae": m.mean_absolute_error(v, g), "r2": m.r2_score(v, g),
  "fpr": fpr.tolist(), "tpr": tpr.tolist(), "pre": pre[:-1][::-1].tolist(), "rec": rec[:-1][::-1].tolist(),
  "obs": obs.tolist(), "pred": pred.tolist() }))
`;

function sklearn(): { readonly [name: string]: number | number[] } | undefined {
  try {
    const input = JSON.stringify({ labels, scores, truth3, said3, numbers, guesses });
    return JSON.parse(execFileSync("python3", ["-c", PYTHON], { input, encoding: "utf8", stdio: "pipe" }));
  } catch (error) {
    if (/No module named|ENOENT/.test(String(error))) return undefined;
    throw error;
  }
}

const theirs = sklearn();
test.skipIf(theirs === undefined)(
  `L8: metrics and curves are scikit-learn's to 1e-12${theirs === undefined ? " (skipped: python3 with scikit-learn is not there)" : ""}`,
  () => {
    const found = confusion(three(truth3), three(said3));
    const each = classScores(found);
    const roc = rocCurve(labels, scores);
    const pr = prCurve(labels, scores);
    const calibration = calibrationCurve(labels, scores);
    const said = two(scores.map((s) => Number(s > 0.5)));
    const ours: { readonly [name: string]: number | Iterable<number> } = {
      auc: rocAuc(labels, scores),
      prAuc: prAuc(labels, scores),
      logLoss: logLoss(two(labels), proba),
      accuracy: accuracy(found),
      f1: f1Score(confusion(two(labels), said)),
      macro: f1Score(found),
      confusion: found.counts,
      precision: each.precision,
      recall: each.recall,
      each: each.f1,
      rmse: rmse(numbers, guesses),
      mae: mae(numbers, guesses),
      r2: r2(numbers, guesses),
      fpr: roc.fpr,
      tpr: roc.tpr,
      pre: pr.precision,
      rec: pr.recall,
      obs: calibration.observed,
      pred: calibration.predicted,
    };
    for (const [name, value] of Object.entries(theirs!)) {
      const [a, b] = [ours[name]!, value].map((each) => (typeof each === "number" ? [each] : [...each]));
      expect(a, name).toHaveLength(b!.length);
      a!.forEach((v, i) => {
        expect(v, `${name} ${i}`).toBeCloseTo(b![i]!, 12);
      });
    }
  },
);

describe("L8: metrics", () => {
  test("the area under the ROC curve is the AUC, whatever the scores", () => {
    const pairs = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(pairs, (rows) => {
        const [y, s] = [
          [true, false, ...rows.map(([label]) => label)],
          [5, 5, ...rows.map(([, score]) => score)],
        ];
        const { fpr, tpr } = rocCurve(y, s);
        let area = 0;
        for (let i = 1; i < fpr.length; i++) area += ((fpr[i]! - fpr[i - 1]!) * (tpr[i]! + tpr[i - 1]!)) / 2;
        expect(area).toBeCloseTo(rocAuc(y, s), 12);
        expect(gini(y, s)).toBeCloseTo(2 * area - 1, 12);
        expect([fpr.at(-1), tpr.at(-1)]).toEqual([1, 1]);
      }),
      { seed: 2 },
    );
  });

  test("bad input", async () => {
    for (const curve of [rocCurve, prCurve, prAuc, calibrationCurve]) {
      expect(await failure(() => curve([0, 1], [1]))).toMatchObject({ code: "GVM5015" });
      expect(await failure(() => curve([0, 1], [1, Number.NaN]))).toMatchObject({
        code: "GVM5013",
        fields: { row: 1 },
      });
    }
    for (const curve of [rocCurve, prCurve, prAuc]) {
      expect(await failure(() => curve([0, 0], [1, 2]))).toMatchObject({ code: "GVM5014" });
      expect(await failure(() => curve([], []))).toMatchObject({ code: "GVM5014", fields: { classes: 0 } });
    }
    expect(await failure(() => rocCurve([1, 1], [1, 2]))).toMatchObject({ code: "GVM5014" });
    for (const error of [rmse, mae, r2]) {
      expect(await failure(() => error([1], [1, 2]))).toMatchObject({ code: "GVM5015" });
      expect(await failure(() => error([], []))).toMatchObject({ code: "GVM5015" });
      expect(await failure(() => error([1, 2], [1, Number.NaN]))).toMatchObject({
        code: "GVM5013",
        fields: { column: "prediction", row: 1 },
      });
    }
    expect(await failure(() => confusion(two([0]), two([0, 1])))).toMatchObject({ code: "GVM5015" });
    expect(await failure(() => confusion(two([]), two([])))).toMatchObject({ code: "GVM5015" });
  });

  test("classes that one side does not know, constant truth, classes nobody said", () => {
    const found = confusion(
      { classes: ["a", "b"], codes: Int32Array.of(0, 1, 1) },
      { classes: ["b", "c"], codes: Int32Array.of(0, 0, 1) },
    );
    expect(found).toEqual({ classes: ["a", "b", "c"], counts: Float64Array.of(0, 1, 0, 0, 1, 1, 0, 0, 0) });
    expect([...classScores(found).f1]).toEqual([0, 0.5, 0]);
    expect(
      logLoss({ classes: [7], codes: Int32Array.of(0) }, { classes: [0], values: Float64Array.of(1) }),
    ).toBeCloseTo(36.04, 2);
    expect([r2([2, 2], [2, 2]), r2([2, 2], [2, 3])]).toEqual([1, 0]);
  });
});

const column = (values: readonly number[]) => vectorFromArray(values, new Float64());
const a = Array.from({ length: 400 }, () => random.next());
const b = a.map(() => random.next());
const TABLE = new Table({
  a: column(a),
  noise: column(a.map(() => random.next())),
  b: column(b),
  y: column(a.map((v, i) => Number(v + b[i]! / 3 > 0.6))),
});
const [TRAIN, TEST] = [TABLE.slice(0, 250), TABLE.slice(250)];

describe("L9: importance", () => {
  test.each([
    { model: "DecisionTreeClassifier" },
    { model: "RandomForestClassifier", n_estimators: 10 },
    { model: "ExtraTreesClassifier", n_estimators: 10 },
    { model: "AdaBoostClassifier", n_estimators: 10 },
    { model: "HistGradientBoostingClassifier", max_iter: 10 },
    { model: "RandomForestRegressor", n_estimators: 10 },
    { model: "ExtraTreesRegressor", n_estimators: 10 },
    { model: "HistGradientBoostingRegressor", max_iter: 10 },
  ] as const)("$model: the feature that decides comes first, noise last; by splits and by shuffling", (spec) => {
    const model = fit(spec, TRAIN, "y");
    const { features, importance } = featureImportance(model, TRAIN);
    expect(features).toEqual(["a", "noise", "b"]);
    expect([...importance].reduce((x, y) => x + y)).toBeCloseTo(1, 12);
    expect(importance[0]).toBeGreaterThan(importance[2]!);
    expect(importance[2]).toBeGreaterThan(importance[1]!);
    const metric = "classes" in model ? "auc" : "rmse";
    const shuffled = permutationImportance(model, TEST, "y", { metric, seed: 1 });
    expect(shuffled.importance[0]).toBeGreaterThan(shuffled.importance[2]!);
    expect(Math.abs(shuffled.importance[1]!)).toBeLessThan(0.05);
    expect(permutationImportance(model, TEST, "y", { metric, seed: 1 })).toEqual(shuffled);
  });

  test("a single tree's is that of the textbook", () => {
    // y = x > 2, and a second split that tells nothing more: all of it is x's.
    const table = new Table({ x: column([1, 2, 3, 4]), z: column([1, 1, 2, 2]), y: column([0, 0, 1, 1]) });
    const model = fit({ model: "DecisionTreeClassifier" }, table, "y");
    expect([...featureImportance(model).importance]).toEqual([1, 0]);
  });

  test("bad input", async () => {
    const forest = fit({ model: "ExtraTreesClassifier", n_estimators: 2 }, TRAIN, "y");
    expect(await failure(() => featureImportance(forest))).toMatchObject({ code: "GVM5015" });
    const bayes = fit({ model: "GaussianNB" }, TRAIN, "y");
    expect(await failure(() => featureImportance(bayes))).toMatchObject({ code: "GVM5015" });
    const wrong = () => permutationImportance(bayes, TEST, "y", { metric: "rmse" });
    expect(await failure(wrong)).toMatchObject({ code: "GVM5010", fields: { option: "metric", value: "rmse" } });
    const none = () => permutationImportance(bayes, TEST, "y", { metric: "auc", n_repeats: 0 });
    expect(await failure(none)).toMatchObject({ code: "GVM5010", fields: { option: "n_repeats" } });
  });
});

const data = namespace("metricsTest", {
  train: rule((): Op<Table> => apply(() => TRAIN)()),
  test: rule((): Op<Table> => apply(() => TEST)()),
});

describe("L10: rules", () => {
  test("many models in and out of sample, as a table", async () => {
    const models = {
      bayes: { model: "GaussianNB" },
      forest: { model: "RandomForestClassifier", n_estimators: 5, seed: 3 },
    } as const;
    const from = { models, y: "y", train: data.train(), test: data.test() };
    const table = await createGraph().calc(ml.classifierMetrics(from, ["gini", "accuracy"]));
    const rows = Object.entries(models).flatMap(([name, spec]) => {
      const model = fit(spec, TRAIN, "y");
      return [TRAIN, TEST].map((sample, i) => [
        name,
        ["in", "out"][i],
        measure("gini", predictProba(model, sample), sample, "y"),
        measure("accuracy", predictProba(model, sample), sample, "y"),
      ]);
    });
    expect(table.schema.names).toEqual(["model", "sample", "gini", "accuracy"]);
    expect(rowsOf(table)).toEqual(rows);
  });

  test("models of numbers, predictions, clusters", async () => {
    const graph = createGraph();
    const models = { line: { model: "LinearRegression" } } as const;
    const from = { models, y: "y", train: data.train(), test: data.test() };
    const line = fit(models.line, TRAIN, "y");
    const errors = [TRAIN, TEST].map((sample) => measure("rmse", predict(line, sample), sample, "y"));
    expect(rowsOf(await graph.calc(ml.regressorMetrics(from, ["rmse"])))).toEqual([
      ["line", "in", errors[0]],
      ["line", "out", errors[1]],
    ]);
    const clusters = ml.train(data.train(), null, { model: "KMeans", n_clusters: 2, seed: 1 });
    const said = await graph.calc(ml.predict(clusters, data.test()));
    expect(said).toEqual(predict(fit({ model: "KMeans", n_clusters: 2, seed: 1 }, TRAIN, null), TEST));
    const own = await graph.calc(ml.train(data.train(), "y", { model: "RandomForestClassifier", n_estimators: 2 }));
    expect(own).not.toEqual(fit({ model: "RandomForestClassifier", n_estimators: 2 }, TRAIN, "y"));
  });

  test("a wrong option fails the node with its code", async () => {
    const wrong = ml.train(data.train(), "y", { model: "Ridge", alpha: -1 });
    expect(await failure(() => createGraph().calc(wrong))).toMatchObject({
      code: "GVM5010",
      fields: { option: "alpha" },
    });
  });
});
