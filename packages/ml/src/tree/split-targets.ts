import type { Criterion } from "../model/specs.js";

/**
 * What a tree is grown towards: how nodes are summed up and how splits compare. The rows of a node come sorted by the
 * feature that is looked at.
 */
export interface SplitTarget {
  /** Values of a node: the number of classes, or 1. */
  readonly width: number;
  /** Sums up rows [start, end) of `order` into `sums`; true if they are all alike, so that no split can better them. */
  total(order: Int32Array, start: number, end: number): boolean;
  /** What `total` found: weight of each class, or the weighted sum; and the weight in all. */
  readonly sums: Float64Array;
  weight(): number;
  /**
   * The best place to cut rows [start, end), which lie in the order of `column`, with `minLeaf` rows on each side: sets
   * `at` (the first row on the right) and `score` of the result if a cut scores above `least`.
   */
  best(column: Float32Array, order: Int32Array, start: number, end: number, minLeaf: number, least: number): boolean;
  at: number;
  score: number;
}

/** Values this close to each other are equal to scikit-learn's splitters. */
const CONSTANT = 1e-7;

/**
 * Classes, by the impurity that is left: Gini's, or entropy.
 *
 * @param weights of each row; it may change between trees
 */
export function classTarget(codes: Int32Array, classes: number, weights: Float64Array, by: Criterion): SplitTarget {
  const sums = new Float64Array(classes);
  const left = new Float64Array(classes);
  const purity = by === "gini" ? giniPurity : entropyPurity;
  let weight = 0;
  const target: SplitTarget = {
    width: classes,
    sums,
    at: 0,
    score: 0,
    weight: () => weight,
    total(order, start, end) {
      sums.fill(0);
      for (let i = start; i < end; i++) sums[codes[order[i]!]!]! += weights[order[i]!]!;
      weight = 0;
      let seen = 0;
      for (let k = 0; k < classes; k++) {
        weight += sums[k]!;
        if (sums[k]! > 0) seen++;
      }
      return seen < 2;
    },
    best(column, order, start, end, minLeaf, least) {
      left.fill(0);
      let leftWeight = 0;
      let found = false;
      target.score = least;
      let value = column[order[start]!]!;
      const last = end - minLeaf;
      for (let i = start; i < last; i++) {
        const row = order[i]!;
        const w = weights[row]!;
        left[codes[row]!]! += w;
        leftWeight += w;
        const next = column[order[i + 1]!]!;
        const same = next <= value + CONSTANT;
        value = same ? value : next;
        if (same || i + 1 - start < minLeaf) continue;
        const score = purity(left, sums, leftWeight, weight - leftWeight);
        if (score <= target.score) continue;
        target.score = score;
        target.at = i + 1;
        found = true;
      }
      return found;
    },
  };
  return target;
}

/** Numbers, by squared error. They are measured from their mean, so that sums lose no digits. */
export function numberTarget(values: Float64Array, weights: Float64Array): SplitTarget {
  const sums = new Float64Array(1);
  let weight = 0;
  let mean = 0;
  const target: SplitTarget = {
    width: 1,
    sums,
    at: 0,
    score: 0,
    weight: () => weight,
    total(order, start, end) {
      const first = values[order[start]!]!;
      let sum = 0;
      let alike = true;
      weight = 0;
      for (let i = start; i < end; i++) {
        const row = order[i]!;
        const value = values[row]!;
        sum += weights[row]! * (value - first);
        weight += weights[row]!;
        if (value !== first) alike = false;
      }
      mean = first + sum / weight;
      sums[0] = mean * weight;
      return alike;
    },
    best(column, order, start, end, minLeaf, least) {
      let leftSum = 0;
      let leftWeight = 0;
      let found = false;
      target.score = least;
      let value = column[order[start]!]!;
      const last = end - minLeaf;
      for (let i = start; i < last; i++) {
        const row = order[i]!;
        const w = weights[row]!;
        leftSum += w * (values[row]! - mean);
        leftWeight += w;
        const next = column[order[i + 1]!]!;
        const same = next <= value + CONSTANT;
        value = same ? value : next;
        if (same || i + 1 - start < minLeaf) continue;
        // The sum on the right is minus that on the left.
        const score = (leftSum * leftSum) / leftWeight + (leftSum * leftSum) / (weight - leftWeight);
        if (score <= target.score) continue;
        target.score = score;
        target.at = i + 1;
        found = true;
      }
      return found;
    },
  };
  return target;
}

/** Greater means less Gini impurity on the two sides, weighted. */
function giniPurity(left: Float64Array, all: Float64Array, leftWeight: number, rightWeight: number): number {
  let a = 0;
  let b = 0;
  for (let k = 0; k < all.length; k++) {
    const inLeft = left[k]!;
    const inRight = all[k]! - inLeft;
    a += inLeft * inLeft;
    b += inRight * inRight;
  }
  return a / leftWeight + b / rightWeight;
}

/** Greater means less entropy on the two sides, weighted. */
function entropyPurity(left: Float64Array, all: Float64Array, leftWeight: number, rightWeight: number): number {
  let sum = 0;
  for (let k = 0; k < all.length; k++) {
    const inLeft = left[k]!;
    const inRight = all[k]! - inLeft;
    if (inLeft > 0) sum += inLeft * Math.log(inLeft / leftWeight);
    if (inRight > 0) sum += inRight * Math.log(inRight / rightWeight);
  }
  return sum;
}
