import { ClassCountError } from "../errors.js";
import type { Algorithm, TrainingData } from "../model/algorithm.js";
import type { Feature } from "../model/features.js";
import { optionsOf } from "../model/options.js";
import type { LogisticRegressionSpec } from "../model/specs.js";
import type { Label } from "../table/classes.js";
import { createObjective, type Objective } from "./logistic-objective.js";
import { descend, solvePositive, solveSymmetric } from "./solve.js";
import { scalesOf } from "./standardise.js";

/** A trained logistic regression: one row of coefficients for two classes, one for each of more. */
export interface LogisticModel {
  readonly model: "LogisticRegression";
  readonly classes: readonly Label[];
  readonly features: readonly Feature[];
  /** `coef[k * features + j]`, in the column's own units. */
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
  /** Newton steps that were made. */
  readonly iterations: number;
  /** Whether the gradient became as small as was asked for. */
  readonly converged: boolean;
}

/**
 * Logistic regression by Newton's method on standardised columns, with coordinate descent inside where the penalty has
 * absolute values. The penalty is that of scikit-learn: on coefficients in the columns' own units, not on intercepts.
 */
export const logisticRegression: Algorithm<LogisticRegressionSpec, LogisticModel, Float64Array> = {
  task: "classify",
  columns: "double",
  train,
  score({ coef, intercept }, columns, rows) {
    const width = intercept.length;
    const features = columns.length;
    const scores = Array.from(intercept, (start) => new Float64Array(rows).fill(start));
    scores.forEach((to, k) => {
      columns.forEach((column, j) => {
        const w = coef[k * features + j]!;
        if (w !== 0) for (let i = 0; i < rows; i++) to[i]! += w * column[i]!;
      });
    });
    return width === 1 ? ofTwo(scores[0]!) : ofMany(scores, rows);
  },
};

function train(spec: LogisticRegressionSpec, data: TrainingData<Float64Array>): LogisticModel {
  const options = optionsOf(spec, ["C", "l1_ratio", "fit_intercept", "max_iter", "tol"]);
  const c = options.number("C", 1, { least: 0, open: true, infinite: true });
  const ratio = options.number("l1_ratio", 0, { least: 0, most: 1 });
  const withIntercept = options.flag("fit_intercept", true);
  const steps = options.whole("max_iter", 100, 1);
  const tol = options.number("tol", 1e-8, { least: 0 });
  const { classes, features, columns, rows } = data;
  if (classes.length < 2) {
    throw new ClassCountError(
      "All rows are of one class; logistic regression learns from rows of two classes or more.",
      {
        classes: classes.length,
      },
    );
  }
  const own = scalesOf(columns, withIntercept);
  const width = classes.length === 2 ? 1 : classes.length;
  const penalty = own.scales.map((scale) => (scale === 0 ? 0 : 1 / (c * rows)));
  const l1 = penalty.map((p, j) => (p === 0 ? 0 : (p * ratio) / own.scales[j]!));
  const l2 = penalty.map((p, j) => (p === 0 ? 0 : (p * (1 - ratio)) / (own.scales[j]! * own.scales[j]!)));
  const objective = createObjective(data, own, withIntercept, width, l1, l2);
  const { w, iterations, converged } = minimise(objective, steps, tol);
  const n = columns.length;
  const coef = new Float64Array(width * n);
  const intercept = new Float64Array(width);
  for (let k = 0; k < width; k++) {
    const at = k * (n + 1);
    intercept[k] = w[at + n]!;
    for (let j = 0; j < n; j++) {
      if (own.scales[j] === 0) continue;
      coef[k * n + j] = w[at + j]! / own.scales[j]!;
      intercept[k]! -= coef[k * n + j]! * own.means[j]!;
    }
  }
  return { model: spec.model, classes, features, coef, intercept, iterations, converged };
}

/** Newton steps, each as long as lessens the objective. */
function minimise(objective: Objective, steps: number, tol: number) {
  let w: Float64Array = new Float64Array(objective.size);
  let value = objective.value(w);
  for (let iterations = 0; ; iterations++) {
    const { gradient, hessian } = objective.curve(w);
    if (stationary(gradient, w, objective.l1, tol)) return { w, iterations, converged: true };
    if (iterations === steps) return { w, iterations, converged: false };
    const target = step(gradient, hessian, w, objective.l1);
    let size = 1;
    let next = target;
    let nextValue = objective.value(next);
    for (; !(nextValue <= value) && size > 1e-10; size /= 2) {
      const part = size / 2;
      next = w.map((each, i) => each + part * (target[i]! - each));
      nextValue = objective.value(next);
    }
    if (!(nextValue < value)) return { w, iterations, converged: true }; // nothing that a float can tell is better
    w = next;
    value = nextValue;
  }
}

/** Whether no component of the gradient, or of the subgradient nearest to 0, is above `tol`. */
function stationary(gradient: Float64Array, w: Float64Array, l1: Float64Array, tol: number): boolean {
  return gradient.every((g, i) => {
    const slope = w[i] === 0 ? Math.max(Math.abs(g) - l1[i]!, 0) : Math.abs(g + Math.sign(w[i]!) * l1[i]!);
    return slope <= tol;
  });
}

/** Where the quadratic that touches the objective at `w` is least. */
function step(gradient: Float64Array, hessian: Float64Array, w: Float64Array, l1: Float64Array): Float64Array {
  const n = w.length;
  if (l1.some((each) => each > 0)) {
    const right = gradient.map((g) => -g);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) right[i]! += hessian[i * n + j]! * w[j]!;
    return descend(hessian, right, l1, w, 1e-12, 10_000);
  }
  const move = solvePositive(hessian, gradient) ?? solveSymmetric(hessian, gradient);
  return w.map((each, i) => each - move[i]!);
}

function ofTwo(scores: Float64Array): Float64Array {
  const values = new Float64Array(2 * scores.length);
  for (let i = 0; i < scores.length; i++) {
    const p = 1 / (1 + Math.exp(-scores[i]!));
    values[2 * i] = 1 - p;
    values[2 * i + 1] = p;
  }
  return values;
}

/** The softmax of each row's scores. */
export function ofMany(scores: readonly Float64Array[], rows: number): Float64Array {
  const width = scores.length;
  const values = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < width; k++) most = Math.max(most, scores[k]![i]!);
    let sum = 0;
    for (let k = 0; k < width; k++) sum += values[i * width + k] = Math.exp(scores[k]![i]! - most);
    for (let k = 0; k < width; k++) values[i * width + k]! /= sum;
  }
  return values;
}
