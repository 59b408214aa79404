import { writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { type PyClassifier, py, pyPredict, pyPredictProba, pyScore, pyTrain } from "@graphvm/ml";
import { apply, createGraph, namespace, type Op, rule } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import { describe, expect } from "vitest";
import { gone, ODD, pidIn, pythonTest } from "./python-support.js";
import { failure, tempPath } from "./support.js";

// where Python finds modules: said before there is a Python
const OWN = dirname(tempPath());
process.env.PYTHONPATH = `${ODD}${delimiter}${OWN}`;

const rows = 40;
const table = tableFromArrays({
  a: Float64Array.from({ length: rows }, (_, i) => i % 7),
  b: Float64Array.from({ length: rows }, (_, i) => (i * 3) % 11),
  y: Int32Array.from({ length: rows }, (_, i) => i % 2),
});
const LOGISTIC = "sklearn.linear_model.LogisticRegression";

describe("P9: bad input", () => {
  const cases: readonly (readonly [string, () => Promise<unknown>, object])[] = [
    [
      "an estimator that is not there",
      () => pyTrain("sklearn.ensemble.ExtraTreesClassifie", {}, "y", table),
      { code: "GVM5062", message: expect.stringContaining("there is ExtraTreesClassifier") },
    ],
    ["a module that is not there", () => pyTrain("sklearn.nothing.Tree", {}, "y", table), { code: "GVM5062" }],
    ["a name without a module", () => pyTrain("Tree", {}, "y", table), { code: "GVM5062" }],
    ["a class without fit", () => pyTrain("odd_estimators.Nothing", {}, "y", table), { code: "GVM5062" }],
    ["no class", () => pyTrain("os.path.join", {}, "y", table), { code: "GVM5062" }],
    [
      "a package that is not there",
      () => pyTrain("catboost_of_nobody.Cat", {}, "y", table),
      { code: "GVM5061", fields: { package: "catboost_of_nobody" }, message: expect.stringContaining("pip install") },
    ],
    [
      "an option that it does not have",
      () => pyTrain(LOGISTIC, { c: 1 }, "y", table),
      { code: "GVM5010", fields: { option: "c", value: 1 }, message: expect.stringContaining("it has C, ") },
    ],
    [
      "an option's value that it refuses",
      () => pyTrain(LOGISTIC, { C: -1 }, "y", table),
      { code: "GVM5064", fields: { type: "InvalidParameterError", why: expect.stringContaining("'C'") } },
    ],
    ["a column that is not there", () => pyTrain(LOGISTIC, {}, "z", table), { code: "GVM5009" }],
    [
      "a NaN target",
      () =>
        pyTrain(LOGISTIC, {}, "y", table.assign(tableFromArrays({ y: new Float64Array(rows).fill(Number.NaN, 3) }))),
      { code: "GVM5013", fields: { column: "y", row: 3 } },
    ],
    [
      "an infinite target",
      () =>
        pyTrain(
          "sklearn.linear_model.LinearRegression",
          {},
          "y",
          table.assign(tableFromArrays({ y: new Float64Array(rows).fill(Number.POSITIVE_INFINITY, 5) })),
        ),
      { code: "GVM5013", fields: { column: "y", row: 5 } },
    ],
    ["no rows", () => pyTrain(LOGISTIC, {}, "y", table.slice(0, 0)), { code: "GVM5015" }],
    ["no features", () => pyTrain(LOGISTIC, {}, "y", table.select(["y"])), { code: "GVM5015" }],
    [
      "a column of dates",
      () =>
        pyTrain(
          LOGISTIC,
          {},
          "y",
          table.assign(tableFromArrays({ a: Array.from({ length: rows }, () => new Date(0)) })),
        ),
      { code: "GVM5011", fields: { column: "a" } },
    ],
    [
      "one class only, where the estimator wants two",
      () => pyTrain(LOGISTIC, {}, "y", table.assign(tableFromArrays({ y: new Int32Array(rows) }))),
      { code: "GVM5064", fields: { type: "ValueError", traceback: expect.arrayContaining([expect.any(String)]) } },
    ],
    [
      "an estimator that exits",
      () => pyTrain("odd_estimators.Leaves", {}, "y", table),
      { code: "GVM5064", fields: { type: "SystemExit" } },
    ],
  ];
  for (const [what, work, expected] of cases) {
    pythonTest(`P9: ${what}`, async () => {
      expect(await failure(work)).toMatchObject(expected);
    });
  }

  pythonTest("P9: what a model can't be asked for, and predictions of another shape", async () => {
    const wide = await pyTrain("odd_estimators.Wide", {}, "y", table);
    expect(await failure(() => pyPredict(wide, table))).toMatchObject({ code: "GVM5064" });
    expect(await failure(() => pyPredictProba(wide, table))).toMatchObject({ code: "GVM5062" });
    expect(await failure(() => pyScore(wide, table, "y"))).toMatchObject({ code: "GVM5062" });
    expect(await failure(() => pyPredict(wide, table.select(["a"])))).toMatchObject({ code: "GVM5009" });
  });
});

pythonTest("P10: a model made with other packages is read by none", async () => {
  const model = await pyTrain(LOGISTIC, {}, "y", table);
  const packages = { ...model.packages, "scikit-learn": "0.1.0" };
  const bytes = new TextEncoder().encode("no pickle at all");
  expect(await failure(() => pyPredict({ ...model, packages, pickle: bytes }, table))).toMatchObject({
    code: "GVM5065",
    fields: { model: packages, here: model.packages },
    message: expect.stringContaining("scikit-learn 0.1.0, here "),
  });
});

pythonTest("P10: an estimator of one's own is named by its text: a model of an earlier text is not read", async () => {
  const module = join(OWN, "own_estimators.py");
  const text = "from odd_estimators import Odd\nclass Mine(Odd):\n    pass\n";
  writeFileSync(module, text);
  const model = await pyTrain("own_estimators.Mine", {}, "y", table);
  expect(model.packages.own_estimators).toMatch(/^sha256:[0-9a-f]{64}$/);
  await failure(() => pyTrain("odd_estimators.Dies", {}, "y", table));
  expect((await pyPredict(model, table)).valueOf()).toEqual(new Float64Array(rows));
  await failure(() => pyTrain("odd_estimators.Dies", {}, "y", table));
  writeFileSync(module, `${text}    changed = True\n`);
  expect(await failure(() => pyPredict(model, table))).toMatchObject({
    code: "GVM5065",
    message: expect.stringContaining("own_estimators sha256:"),
  });
});

pythonTest("P1: a block without rows has no predictions", async () => {
  const model = await pyTrain(LOGISTIC, {}, "y", table);
  const none = table.slice(0, 0);
  expect(await pyPredict(model, none)).toEqual({ classes: [0, 1], codes: new Int32Array() });
  expect(await pyPredictProba(model as PyClassifier, none)).toEqual({ classes: [0, 1], values: new Float64Array() });
  expect(await failure(() => pyPredict(model, none.select(["a"])))).toMatchObject({ code: "GVM5009" });
});

const data = namespace("data", { table: rule((): Op<Table> => apply(() => table)()) });

pythonTest("P11: Python that dies is told with its last lines; the next job has another", async () => {
  const error = await failure(() => pyTrain("odd_estimators.Dies", {}, "y", table));
  expect(error).toMatchObject({ code: "GVM5063", fields: { how: "signal SIGKILL" } });
  expect(error.message).toContain("about to go");
  expect((await pyTrain(LOGISTIC, {}, "y", table)).task).toBe("classify");
});

pythonTest(
  "P11: Python that is killed in the middle of a node fails that node, and those that wait in line",
  async () => {
    const marker = tempPath("slow.pid");
    const graph = createGraph();
    const slow = graph.calc(py.train(data.table(), "y", "odd_estimators.Slow", { marker }));
    slow.catch(() => {});
    const pid = await pidIn(marker);
    const behind = failure(() => pyTrain(LOGISTIC, {}, "y", table));
    process.kill(pid, "SIGKILL");
    expect(await failure(() => slow)).toMatchObject({ code: "GVM5063", fields: { rule: "py.train" } });
    expect(await behind).toMatchObject({ code: "GVM5063" });
    await gone(pid);
    expect(await graph.calc(py.score(py.train(data.table(), "y", LOGISTIC), data.table(), "y"))).toBeGreaterThan(0);
  },
);
