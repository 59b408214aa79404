import { ofMany } from "../linear/logistic.js";
import type { Algorithm } from "../model/algorithm.js";
import type { Feature } from "../model/features.js";
import { optionsOf } from "../model/options.js";
import type { GaussianNBSpec } from "../model/specs.js";
import type { Label } from "../table/classes.js";

/** A trained naive Bayes: a normal distribution for each class and feature. */
export interface GaussianNBModel {
  readonly model: "GaussianNB";
  readonly classes: readonly Label[];
  readonly features: readonly Feature[];
  /** Share of each class in training. */
  readonly prior: Float64Array;
  /** `mean[k * features + j]`. */
  readonly mean: Float64Array;
  /** The same for variances, smoothed. */
  readonly variance: Float64Array;
}

/** scikit-learn's GaussianNB. With one class, that class is what it says; constant columns say nothing. */
export const gaussianNB: Algorithm<GaussianNBSpec, GaussianNBModel, Float64Array> = {
  task: "classify",
  columns: "double",
  train(spec, { features, columns, rows, classes, codes }) {
    const smoothing = optionsOf(spec, ["var_smoothing"]).number("var_smoothing", 1e-9, { least: 0 });
    const width = columns.length;
    const counts = new Float64Array(classes.length);
    for (let i = 0; i < rows; i++) counts[codes[i]!]!++;
    const mean = new Float64Array(classes.length * width);
    const variance = new Float64Array(classes.length * width);
    let greatest = 0;
    columns.forEach((column, j) => {
      greatest = Math.max(greatest, spread(column));
      moments(column, codes, counts, (k, m, v) => {
        mean[k * width + j] = m;
        variance[k * width + j] = v;
      });
    });
    for (let i = 0; i < variance.length; i++) variance[i]! += smoothing * greatest;
    return { model: spec.model, classes, features, prior: counts.map((count) => count / rows), mean, variance };
  },
  score({ prior, mean, variance }, columns, rows) {
    const width = columns.length;
    const scores = Array.from(prior, (share, k) => {
      const to = new Float64Array(rows).fill(Math.log(share));
      columns.forEach((column, j) => {
        const v = variance[k * width + j]!;
        if (!(v > 0)) return; // a constant column where nothing is smoothed
        const m = mean[k * width + j]!;
        const level = Math.log(2 * Math.PI * v);
        for (let i = 0; i < rows; i++) to[i]! -= (level + ((column[i]! - m) * (column[i]! - m)) / v) / 2;
      });
      return to;
    });
    return ofMany(scores, rows);
  },
};

function spread(column: Float64Array): number {
  let found = 0;
  moments(column, new Int32Array(column.length), Float64Array.of(column.length), (_, __, v) => {
    found = v;
  });
  return found;
}

/** Mean and variance of a column in each class, in two passes. */
function moments(
  column: Float64Array,
  codes: Int32Array,
  counts: Float64Array,
  say: (k: number, mean: number, variance: number) => void,
): void {
  const sums = new Float64Array(counts.length);
  const squares = new Float64Array(counts.length);
  const first = column[0]!;
  for (let i = 0; i < column.length; i++) sums[codes[i]!]! += column[i]! - first;
  const means = sums.map((sum, k) => first + sum / counts[k]!);
  for (let i = 0; i < column.length; i++) {
    const away = column[i]! - means[codes[i]!]!;
    squares[codes[i]!]! += away * away;
  }
  counts.forEach((count, k) => {
    say(k, means[k]!, squares[k]! / count);
  });
}
