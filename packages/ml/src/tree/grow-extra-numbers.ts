import type { Random } from "@graphvm/engine";
import { drawFeatures } from "./draw-features.js";
import { CONSTANT, type Grower, partition } from "./grow-extra.js";
import type { NodeStore } from "./node-store.js";
import type { TreeSettings } from "./settings.js";

/**
 * Extremely randomised trees for numbers: as `createExtraGrower`, but the best of the drawn splits is that with the least
 * squared error.
 *
 * @param columns one array a feature, finite values
 */
export function createExtraNumberGrower(
  columns: readonly Float32Array[],
  targets: Float64Array,
  settings: TreeSettings,
  nodes: NodeStore,
): Grower {
  const rows = targets.length;
  const order = new Int32Array(rows);
  const spare = new Int32Array(rows);
  let values = new Float32Array(rows);
  let bestValues = new Float32Array(rows);
  const drawn = Int32Array.from(columns, (_, i) => i);
  const sums = new Float64Array(1);
  const stack: number[] = []; // start, end, depth, parent, isLeft
  const { minLeaf, minSplit, maxDepth, featuresPerSplit } = settings;
  let mean = 0;
  let bestFeature = -1;
  let bestThreshold = 0;
  let bestLeft = 0;

  /** The mean of rows [start, end) becomes `mean`; true if all are alike. */
  const total = (start: number, end: number): boolean => {
    const first = targets[order[start]!]!;
    let sum = 0;
    let alike = true;
    for (let i = start; i < end; i++) {
      const value = targets[order[i]!]!;
      sum += value - first;
      if (value !== first) alike = false;
    }
    mean = first + sum / (end - start);
    return alike;
  };

  const findSplit = (start: number, size: number, random: Random): void => {
    let bestScore = Number.NEGATIVE_INFINITY;
    bestFeature = -1;
    drawFeatures(drawn, featuresPerSplit, random, (feature) => {
      const column = columns[feature]!;
      let least = column[order[start]!]!;
      let greatest = least;
      for (let i = 0; i < size; i++) {
        const value = column[order[start + i]!]!;
        values[i] = value;
        if (value < least) least = value;
        else if (value > greatest) greatest = value;
      }
      if (greatest <= least + CONSTANT) return false;
      let threshold = least + random.next() * (greatest - least);
      if (threshold >= greatest) threshold = least;
      let leftSize = 0;
      let leftSum = 0;
      for (let i = 0; i < size; i++) {
        const left = Number(values[i]! <= threshold);
        leftSize += left;
        leftSum += left * (targets[order[start + i]!]! - mean);
      }
      if (leftSize < minLeaf || size - leftSize < minLeaf) return true;
      const score = (leftSum * leftSum) / leftSize + (leftSum * leftSum) / (size - leftSize);
      if (score <= bestScore) return true;
      bestScore = score;
      bestFeature = feature;
      bestThreshold = threshold;
      bestLeft = leftSize;
      const swap = bestValues;
      bestValues = values;
      values = swap;
      return true;
    });
  };

  return {
    grow(random) {
      for (let row = 0; row < rows; row++) order[row] = row;
      let root = -1;
      stack.push(0, rows, 0, -1, 0);
      while (stack.length > 0) {
        const isLeft = stack.pop()! === 1;
        const parent = stack.pop()!;
        const depth = stack.pop()!;
        const end = stack.pop()!;
        const start = stack.pop()!;
        const alike = total(start, end);
        sums[0] = mean * (end - start);
        const node = nodes.add(sums, end - start);
        if (parent === -1) root = node;
        else nodes.link(parent, isLeft, node);
        if (alike || end - start < minSplit || depth >= maxDepth) continue;
        findSplit(start, end - start, random);
        if (bestFeature === -1) continue;
        nodes.split(node, bestFeature, bestThreshold);
        partition(order, spare, start, end - start, bestLeft, bestValues, bestThreshold, true, true);
        const middle = start + bestLeft;
        stack.push(middle, end, depth + 1, node, 0, start, middle, depth + 1, node, 1);
      }
      return root;
    },
  };
}
