import type { Algorithm, TrainingData } from "../model/algorithm.js";
import type { Feature } from "../model/features.js";
import { optionsOf } from "../model/options.js";
import type { ElasticNetSpec, LassoSpec, LinearRegressionSpec, RidgeSpec } from "../model/specs.js";
import { descend, solvePositive, solveSymmetric } from "./solve.js";
import { scalesOf, standardised } from "./standardise.js";

/** A trained linear model: `intercept + sum(coef x)`. */
export interface LinearModel {
  readonly model: "LinearRegression" | "Ridge" | "Lasso" | "ElasticNet";
  readonly features: readonly Feature[];
  /** One for each feature, in the column's own units. */
  readonly coef: Float64Array;
  readonly intercept: number;
}

type Data = TrainingData<Float64Array>;
type Linear<S> = Algorithm<S, LinearModel, Float64Array>;

const shared = {
  task: "regress",
  columns: "double",
  score({ coef, intercept }: LinearModel, columns: readonly Float64Array[], rows: number): Float64Array {
    const values = new Float64Array(rows).fill(intercept);
    columns.forEach((column, j) => {
      for (let i = 0; i < rows; i++) values[i]! += coef[j]! * column[i]!;
    });
    return values;
  },
} as const;

/** Ordinary least squares. Columns that others explain share what they explain; constant ones have coefficient 0. */
export const linearRegression: Linear<LinearRegressionSpec> = {
  ...shared,
  train: (spec, data) =>
    solve(spec.model, data, optionsOf(spec, ["fit_intercept"]).flag("fit_intercept", true), ({ gram, right }) =>
      solveSymmetric(gram, right),
    ),
};

export const ridge: Linear<RidgeSpec> = {
  ...shared,
  train(spec, data) {
    const options = optionsOf(spec, ["alpha", "fit_intercept"]);
    const alpha = options.number("alpha", 1, { least: 0 });
    return solve(spec.model, data, options.flag("fit_intercept", true), ({ gram, right, scales }) => {
      const n = right.length;
      const matrix = gram.slice();
      // The penalty is on coefficients in the columns' units; that of a constant column stays 0.
      for (let j = 0; j < n; j++)
        matrix[j * n + j]! += scales[j] === 0 ? 1 : alpha / data.rows / (scales[j]! * scales[j]!);
      return solvePositive(matrix, right) ?? solveSymmetric(matrix, right);
    });
  },
};

export const lasso: Linear<LassoSpec> = {
  ...shared,
  train: (spec, data) => elastic(spec, data, 1, ["alpha", "fit_intercept", "max_iter", "tol"]),
};

export const elasticNet: Linear<ElasticNetSpec> = {
  ...shared,
  train(spec, data) {
    const known = ["alpha", "l1_ratio", "fit_intercept", "max_iter", "tol"];
    return elastic(spec, data, optionsOf(spec, known).number("l1_ratio", 0.5, { least: 0, most: 1 }), known);
  },
};

function elastic(spec: LassoSpec | ElasticNetSpec, data: Data, ratio: number, known: readonly string[]): LinearModel {
  const options = optionsOf(spec, known);
  const alpha = options.number("alpha", 1, { least: 0 });
  const passes = options.whole("max_iter", 1000, 1);
  const tol = options.number("tol", 1e-4, { least: 0 });
  return solve(spec.model, data, options.flag("fit_intercept", true), ({ gram, right, scales }) => {
    const n = right.length;
    const matrix = gram.slice();
    const l1 = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      if (scales[j] === 0) continue;
      matrix[j * n + j]! += (alpha * (1 - ratio)) / (scales[j]! * scales[j]!);
      l1[j] = (alpha * ratio) / scales[j]!;
    }
    return descend(matrix, right, l1, new Float64Array(n), tol, passes);
  });
}

/** The mean products of standardised columns with each other and with what is to be learned. */
interface Normal {
  readonly gram: Float64Array;
  readonly right: Float64Array;
  readonly scales: Float64Array;
}

function solve(
  model: LinearModel["model"],
  { columns, rows, values, features }: Data,
  withIntercept: boolean,
  solver: (normal: Normal) => Float64Array,
): LinearModel {
  const own = scalesOf(columns, withIntercept);
  const [target] = scalesOf([values], withIntercept).means;
  const x = standardised(columns, rows, own);
  const n = columns.length;
  const gram = new Float64Array(n * n);
  const right = new Float64Array(n);
  for (let i = 0, at = 0; i < rows; i++, at += n) {
    const y = values[i]! - target!;
    for (let j = 0; j < n; j++) {
      const xj = x[at + j]!;
      right[j]! += xj * y;
      for (let k = 0; k <= j; k++) gram[j * n + k]! += xj * x[at + k]!;
    }
  }
  for (let j = 0; j < n; j++) {
    right[j]! /= rows;
    for (let k = 0; k <= j; k++) gram[j * n + k] = gram[k * n + j] = gram[j * n + k]! / rows;
  }
  const coef = solver({ gram, right, scales: own.scales }).map((w, j) =>
    own.scales[j] === 0 ? 0 : w / own.scales[j]!,
  );
  let intercept = target!;
  for (let j = 0; j < n; j++) intercept -= coef[j]! * own.means[j]!;
  return { model, features, coef, intercept };
}
