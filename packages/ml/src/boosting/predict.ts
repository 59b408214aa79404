import type { Feature } from "../model/features.js";
import type { Label } from "../table/classes.js";
import { binned, type FeatureBins } from "./bins.js";
import type { BoostedNodes } from "./boosted-nodes.js";

/** What boosted models have in common: trees, round after round, `baseline.length` trees a round. */
export interface BoostedTrees extends BoostedNodes {
  readonly features: readonly Feature[];
  readonly bins: readonly FeatureBins[];
  /** The score before any tree: one number, or one for each of more than two classes. */
  readonly baseline: Float64Array;
  /** The first node of each tree. */
  readonly roots: Int32Array;
  /** Loss after each round (and before the first) on the rows set aside; empty without early stopping. */
  readonly validationLoss: Float64Array;
}

/** A boosted classifier. */
export interface BoostedClassifier extends BoostedTrees {
  readonly model: "HistGradientBoostingClassifier";
  readonly classes: readonly Label[];
}

/** A boosted regressor. */
export interface BoostedRegressor extends BoostedTrees {
  readonly model: "HistGradientBoostingRegressor";
}

/** Rows that are looked at together, so that they stay in the processor's cache from tree to tree. */
const BLOCK = 512;

/** Scores of each row, one column for each number of the baseline. */
export function boostedScores(
  model: BoostedTrees,
  columns: readonly Float64Array[],
  rows: number,
): readonly Float64Array[] {
  const bins = columns.map((column, f) => binned(column, model.bins[f]!));
  return addTrees(model, model.roots, model.baseline, bins, rows);
}

/** The same from bins; trees belong to the columns of scores in turn. */
export function addTrees(
  nodes: BoostedNodes,
  roots: Int32Array,
  baseline: Float64Array,
  bins: readonly Uint8Array[],
  rows: number,
): readonly Float64Array[] {
  const scores = Array.from(baseline, (start) => new Float64Array(rows).fill(start));
  const width = bins.length;
  const block = new Uint8Array(BLOCK * width);
  const walk = createWalk(nodes, width);
  for (let from = 0; from < rows; from += BLOCK) {
    const count = Math.min(BLOCK, rows - from);
    for (let f = 0; f < width; f++) {
      const column = bins[f]!;
      for (let i = 0; i < count; i++) block[i * width + f] = column[from + i]!;
    }
    for (let tree = 0; tree < roots.length; tree++) {
      walk(roots[tree]!, block, count, scores[tree % scores.length]!, from);
    }
  }
  return scores;
}

type Walk = (root: number, block: Uint8Array, count: number, scores: Float64Array, from: number) => void;

function createWalk(nodes: BoostedNodes, width: number): Walk {
  const { feature, bin, missingLeft, set, sets, left, right, value } = nodes;
  const children = new Int32Array(2 * feature.length);
  const limit = new Int32Array(feature.length); // bins below it and above `bin` go right
  for (let node = 0; node < feature.length; node++) {
    children[2 * node] = left[node]!;
    children[2 * node + 1] = right[node]!;
    limit[node] = missingLeft[node] === 1 ? 255 : 256;
  }
  const numbersOnly: Walk = (root, block, count, scores, from) => {
    for (let i = 0, at = 0; i < count; i++, at += width) {
      let node = root;
      for (let f = feature[node]!; f >= 0; f = feature[node]!) {
        const b = block[at + f]!;
        node = children[2 * node + (Number(b > bin[node]!) & Number(b < limit[node]!))]!;
      }
      scores[from + i]! += value[node]!;
    }
  };
  const withSets: Walk = (root, block, count, scores, from) => {
    for (let i = 0, at = 0; i < count; i++, at += width) {
      let node = root;
      for (let f = feature[node]!; f >= 0; f = feature[node]!) {
        const b = block[at + f]!;
        const s = set[node]!;
        const goesRight =
          s < 0 ? Number(b > bin[node]!) & Number(b < limit[node]!) : 1 - ((sets[s * 8 + (b >> 5)]! >>> (b & 31)) & 1);
        node = children[2 * node + goesRight]!;
      }
      scores[from + i]! += value[node]!;
    }
  };
  return sets.length === 0 ? numbersOnly : withSets;
}
