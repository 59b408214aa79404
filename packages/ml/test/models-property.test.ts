import { type ClassifierSpec, fitColumns, predictColumns, type RegressorSpec } from "@graphvm/ml";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

type Spec = ClassifierSpec | RegressorSpec;

/** Models that draw nothing: what they learn depends on the set of rows alone. */
const SPECS: readonly Spec[] = [
  { model: "DecisionTreeClassifier", max_depth: 3 },
  { model: "DecisionTreeRegressor", max_depth: 3 },
  { model: "LinearRegression" },
  { model: "Ridge", alpha: 0.5 },
  { model: "ElasticNet", alpha: 0.1, tol: 1e-12, max_iter: 100_000 },
  { model: "LogisticRegression" },
  { model: "LogisticRegression", l1_ratio: 0.5, C: 0.1 },
  { model: "GaussianNB" },
  { model: "HistGradientBoostingRegressor", max_iter: 1, max_leaf_nodes: 4, min_samples_leaf: 2 },
];

interface Rows {
  readonly x: readonly number[][];
  readonly y: readonly number[];
}

const number = fc.double({ min: -100, max: 100, noNaN: true }).map((v) => Math.fround(v));
/** Columns and targets: two classes for classifiers, both there, and distinct numbers for regressors. */
const rows = fc.integer({ min: 12, max: 40 }).chain((n) =>
  fc.record({
    x: fc.array(fc.array(number, { minLength: n, maxLength: n }), { minLength: 1, maxLength: 3 }),
    numbers: fc.array(number, { minLength: n, maxLength: n }),
    order: fc.shuffledSubarray(
      Array.from({ length: n }, (_, i) => i),
      { minLength: n },
    ),
  }),
);

const isClassifier = ({ model }: Spec): boolean => /Classifier|Logistic|NB/.test(model);
const targets = (spec: Spec, numbers: readonly number[]): number[] =>
  isClassifier(spec) ? numbers.map((v, i) => (i < 2 ? i : Number(v > 0))) : [...numbers];

function said(spec: Spec, { x, y }: Rows, at: Rows["x"]): number[] {
  const predicted = predictColumns(fitColumns(spec, x, y), at);
  return [...(predicted instanceof Float64Array ? predicted : predicted.values)];
}

/** Sums in another order round differently, and a split may fall between rows that are as good: squared errors, not rows, agree. */
function alike(ours: readonly number[], theirs: readonly number[], y: readonly number[]): void {
  expect(ours).toHaveLength(theirs.length);
  const width = ours.length / y.length;
  const error = (values: readonly number[]): number =>
    y.reduce((sum, v, i) => sum + (values[i * width + width - 1]! - v) * (values[i * width + width - 1]! - v), 0);
  const scale = 1 + y.reduce((sum, v) => sum + v * v, 0);
  expect(Math.abs(error(ours) - error(theirs)) / scale).toBeLessThan(1e-5);
}

const RUNS = { numRuns: 25, seed: 7 };
const cases = SPECS.map((spec) => [JSON.stringify(spec), spec] as const);

describe("L7: rows", () => {
  test.each(cases)("%s: their order makes no difference", (_, spec) => {
    fc.assert(
      fc.property(rows, ({ x, numbers, order }) => {
        const y = targets(spec, numbers);
        const moved = { x: x.map((column) => order.map((row) => column[row]!)), y: order.map((row) => y[row]!) };
        alike(said(spec, { x, y }, x), said(spec, moved, x), y);
      }),
      RUNS,
    );
  });

  test.each(cases)("%s: each row twice is each row once, penalties and least leaves doubled", (_, spec) => {
    const twice: Spec =
      spec.model === "LogisticRegression"
        ? { ...spec, C: (spec.C ?? 1) / 2 }
        : spec.model === "Ridge"
          ? { ...spec, alpha: 1 }
          : spec.model === "HistGradientBoostingRegressor"
            ? { ...spec, min_samples_leaf: 4 }
            : spec;
    fc.assert(
      fc.property(rows, ({ x, numbers }) => {
        const y = targets(spec, numbers);
        const doubled = { x: x.map((column) => [...column, ...column]), y: [...y, ...y] };
        alike(said(spec, { x, y }, x), said(twice, doubled, x), y);
      }),
      RUNS,
    );
  });

  test.each(cases)("%s: a constant column says nothing", (_, spec) => {
    fc.assert(
      fc.property(rows, number, ({ x, numbers }, constant) => {
        const y = targets(spec, numbers);
        const more = [...x, y.map(() => constant)];
        alike(said(spec, { x, y }, x), said(spec, { x: more, y }, more), y);
      }),
      RUNS,
    );
  });
});

describe("L7: predictions", () => {
  const FORESTS: readonly Spec[] = [
    { model: "RandomForestClassifier", n_estimators: 3 },
    { model: "ExtraTreesClassifier", n_estimators: 3 },
    { model: "AdaBoostClassifier", n_estimators: 3 },
    { model: "HistGradientBoostingClassifier", max_iter: 3, min_samples_leaf: 2 },
    ...SPECS,
  ];
  test.each(FORESTS.filter(isClassifier).map((spec) => [JSON.stringify(spec), spec] as const))(
    "%s: probabilities are from 0 to 1 and sum to 1; a row's does not depend on the others",
    (_, spec) => {
      fc.assert(
        fc.property(rows, ({ x, numbers }) => {
          const y = targets(spec, numbers);
          const model = fitColumns(spec as ClassifierSpec, x, y);
          const { values } = predictColumns(model, x);
          for (let i = 0; i < y.length; i++) {
            expect(values[2 * i]! + values[2 * i + 1]!).toBeCloseTo(1, 12);
            expect(Math.min(values[2 * i]!, values[2 * i + 1]!)).toBeGreaterThanOrEqual(0);
          }
          const third = predictColumns(
            model,
            x.map((column) => [column[2]!]),
          );
          expect([...third.values]).toEqual([values[4], values[5]]);
        }),
        RUNS,
      );
    },
  );

  test.each(["ExtraTreesRegressor", "RandomForestRegressor", "DecisionTreeRegressor"] as const)(
    "%s: stays between the least and the greatest target",
    (model) => {
      fc.assert(
        fc.property(rows, ({ x, numbers }) => {
          for (const value of predictColumns(fitColumns({ model }, x, numbers), x)) {
            expect(value).toBeGreaterThanOrEqual(Math.min(...numbers) - 1e-9);
            expect(value).toBeLessThanOrEqual(Math.max(...numbers) + 1e-9);
          }
        }),
        { numRuns: 8, seed: 3 },
      );
    },
  );
});
