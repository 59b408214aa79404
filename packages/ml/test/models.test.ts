import { createRandom, digestValue } from "@graphvm/engine";
import {
  type BoostedClassifier,
  fit,
  fitColumns,
  fromBytes,
  MODEL_NAMES,
  type ModelSpec,
  predict,
  predictColumns,
  predictProba,
  toBytes,
} from "@graphvm/ml";
import { Bool, Float64, Table, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { failure } from "./support.js";

const SMALL: { readonly [option: string]: object } = {
  ExtraTreesClassifier: { n_estimators: 3 },
  RandomForestClassifier: { n_estimators: 3 },
  ExtraTreesRegressor: { n_estimators: 3 },
  RandomForestRegressor: { n_estimators: 3 },
  HistGradientBoostingClassifier: { max_iter: 5, min_samples_leaf: 5 },
  HistGradientBoostingRegressor: { max_iter: 5, min_samples_leaf: 5 },
  AdaBoostClassifier: { n_estimators: 5 },
  KMeans: { n_clusters: 3 },
};
/** Every model there is, small. */
const SPECS = MODEL_NAMES.map((model) => ({ model, ...SMALL[model] }) as ModelSpec);
const CLASSIFIERS = ["Classifier", "LogisticRegression", "GaussianNB"];
const isClassifier = ({ model }: ModelSpec): boolean => CLASSIFIERS.some((part) => model.includes(part));
const isCluster = ({ model }: ModelSpec): boolean => model === "KMeans";
const REGRESSORS = SPECS.filter((spec) => !isClassifier(spec) && !isCluster(spec));
const TAKES_MISSING = (spec: ModelSpec): boolean => spec.model.startsWith("Hist");
const TREES = (spec: ModelSpec): boolean => /Tree|Forest|AdaBoost|Hist/.test(spec.model);
const named = (specs: readonly ModelSpec[]): (readonly [string, ModelSpec])[] =>
  specs.map((s) => [s.model, s] as const);

/** `fit` for a specification whose kind is known at run time only. */
function train(spec: ModelSpec, table: Table, y: string | null): ReturnType<typeof fit> {
  return fit(spec, table, y as string);
}

const floats = (values: readonly (number | null)[]) => vectorFromArray(values, new Float64());
const texts = (values: readonly (string | null)[]) => vectorFromArray(values, new Utf8());

const random = createRandom(3);
const ROWS = 120;
const a = Array.from({ length: ROWS }, () => random.next());
const b = Array.from({ length: ROWS }, () => random.next() * 100);
const y = a.map((v, i) => Number(v + b[i]! / 100 > 1));
const TABLE = new Table({ a: floats(a), b: floats(b), y: floats(y) });
const targetOf = (spec: ModelSpec): string | null => (isCluster(spec) ? null : "y");

describe("L1: options", () => {
  test.each(named(SPECS))("%s refuses an option it does not know, and says which it knows", async (_, spec) => {
    const wrong = { ...spec, depth: 3 } as unknown as ModelSpec;
    const error = await failure(() => train(wrong, TABLE, targetOf(spec)));
    expect(error).toMatchObject({ code: "GVM5010", exitCode: 2, fields: { option: "depth", value: 3 } });
    expect(error.message).toMatch(/the options are/);
  });

  test.each([
    [{ model: "RandomForestClassifier", bootstrap: 1 }, "bootstrap"],
    [{ model: "RandomForestClassifier", criterion: "mse" }, "criterion"],
    [{ model: "DecisionTreeClassifier", n_estimators: 3 }, "n_estimators"],
    [{ model: "HistGradientBoostingClassifier", learning_rate: 0 }, "learning_rate"],
    [{ model: "HistGradientBoostingClassifier", max_bins: 256 }, "max_bins"],
    [{ model: "HistGradientBoostingClassifier", early_stopping: "no" }, "early_stopping"],
    [{ model: "HistGradientBoostingClassifier", validation_fraction: 1 }, "validation_fraction"],
    [{ model: "HistGradientBoostingClassifier", categorical_features: "all" }, "categorical_features"],
    [{ model: "LogisticRegression", C: 0 }, "C"],
    [{ model: "LogisticRegression", l1_ratio: 1.1 }, "l1_ratio"],
    [{ model: "LogisticRegression", C: Number.NaN }, "C"],
    [{ model: "Ridge", alpha: -1 }, "alpha"],
    [{ model: "Lasso", max_iter: 0 }, "max_iter"],
    [{ model: "GaussianNB", var_smoothing: "a" }, "var_smoothing"],
    [{ model: "AdaBoostClassifier", estimator: { model: "GaussianNB" } }, "estimator"],
    [{ model: "KMeans", n_init: 0 }, "n_init"],
    [{ model: "KMeans", init: "farthest" }, "init"],
    [{ model: "SVC" }, "model"],
    [{ model: "toString" }, "model"],
  ])("%j", async (spec, option) => {
    const y = spec.model === "KMeans" ? null : "y";
    expect(await failure(() => train(spec as ModelSpec, TABLE, y))).toMatchObject({
      code: "GVM5010",
      fields: { option },
    });
  });

  test("a feature that boosting is to take for a category must be there", async () => {
    const spec = { model: "HistGradientBoostingClassifier", categorical_features: ["c"] } as const;
    expect(await failure(() => fit(spec, TABLE, "y"))).toMatchObject({ code: "GVM5009", fields: { column: "c" } });
  });

  test("a model of a column is told which", async () => {
    expect(await failure(() => train({ model: "GaussianNB" }, TABLE, null))).toMatchObject({ code: "GVM5015" });
  });
});

describe("L2, L3: the same every time, and the same from bytes", () => {
  test.each(named(SPECS))("%s", (_, spec) => {
    const target = targetOf(spec);
    const model = train(spec, TABLE, target);
    expect(digestValue(train(spec, TABLE, target))).toBe(digestValue(model));
    const bytes = toBytes(model);
    expect(toBytes(train(spec, TABLE, target))).toEqual(bytes);
    const read = fromBytes(bytes);
    expect(digestValue(read)).toBe(digestValue(model));
    expect(toBytes(read)).toEqual(bytes);
    expect(predict(read, TABLE)).toEqual(predict(model, TABLE));
  });

  test("the order of keys makes no difference to the bytes", () => {
    const model = fit({ model: "GaussianNB" }, TABLE, "y");
    const { model: name, ...rest } = model;
    expect(toBytes({ ...rest, model: name })).toEqual(toBytes(model));
  });

  test("another seed, another forest", () => {
    for (const model of ["RandomForestClassifier", "ExtraTreesRegressor"] as const) {
      const of = (seed: number): string => digestValue(fit({ model, n_estimators: 2, seed }, TABLE, "y"));
      expect(of(1)).not.toBe(of(2));
    }
  });

  test("bytes that are no model", async () => {
    const good = toBytes(fit({ model: "GaussianNB" }, TABLE, "y"));
    const later = good.slice();
    later[4] = 9;
    for (const bytes of [new Uint8Array(0), good.subarray(1), later, good.subarray(0, good.length - 3)]) {
      expect(await failure(() => fromBytes(bytes))).toMatchObject({ code: "GVM5016", exitCode: 2 });
    }
  });
});

describe("L5: bad input", () => {
  test.each(named(SPECS))(
    "%s: an empty table, a table without features, a target that is not there",
    async (_, spec) => {
      const target = targetOf(spec);
      expect(await failure(() => train(spec, TABLE.slice(0, 0), target))).toMatchObject({ code: "GVM5015" });
      const bare = isCluster(spec) ? new Table({}) : TABLE.select(["y"]);
      expect(await failure(() => train(spec, bare, target))).toMatchObject({ code: "GVM5015" });
      if (target !== null) expect(await failure(() => train(spec, TABLE, "z"))).toMatchObject({ code: "GVM5009" });
    },
  );

  test.each(named(REGRESSORS))("%s: a target that is no finite number", async (_, spec) => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null]) {
      const table = new Table({ a: floats([1, 2, 3]), y: floats([1, bad, 2]) });
      expect(await failure(() => train(spec, table, "y"))).toMatchObject({
        code: "GVM5013",
        fields: { column: "y", row: 1 },
      });
    }
    const words = new Table({ a: floats([1, 2]), y: texts(["1", "2"]) });
    expect(await failure(() => train(spec, words, "y"))).toMatchObject({ code: "GVM5011", fields: { column: "y" } });
    const truth = new Table({ a: floats([1, 2]), y: vectorFromArray([true, false], new Bool()) });
    expect(await failure(() => train(spec, truth, "y"))).toMatchObject({ code: "GVM5011" });
  });

  test.each(named(SPECS.filter(isClassifier)))("%s: a class that is null or NaN", async (_, spec) => {
    for (const bad of [Number.NaN, null]) {
      const table = new Table({ a: floats([1, 2, 3]), y: floats([1, 0, bad]) });
      expect(await failure(() => train(spec, table, "y"))).toMatchObject({
        code: "GVM5013",
        fields: { column: "y", row: 2 },
      });
    }
  });

  test.each(named(SPECS))("%s: a missing feature is an error, or has its place", async (_, spec) => {
    for (const bad of [null, Number.NaN]) {
      const holed = new Table({ a: floats(a.map((v, i) => (i === 7 ? bad : v))), b: floats(b), y: floats(y) });
      const model = train(spec, TABLE, targetOf(spec));
      if (TAKES_MISSING(spec)) {
        train(spec, holed, targetOf(spec));
        predict(model, holed);
        continue;
      }
      const at = { code: "GVM5013", fields: { column: "a", row: 7 } };
      expect(await failure(() => train(spec, holed, targetOf(spec)))).toMatchObject(at);
      expect(await failure(() => predict(model, holed))).toMatchObject(at);
    }
  });

  test.each(named(SPECS))("%s: a column without any value is an error, or is not looked at", async (_, spec) => {
    const empty = new Table({ a: floats(a), none: floats(a.map(() => null)), b: floats(b), y: floats(y) });
    if (!TAKES_MISSING(spec)) {
      expect(await failure(() => train(spec, empty, targetOf(spec)))).toMatchObject({
        code: "GVM5013",
        fields: { column: "none", row: 0 },
      });
    } else expect(predict(train(spec, empty, "y"), empty)).toEqual(predict(train(spec, TABLE, "y"), TABLE));
  });

  const ONE = new Table({ a: floats(a), y: floats(a.map(() => 4)) });
  const NEEDS_TWO = /Hist|Logistic|AdaBoost/;
  test.each(named(SPECS.filter(isClassifier)))("%s: one class only", async (_, spec) => {
    if (NEEDS_TWO.test(spec.model)) {
      expect(await failure(() => train(spec, ONE, "y"))).toMatchObject({ code: "GVM5014", fields: { classes: 1 } });
    } else expect(predict(train(spec, ONE, "y"), ONE)).toEqual({ classes: [4], codes: new Int32Array(ROWS) });
  });

  test.each(named(REGRESSORS))("%s: a constant target is what it says", (_, spec) => {
    for (const said of predict(train(spec, ONE, "y"), ONE) as Float64Array) expect(said).toBeCloseTo(4, 12);
  });

  test.each(named(SPECS))("%s: constant columns only", (_, spec) => {
    const table = new Table({ a: floats(a.map(() => 3)), y: floats(y) });
    const target = targetOf(spec);
    const model = train(spec, target === null ? table.select(["a"]) : table, target);
    expect(new Set(Array.from(scoresOf(model, table))).size).toBeLessThanOrEqual(2);
    for (const score of scoresOf(model, table)) expect(score).not.toBeNaN();
  });

  test("more clusters than rows", async () => {
    expect(await failure(() => fit({ model: "KMeans" }, TABLE.slice(0, 7), null))).toMatchObject({ code: "GVM5015" });
  });

  test("arrays of other lengths, and numbers that are not finite", async () => {
    const spec = { model: "LinearRegression" } as const;
    expect(await failure(() => fitColumns(spec, [[1, 2]], [1]))).toMatchObject({ code: "GVM5015" });
    expect(await failure(() => fitColumns(spec, [[1, Number.NaN]], [1, 2]))).toMatchObject({ code: "GVM5013" });
    expect(await failure(() => fitColumns(spec, [[1, 2]], [1, Number.NaN]))).toMatchObject({ code: "GVM5013" });
    const model = fitColumns(spec, [[1, 2]], [1, 2]);
    expect(await failure(() => predictColumns(model, [[1], [2]]))).toMatchObject({ code: "GVM5015" });
  });
});

function scoresOf(model: ReturnType<typeof train>, table: Table): Float64Array {
  const said = predict(model, table);
  return said instanceof Float64Array ? said : predictProba(model as never, table).values;
}

describe("L6: texts and what is missing", () => {
  const kinds = a.map((v) => ["low", "middle", "high"][Math.floor(v * 3)]!);
  const words = new Table({ kind: texts(kinds), b: floats(b), y: floats(kinds.map((k) => Number(k === "middle"))) });

  test.each(named(SPECS.filter((spec) => !isCluster(spec))))(
    "%s: a text column is categories, or an error that says what to do",
    async (_, spec) => {
      if (TREES(spec)) return expect(predict(train(spec, words, "y"), words)).toBeDefined();
      const error = await failure(() => train(spec, words, "y"));
      expect(error).toMatchObject({ code: "GVM5011", fields: { column: "kind" } });
      expect(error.message).toMatch(/turn it into numbers, or leave it out/);
    },
  );

  test("boosting takes categories apart in one split, and an unseen one for missing", () => {
    const spec = {
      model: "HistGradientBoostingClassifier",
      max_iter: 1,
      learning_rate: 1,
      max_leaf_nodes: 2,
      min_samples_leaf: 5,
    } as const;
    const model = fit(spec, words, "y");
    expect(predict(model, words).codes).toEqual(Int32Array.from(kinds, (k) => Number(k === "middle")));
    const unseen = new Table({ kind: texts(["violet", null, "low"]), b: floats([1, 1, 1]) });
    const { values } = predictProba(model, unseen);
    expect(values[0]).toBe(values[2]);
    expect(values[0]).toBe(values[4]);
  });

  test("boosting learns from what is missing, and numbers may be categories", () => {
    const spec = { model: "HistGradientBoostingClassifier", max_iter: 20, min_samples_leaf: 5 } as const;
    const holed = new Table({
      a: floats(a.map((v) => (v > 0.4 && v < 0.6 ? null : v))),
      y: floats(a.map((v) => Number(v > 0.4 && v < 0.6))),
    });
    expect(predict(fit(spec, holed, "y"), holed).codes).toEqual(Int32Array.from(a, (v) => Number(v > 0.4 && v < 0.6)));
    const codes = a.map((v) => Math.floor(v * 8) * 10);
    const odd = new Table({ code: floats(codes), y: floats(codes.map((c) => (c / 10) % 2)) });
    const one = { ...spec, max_iter: 1, max_leaf_nodes: 2 } as const;
    const model: BoostedClassifier = fit({ ...one, categorical_features: ["code"] }, odd, "y");
    expect(predict(model, odd).codes).toEqual(Int32Array.from(codes, (c) => (c / 10) % 2));
    expect(predict(model, new Table({ code: floats([70, 5]) })).codes[0]).toBe(1);
  });

  test("boosting stops when rows set aside say so", () => {
    const noise = createRandom(8);
    const table = new Table({ a: floats(a), b: floats(b), y: floats(a.map(() => noise.next())) });
    const spec = { model: "HistGradientBoostingRegressor", early_stopping: true, n_iter_no_change: 3 } as const;
    const { roots, validationLoss } = fit(spec, table, "y");
    expect(roots.length).toBeLessThan(100);
    expect(validationLoss).toHaveLength(roots.length + 1);
    const best = Math.min(...validationLoss);
    expect(validationLoss.indexOf(best)).toBe(roots.length - 3);
    expect(fit({ ...spec, early_stopping: false }, table, "y").roots).toHaveLength(100);
  });

  test("too many categories for boosting's bins", async () => {
    const many = Array.from({ length: 300 }, (_, i) => `c${i}`);
    const table = new Table({ c: texts(many), y: floats(many.map((_, i) => i % 2)) });
    expect(await failure(() => fit({ model: "HistGradientBoostingClassifier" }, table, "y"))).toMatchObject({
      code: "GVM5012",
      fields: { column: "c", limit: 255 },
    });
  });
});
