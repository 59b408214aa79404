import { MISSING } from "./bins.js";
import { PER_FEATURE, SLOTS } from "./histogram.js";

/** The best way found to split a node. */
export interface Split {
  readonly feature: number;
  readonly gain: number;
  /** Numbers up to this bin go left. */
  readonly bin: number;
  readonly missingLeft: boolean;
  /** Categories that go left: bit b of word b >> 5; absent for numbers. */
  readonly categories?: Uint32Array;
  readonly leftGradient: number;
  readonly leftHessian: number;
  readonly leftRows: number;
}

/** What a node sums up to. */
export interface NodeSums {
  readonly gradient: number;
  readonly hessian: number;
  readonly rows: number;
}

/** A feature as splits see it. */
export interface SplitFeature {
  /** Bins of values that are not missing. */
  readonly bins: number;
  readonly isCategory: boolean;
  /** Whether a training row misses it. */
  readonly hasMissing: boolean;
}

/** What limits splits. */
export interface SplitLimits {
  readonly minLeaf: number;
  readonly l2: number;
}

/** A side with less hessian is not split off; scikit-learn's min_hessian_to_split. */
const LEAST_HESSIAN = 1e-3;
/** Added to a category's hessian when categories are sorted, and rows that a category needs; as in scikit-learn. */
const SMOOTHING = 10;

/**
 * The split with the most gain over all features, the first of equals; undefined if none gains. Numbers are cut between
 * two bins, with what is missing on either side; categories are sorted by gradient over hessian and cut (Fisher 1958, "On
 * grouping for maximum homogeneity").
 */
export function findSplit(
  histogram: Float64Array,
  features: readonly SplitFeature[],
  node: NodeSums,
  limits: SplitLimits,
): Split | undefined {
  let best: Split | undefined;
  features.forEach((feature, f) => {
    const part = histogram.subarray(f * PER_FEATURE, (f + 1) * PER_FEATURE);
    const found = feature.isCategory
      ? splitCategories(part, f, feature, node, limits)
      : splitNumbers(part, f, feature, node, limits);
    if (found !== undefined && found.gain > (best?.gain ?? 0)) best = found;
  });
  return best;
}

function splitNumbers(
  part: Float64Array,
  feature: number,
  { bins, hasMissing }: SplitFeature,
  node: NodeSums,
  limits: SplitLimits,
): Split | undefined {
  const right = scanNumbers(part, feature, hasMissing ? bins : bins - 1, false, node, limits);
  // Where training missed nothing, what is missing later goes with the most.
  if (!hasMissing) return right && { ...right, missingLeft: right.leftRows > node.rows - right.leftRows };
  const left = scanNumbers(part, feature, bins - 1, true, node, limits);
  return left !== undefined && left.gain > (right?.gain ?? 0) ? left : right;
}

function scanNumbers(
  part: Float64Array,
  feature: number,
  cuts: number,
  missingLeft: boolean,
  node: NodeSums,
  { minLeaf, l2 }: SplitLimits,
): Split | undefined {
  const { gradient, hessian, rows } = node;
  const missing = MISSING * SLOTS;
  let g = missingLeft ? part[missing]! : 0;
  let h = missingLeft ? part[missing + 1]! : 0;
  let n = missingLeft ? part[missing + 2]! : 0;
  const whole = (gradient * gradient) / (hessian + l2 + TINY);
  let bestGain = 0;
  let [bin, leftGradient, leftHessian, leftRows] = [-1, 0, 0, 0];
  for (let b = 0, at = 0; b < cuts; b++, at += SLOTS) {
    g += part[at]!;
    h += part[at + 1]!;
    n += part[at + 2]!;
    if (n < minLeaf || h < LEAST_HESSIAN) continue;
    if (rows - n < minLeaf || hessian - h < LEAST_HESSIAN) break;
    const gr = gradient - g;
    const gain = (g * g) / (h + l2 + TINY) + (gr * gr) / (hessian - h + l2 + TINY) - whole;
    if (gain > bestGain) {
      bestGain = gain;
      bin = b;
      leftGradient = g;
      leftHessian = h;
      leftRows = n;
    }
  }
  if (bin < 0) return undefined;
  return { feature, gain: bestGain, bin, missingLeft, leftGradient, leftHessian, leftRows };
}

const TINY = 1e-15;

function splitCategories(
  part: Float64Array,
  feature: number,
  { bins, hasMissing }: SplitFeature,
  node: NodeSums,
  { minLeaf, l2 }: SplitLimits,
): Split | undefined {
  const { gradient, hessian, rows } = node;
  const support = rows / hessian;
  const used: number[] = [];
  const consider = (bin: number): void => {
    if (part[bin * SLOTS + 1]! * support >= SMOOTHING) used.push(bin);
  };
  for (let bin = 0; bin < bins; bin++) consider(bin);
  if (hasMissing) consider(MISSING);
  const rank = (bin: number): number => part[bin * SLOTS]! / (part[bin * SLOTS + 1]! + SMOOTHING);
  used.sort((a, b) => rank(a) - rank(b) || a - b);
  const whole = (gradient * gradient) / (hessian + l2 + TINY);
  let [g, h, n, bestGain, cut] = [0, 0, 0, 0, 0];
  let [leftGradient, leftHessian, leftRows] = [0, 0, 0];
  for (let i = 0; i + 1 < used.length; i++) {
    const at = used[i]! * SLOTS;
    g += part[at]!;
    h += part[at + 1]!;
    n += part[at + 2]!;
    if (n < minLeaf || h < LEAST_HESSIAN) continue;
    if (rows - n < minLeaf || hessian - h < LEAST_HESSIAN) break;
    const gr = gradient - g;
    const gain = (g * g) / (h + l2 + TINY) + (gr * gr) / (hessian - h + l2 + TINY) - whole;
    if (gain > bestGain) [bestGain, cut, leftGradient, leftHessian, leftRows] = [gain, i + 1, g, h, n];
  }
  if (cut === 0) return undefined;
  const categories = new Uint32Array(8);
  for (const bin of used.slice(0, cut)) categories[bin >> 5]! |= 1 << (bin & 31);
  const missingLeft = (categories[MISSING >> 5]! & (1 << (MISSING & 31))) !== 0;
  return { feature, gain: bestGain, bin: 0, missingLeft, categories, leftGradient, leftHessian, leftRows };
}
