import type { TrainingData } from "../model/algorithm.js";
import { type Scales, standardised } from "./standardise.js";

/** What logistic regression makes least: the mean log loss and the penalty, of weights in standardised units. */
export interface Objective {
  /** Weights: for each row of coefficients one a feature, then the intercept. */
  readonly size: number;
  /** Penalty of absolute values, for each weight. */
  readonly l1: Float64Array;
  value(w: Float64Array): number;
  /** First and second derivatives without the absolute values. */
  curve(w: Float64Array): { gradient: Float64Array; hessian: Float64Array };
}

/**
 * @param width rows of coefficients: 1 for two classes, else one a class
 * @param l1 penalty of absolute values of each feature, `l2` half that of squares
 */
export function createObjective(
  { columns, rows, codes }: TrainingData<Float64Array>,
  scales: Scales,
  withIntercept: boolean,
  width: number,
  l1: Float64Array,
  l2: Float64Array,
): Objective {
  const features = columns.length;
  const n = features + 1;
  const size = n * width;
  const rowsOf = standardised(columns, rows, scales);
  const x = new Float64Array(rows * n); // with the intercept's 1
  for (let i = 0; i < rows; i++) {
    x.set(rowsOf.subarray(i * features, (i + 1) * features), i * n);
    x[i * n + features] = withIntercept ? 1 : 0;
  }
  const allL1 = new Float64Array(size);
  const allL2 = new Float64Array(size);
  for (let k = 0; k < width; k++) {
    allL1.set(l1, k * n);
    allL2.set(l2, k * n);
  }
  const p = new Float64Array(width);

  /** Probabilities of a row into `p`; returns its loss. */
  const look = (w: Float64Array, i: number): number => {
    const at = i * n;
    for (let k = 0; k < width; k++) {
      let score = 0;
      for (let j = 0; j < n; j++) score += w[k * n + j]! * x[at + j]!;
      p[k] = score;
    }
    const code = codes[i]!;
    if (width === 1) {
      const score = p[0]!;
      p[0] = 1 / (1 + Math.exp(-score));
      const away = code === 1 ? -score : score;
      return Math.max(away, 0) + Math.log1p(Math.exp(-Math.abs(score)));
    }
    let most = p[0]!;
    for (let k = 1; k < width; k++) most = Math.max(most, p[k]!);
    const own = p[code]!;
    let sum = 0;
    for (let k = 0; k < width; k++) sum += p[k] = Math.exp(p[k]! - most);
    for (let k = 0; k < width; k++) p[k]! /= sum;
    return most + Math.log(sum) - own;
  };

  return {
    size,
    l1: allL1,
    value(w) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += look(w, i);
      sum /= rows;
      for (let j = 0; j < size; j++) sum += allL1[j]! * Math.abs(w[j]!) + (allL2[j]! * w[j]! * w[j]!) / 2;
      return sum;
    },
    curve(w) {
      const gradient = new Float64Array(size);
      const hessian = new Float64Array(size * size);
      for (let i = 0; i < rows; i++) {
        look(w, i);
        addRow(x, i * n, n, p, width, codes[i]!, gradient, hessian);
      }
      for (let j = 0; j < size; j++) {
        gradient[j] = gradient[j]! / rows + allL2[j]! * w[j]!;
        for (let k = 0; k <= j; k++) hessian[j * size + k] = hessian[k * size + j] = hessian[j * size + k]! / rows;
        hessian[j * size + j]! += allL2[j]!;
        if (hessian[j * size + j] === 0) hessian[j * size + j] = 1; // a constant column: its weight stays 0
      }
      return { gradient, hessian };
    },
  };
}

/** Adds a row to the gradient, and to the lower half of the hessian. */
function addRow(
  x: Float64Array,
  at: number,
  n: number,
  p: Float64Array,
  width: number,
  code: number,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const size = n * width;
  for (let k = 0; k < width; k++) {
    const error = p[k]! - Number(width === 1 ? code === 1 : code === k);
    for (let j = 0; j < n; j++) gradient[k * n + j]! += error * x[at + j]!;
    for (let l = 0; l <= k; l++) {
      const weight = k === l ? p[k]! * (1 - p[k]!) : -p[k]! * p[l]!;
      for (let j = 0; j < n; j++) {
        const scaled = weight * x[at + j]!;
        const row = (k * n + j) * size + l * n;
        const end = k === l ? j : n - 1;
        for (let m = 0; m <= end; m++) hessian[row + m]! += scaled * x[at + m]!;
      }
    }
  }
}
