import { createRandom, digestValue } from "@graphvm/engine";
import {
  averageProbabilities,
  type ExtraTreesSpec,
  type ForestModel,
  fit,
  fitColumns,
  predictColumns,
  predictProba,
  probabilityOf,
  rocAuc,
} from "@graphvm/ml";
import { Float64, Table, tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { failure } from "./support.js";

const spec: ExtraTreesSpec = { model: "ExtraTreesClassifier", n_estimators: 5 };

/** Two features that matter and one that does not. */
function data(rows: number, seed = 1): { columns: Float64Array[]; labels: Int32Array } {
  const random = createRandom(seed);
  const columns = Array.from({ length: 3 }, () => Float64Array.from({ length: rows }, () => random.next()));
  const labels = Int32Array.from({ length: rows }, (_, i) => (columns[0]![i]! + columns[1]![i]! > 1 ? 1 : 0));
  return { columns, labels };
}

/** Depth and rows of every leaf, by walking the training rows down. */
function leaves(model: ForestModel, columns: readonly Float64Array[]): { depth: number; rows: number }[] {
  const found = new Map<number, { depth: number; rows: number }>();
  const floats = columns.map((column) => Float32Array.from(column));
  for (const root of model.roots) {
    for (let row = 0; row < columns[0]!.length; row++) {
      let node = root;
      let depth = 0;
      for (; model.feature[node]! >= 0; depth++) {
        node = floats[model.feature[node]!]![row]! <= model.threshold[node]! ? model.left[node]! : model.right[node]!;
      }
      const leaf = found.get(node) ?? { depth, rows: 0 };
      leaf.rows++;
      found.set(node, leaf);
    }
  }
  return [...found.values()];
}

describe("growing", () => {
  test("without limits every training row is predicted right", () => {
    const { columns, labels } = data(500);
    const { values } = predictColumns(fitColumns(spec, columns, labels), columns);
    labels.forEach((label, row) => {
      expect(values[row * 2 + label]).toBe(1);
    });
  });

  test("min_samples_leaf, max_depth and min_samples_split hold", () => {
    const { columns, labels } = data(2000);
    for (const leaf of leaves(fitColumns({ ...spec, min_samples_leaf: 7 }, columns, labels), columns)) {
      expect(leaf.rows).toBeGreaterThanOrEqual(7);
    }
    for (const leaf of leaves(fitColumns({ ...spec, max_depth: 3 }, columns, labels), columns)) {
      expect(leaf.depth).toBeLessThanOrEqual(3);
    }
    const few = fitColumns({ ...spec, min_samples_split: 0.5 }, columns, labels);
    expect(few.feature.length).toBeLessThan(fitColumns(spec, columns, labels).feature.length / 10);
    expect(fitColumns({ ...spec, min_samples_leaf: 0.6 }, columns, labels).feature.length).toBe(5);
  });

  test("learns: more than two classes, and an unseen half", () => {
    const { columns } = data(4000);
    const labels = Int32Array.from(columns[0]!, (x, i) => Math.floor(x * 2) + Math.floor(columns[1]![i]! * 2));
    const half = (from: number, to: number) => columns.map((column) => column.subarray(from, to));
    const model = fitColumns({ ...spec, min_samples_leaf: 3 }, half(0, 2000), labels.subarray(0, 2000));
    expect(model.classes).toEqual([0, 1, 2]);
    const { values } = predictColumns(model, half(2000, 4000));
    let right = 0;
    for (let row = 0; row < 2000; row++) {
      const shares = [...values.subarray(row * 3, row * 3 + 3)];
      expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      if (shares.indexOf(Math.max(...shares)) === labels[2000 + row]) right++;
    }
    expect(right).toBeGreaterThan(1800);
  });

  test("constant features, one class, one row", () => {
    const constant = [Float64Array.of(1, 1, 1, 1), Float64Array.of(0, 0, 1, 1)];
    const model = fitColumns({ ...spec, max_features: 1 }, constant, [0, 0, 1, 1]);
    expect([...predictColumns(model, constant).values]).toEqual([1, 0, 1, 0, 0, 1, 0, 1]);
    const one = fitColumns(spec, [Float64Array.of(1, 2)], [7, 7]);
    expect(predictColumns(one, [Float64Array.of(3)])).toEqual({ classes: [7], values: Float64Array.of(1) });
    expect(fitColumns(spec, [Float64Array.of(1)], [0]).feature).toHaveLength(5);
  });
});

describe("determinism", () => {
  const { columns, labels } = data(3000);

  test("a golden model", () => {
    const model = fitColumns({ ...spec, min_samples_leaf: 5, seed: 42 }, columns, labels);
    expect(digestValue(model)).toBe("d8f1fc4bc5936fbe8c406958cc68de0fc7f8b04f5bc9a7453caff46ecbf49d73");
    expect(digestValue(fitColumns({ ...spec, min_samples_leaf: 5, seed: 42 }, columns, labels))).toBe(
      digestValue(model),
    );
    expect(digestValue(fitColumns({ ...spec, min_samples_leaf: 5, seed: 43 }, columns, labels))).not.toBe(
      digestValue(model),
    );
  });

  test("a tree depends on the seed and its number, not on how many there are", () => {
    const five = fitColumns({ ...spec, n_estimators: 5 }, columns, labels);
    const ten = fitColumns({ ...spec, n_estimators: 10 }, columns, labels);
    expect(ten.roots.subarray(0, 5)).toEqual(five.roots);
    expect(ten.threshold.subarray(0, five.threshold.length)).toEqual(five.threshold);
  });
});

describe("tables", () => {
  const size = 600;
  const random = createRandom(9);
  const kinds = Array.from({ length: size }, () => ["red", "green", "blue"][random.below(3)]!);
  const numbers = Float64Array.from({ length: size }, () => random.next());
  const truth = kinds.map((kind, i) => (kind === "green" ? numbers[i]! > 0.5 : kind === "blue"));
  const table = new Table({
    kind: vectorFromArray(kinds, new Utf8()),
    number: vectorFromArray([...numbers], new Float64()),
    y: vectorFromArray(
      truth.map((t) => (t ? "yes" : "no")),
      new Utf8(),
    ),
  });
  const model = fit({ ...spec, min_samples_leaf: 5 }, table, "y");

  test("text columns are categories, classes may be text", () => {
    expect(model.classes).toEqual(["no", "yes"]);
    expect(model.features).toEqual([{ name: "kind", categories: ["blue", "green", "red"] }, { name: "number" }]);
    const scores = probabilityOf(predictProba(model, table), "yes");
    expect(rocAuc(truth, scores)).toBeGreaterThan(0.99);
  });

  test("columns are found by name; a text not seen in training goes where the last category goes", () => {
    const other = new Table({
      number: vectorFromArray([0.7, 0.7], new Float64()),
      extra: vectorFromArray([1, 2], new Float64()),
      kind: vectorFromArray(["violet", "red"], new Utf8()),
    });
    const { values } = predictProba(model, other);
    expect(values[0]).toBe(values[2]);
  });

  test("bad input", async () => {
    const without = tableFromArrays({ number: numbers });
    expect(await failure(() => predictProba(model, without))).toMatchObject({
      code: "GVM5009",
      fields: { column: "kind" },
    });
    const wrong = tableFromArrays({ number: numbers, kind: numbers });
    expect(await failure(() => predictProba(model, wrong))).toMatchObject({
      code: "GVM5011",
      fields: { column: "kind" },
    });
    const holes = new Table({
      a: vectorFromArray([1, null], new Float64()),
      y: vectorFromArray([0, 1], new Float64()),
    });
    expect(await failure(() => fit(spec, holes, "y"))).toMatchObject({
      code: "GVM5013",
      fields: { column: "a", row: 1 },
    });
    for (const value of [Number.NaN, 1e300]) {
      const bad = tableFromArrays({ a: Float64Array.of(value, 0), y: Float64Array.of(0, 1) });
      expect(await failure(() => fit(spec, bad, "y"))).toMatchObject({
        code: "GVM5013",
        fields: { column: "a", row: 0 },
      });
    }
    const names = new Table({
      name: vectorFromArray(
        Array.from({ length: 1001 }, (_, i) => `C${i}`),
        new Utf8(),
      ),
      y: vectorFromArray(
        Array.from({ length: 1001 }, (_, i) => i % 2),
        new Float64(),
      ),
    });
    const error = await failure(() => fit(spec, names, "y"));
    expect(error).toMatchObject({ code: "GVM5012", fields: { column: "name", limit: 1000 } });
    expect(error.message).toMatch(/select the other columns/);
    expect(await failure(() => fit(spec, table, "z"))).toMatchObject({ code: "GVM5009" });
    expect(await failure(() => fit(spec, tableFromArrays({ y: numbers.slice(0, 9) }), "y"))).toMatchObject({
      code: "GVM5015",
    });
    expect(await failure(() => fitColumns(spec, [Float64Array.of(1)], [0, 1]))).toMatchObject({ code: "GVM5015" });
  });

  test.each([
    { model: "RandomForest" },
    { n_estimators: 0 },
    { n_estimators: 1.5 },
    { max_depth: 0 },
    { max_features: 0 },
    { max_features: "all" },
    { min_samples_leaf: 0 },
    { min_samples_split: 1 },
    { seed: Number.NaN },
    { bootstrap: true },
  ])("option %j", async (option) => {
    const wrong = { ...spec, ...option } as ExtraTreesSpec;
    expect(await failure(() => fit(wrong, table, "y"))).toMatchObject({
      code: "GVM5010",
      exitCode: 2,
      fields: { option: Object.keys(option)[0] },
    });
  });
});

test("averages align classes that some models never saw", async () => {
  const a = { classes: [0], values: Float64Array.of(1, 1) };
  const b = { classes: [0, 1], values: Float64Array.of(0.5, 0.5, 0, 1) };
  expect(averageProbabilities([a, b])).toEqual({ classes: [0, 1], values: Float64Array.of(0.75, 0.25, 0.5, 0.5) });
  expect(await failure(() => averageProbabilities([]))).toMatchObject({ code: "GVM5015" });
  expect(await failure(() => averageProbabilities([a, { classes: [0], values: Float64Array.of(1) }]))).toMatchObject({
    code: "GVM5015",
  });
});
