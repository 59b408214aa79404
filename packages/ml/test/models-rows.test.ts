import { createRandom } from "@graphvm/engine";
import { type ClassifierSpec, fitColumns, type ModelSpec, predictColumns, type RegressorSpec } from "@graphvm/ml";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

// What models-property.test.ts asks of models that draw nothing, of those that draw.

type Spec = ClassifierSpec | RegressorSpec;

/** What these draw does not depend on rows: features, and thresholds between the least and the greatest value. */
const SAME_DRAWS: readonly Spec[] = [
  { model: "ExtraTreesClassifier", n_estimators: 4, seed: 2 },
  { model: "ExtraTreesClassifier", n_estimators: 4, max_depth: 2, max_features: null },
  { model: "ExtraTreesRegressor", n_estimators: 4, max_depth: 3 },
];

/** All models with trees. */
const TREES: readonly Spec[] = [
  ...SAME_DRAWS,
  { model: "AdaBoostClassifier", n_estimators: 3 },
  { model: "DecisionTreeClassifier" },
  { model: "DecisionTreeRegressor" },
  { model: "RandomForestClassifier", n_estimators: 3 },
  { model: "RandomForestRegressor", n_estimators: 3 },
  { model: "HistGradientBoostingClassifier", max_iter: 3, min_samples_leaf: 2 },
  { model: "HistGradientBoostingRegressor", max_iter: 3, min_samples_leaf: 2 },
];

const isClassifier = ({ model }: ModelSpec): boolean => model.endsWith("Classifier");
const number = fc.double({ min: -100, max: 100, noNaN: true }).map((v) => Math.fround(v));
const rows = fc.integer({ min: 10, max: 40 }).chain((n) =>
  fc.record({
    x: fc.array(fc.array(number, { minLength: n, maxLength: n }), { minLength: 1, maxLength: 4 }),
    y: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: n, maxLength: n }),
    order: fc.shuffledSubarray(
      Array.from({ length: n }, (_, i) => i),
      { minLength: n },
    ),
  }),
);
const targets = (spec: Spec, y: readonly number[]): number[] =>
  y.map((v, i) => (isClassifier(spec) ? (i < 2 ? i : Number(v > 0)) : v));

function said(spec: Spec, x: readonly number[][], y: readonly number[], at: readonly number[][]): number[] {
  const predicted = predictColumns(fitColumns(spec, x, y), at);
  return [...(predicted instanceof Float64Array ? predicted : predicted.values)];
}

/** Sums in another order differ in the last digits. */
function close(ours: readonly number[], theirs: readonly number[]): void {
  ours.forEach((value, i) => {
    expect(value).toBeCloseTo(theirs[i]!, 9);
  });
}

const RUNS = { numRuns: 25, seed: 11 };
const named = (specs: readonly Spec[]) => specs.map((spec) => [JSON.stringify(spec), spec] as const);

describe("L7: rows of models that draw", () => {
  test.each(named(SAME_DRAWS))("%s: their order makes no difference", (_, spec) => {
    fc.assert(
      fc.property(rows, ({ x, y: numbers, order }) => {
        const y = targets(spec, numbers);
        const moved = x.map((column) => order.map((row) => column[row]!));
        close(
          said(spec, x, y, x),
          said(
            spec,
            moved,
            order.map((row) => y[row]!),
            x,
          ),
        );
      }),
      RUNS,
    );
  });

  test.each(named(SAME_DRAWS))("%s: each row twice is each row once", (_, spec) => {
    fc.assert(
      fc.property(rows, ({ x, y: numbers }) => {
        const y = targets(spec, numbers);
        const twice = x.map((column) => [...column, ...column]);
        close(said(spec, x, y, x), said(spec, twice, [...y, ...y], x));
      }),
      RUNS,
    );
  });

  test.each(named(TREES))("%s: no split is on a constant column", (_, spec) => {
    fc.assert(
      fc.property(rows, number, ({ x, y }, constant) => {
        const model = fitColumns(spec, [y.map(() => constant), ...x], targets(spec, y)) as unknown as {
          readonly feature: Int32Array;
        };
        expect(model.feature.includes(0)).toBe(false);
      }),
      RUNS,
    );
  });

  test("KMeans: groups that lie apart are found, whatever the order of rows and however often they come", () => {
    const random = createRandom(5);
    const group = Array.from({ length: 60 }, (_, i) => i % 3);
    const x = [0, 1].map((f) => group.map((g) => 50 * ((g + f) % 3) + random.next()));
    const order = fc.shuffledSubarray(
      group.map((_, i) => i),
      { minLength: 60 },
    );
    fc.assert(
      fc.property(order, fc.boolean(), (moved, twice) => {
        const from = twice ? [...moved, ...moved] : moved;
        const model = fitColumns(
          { model: "KMeans", n_clusters: 3 },
          x.map((column) => from.map((row) => column[row]!)),
          null,
        );
        const found = predictColumns(model, x);
        const pairs = new Set(group.map((g, row) => `${g} ${found[row]}`));
        expect(pairs.size).toBe(3); // one cluster a group, and the other way round
      }),
      RUNS,
    );
  });

  test.each(named(TREES.filter(isClassifier)))("%s: labels of other names are the same classes", (_, spec) => {
    fc.assert(
      fc.property(rows, ({ x, y: numbers }) => {
        const y = targets(spec, numbers);
        const renamed = y.map((label) => 7 * label - 3);
        expect(said(spec, x, renamed, x)).toEqual(said(spec, x, y, x));
      }),
      { ...RUNS, numRuns: 8 },
    );
  });
});
