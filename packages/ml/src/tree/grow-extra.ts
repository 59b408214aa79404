import type { Random } from "@graphvm/engine";
import type { NodeStore } from "./node-store.js";
import type { TreeSettings } from "./settings.js";

/** Values this close to each other are constant to scikit-learn's splitters. */
export const CONSTANT = 1e-7;

/** The rows a forest is trained on, and working memory for one tree after the other. */
export interface Grower {
  /** Grows a tree on all rows, adds its nodes to the store and returns its root. */
  grow(random: Random): number;
}

/**
 * Extremely randomised trees (Geurts, Ernst and Wehenkel 2006, "Extremely randomized trees"), drawing as scikit-learn's
 * RandomSplitter does: features without replacement until `featuresPerSplit` were looked at and one of them was not
 * constant; a threshold uniform between a feature's least and greatest value in the node; of these candidates the one
 * with the least Gini impurity, among those that leave `minLeaf` rows on each side.
 *
 * Rows of a node lie side by side, class by class and each class in order, so that columns are read front to back and
 * classes are counted without looking at labels; nodes wait on an explicit stack; nothing is allocated for a node.
 *
 * @param columns one array a feature, finite values
 * @param codes the class of each row, below `classes`
 */
export function createExtraGrower(
  columns: readonly Float32Array[],
  codes: Int32Array,
  classes: number,
  settings: TreeSettings,
  nodes: NodeStore,
): Grower {
  const rows = codes.length;
  const first = new Int32Array(rows); // rows, class after class
  const order = new Int32Array(rows); // the same, node after node
  const spare = new Int32Array(rows);
  let values = new Float32Array(rows); // the candidate's values in the node
  let bestValues = new Float32Array(rows);
  const counts = new Float64Array(classes);
  const leftCounts = new Float64Array(classes);
  const bestCounts = new Float64Array(classes);
  const drawn = Int32Array.from(columns, (_, i) => i);
  const stack: number[] = []; // rows of each class, then start, depth, parent, isLeft
  const { minLeaf, minSplit, maxDepth, featuresPerSplit } = settings;
  const all = groupByClass(codes, classes, first);

  /** Finds the best of the drawn splits of the `size` rows from `start` on; its values stay in bestValues. */
  let bestFeature = -1;
  let bestThreshold = 0;
  let bestLeft = 0;
  const findSplit = (start: number, size: number, random: Random): void => {
    let bestScore = Number.NEGATIVE_INFINITY;
    let looked = 0;
    let varied = 0;
    bestFeature = -1;
    for (let left = drawn.length; left > 0 && (looked < featuresPerSplit || varied === 0); left--) {
      const pick = random.below(left);
      const feature = drawn[pick]!;
      drawn[pick] = drawn[left - 1]!;
      drawn[left - 1] = feature;
      looked++;
      gather(columns[feature]!, order, start, size, values);
      if (greatest <= least + CONSTANT) continue;
      varied++;
      let threshold = least + random.next() * (greatest - least);
      if (threshold >= greatest) threshold = least;
      const leftSize = countClasses(values, counts, threshold, leftCounts);
      if (leftSize < minLeaf || size - leftSize < minLeaf) continue;
      const score = purity(leftCounts, counts, leftSize, size);
      if (score <= bestScore) continue;
      bestScore = score;
      bestFeature = feature;
      bestThreshold = threshold;
      bestLeft = leftSize;
      bestCounts.set(leftCounts);
      const swap = bestValues;
      bestValues = values;
      values = swap;
    }
  };

  /** Whether a child will be split further. A leaf's rows are never looked at again. */
  const isInner = (inChild: Float64Array, size: number, depth: number): boolean =>
    size >= minSplit && depth < maxDepth && !isPure(inChild, size);

  const push = (inChild: Float64Array, start: number, depth: number, parent: number, isLeft: number): void => {
    for (let k = 0; k < classes; k++) stack.push(inChild[k]!);
    stack.push(start, depth, parent, isLeft);
  };

  return {
    grow(random) {
      order.set(first);
      let root = -1;
      push(all, 0, 0, -1, 0);
      while (stack.length > 0) {
        const isLeft = stack.pop()! === 1;
        const parent = stack.pop()!;
        const depth = stack.pop()!;
        const start = stack.pop()!;
        let size = 0;
        for (let k = classes - 1; k >= 0; k--) {
          counts[k] = stack.pop()!;
          size += counts[k]!;
        }
        const node = nodes.add(counts, size);
        if (parent === -1) root = node;
        else nodes.link(parent, isLeft, node);
        if (!isInner(counts, size, depth)) continue;
        findSplit(start, size, random);
        if (bestFeature === -1) continue;
        nodes.split(node, bestFeature, bestThreshold);
        for (let k = 0; k < classes; k++) counts[k]! -= bestCounts[k]!;
        const keepLeft = isInner(bestCounts, bestLeft, depth + 1);
        const keepRight = isInner(counts, size - bestLeft, depth + 1);
        partition(order, spare, start, size, bestLeft, bestValues, bestThreshold, keepLeft, keepRight);
        push(counts, start + bestLeft, depth + 1, node, 0);
        push(bestCounts, start, depth + 1, node, 1);
      }
      return root;
    },
  };
}

/** Writes the rows class after class; returns how many each class has. */
function groupByClass(codes: Int32Array, classes: number, to: Int32Array): Float64Array {
  const counts = new Float64Array(classes);
  for (let row = 0; row < codes.length; row++) counts[codes[row]!]!++;
  const at = new Int32Array(classes);
  for (let k = 1; k < classes; k++) at[k] = at[k - 1]! + counts[k - 1]!;
  for (let row = 0; row < codes.length; row++) to[at[codes[row]!]!++] = row;
  return counts;
}

/** What `gather` found last. */
let least = 0;
let greatest = 0;

/** Copies a column's values in the given rows, and finds the least and the greatest of them. */
export function gather(column: Float32Array, rows: Int32Array, start: number, size: number, to: Float32Array): void {
  let low = column[rows[start]!]!;
  let high = low;
  for (let i = 0; i < size; i++) {
    const value = column[rows[start + i]!]!;
    to[i] = value;
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  least = low;
  greatest = high;
}

/** Rows up to the threshold, in all and of each class; the classes lie one after the other. */
function countClasses(values: Float32Array, counts: Float64Array, threshold: number, leftCounts: Float64Array): number {
  let all = 0;
  let i = 0;
  for (let k = 0; k < counts.length; k++) {
    let left = 0;
    for (const end = i + counts[k]!; i < end; i++) left += Number(values[i]! <= threshold);
    leftCounts[k] = left;
    all += left;
  }
  return all;
}

/** Moves the rows up to the threshold before the others; both keep their order. Sides that are not kept hold anything. */
export function partition(
  order: Int32Array,
  spare: Int32Array,
  start: number,
  size: number,
  leftSize: number,
  by: Float32Array,
  threshold: number,
  keepLeft: boolean,
  keepRight: boolean,
): void {
  if (!keepLeft && !keepRight) return;
  let right = 0;
  let to = start;
  if (!keepLeft) {
    to += size - 1;
    for (let i = size - 1; i >= 0; i--) {
      order[to] = order[start + i]!;
      to -= Number(by[i]! > threshold);
    }
    return;
  }
  // Every row is written to both sides and counted on one: no branch to mispredict.
  for (let i = 0; i < size; i++) {
    const goesLeft = Number(by[i]! <= threshold);
    const row = order[start + i]!;
    order[to] = row;
    spare[right] = row;
    to += goesLeft;
    right += 1 - goesLeft;
  }
  if (keepRight) order.set(spare.subarray(0, right), start + leftSize);
}

function isPure(counts: Float64Array, size: number): boolean {
  for (let k = 0; k < counts.length; k++) if (counts[k] === size) return true;
  return false;
}

/** What a split is compared by: greater means less Gini impurity in the children, weighted by their rows. */
function purity(leftCounts: Float64Array, counts: Float64Array, leftSize: number, size: number): number {
  let left = 0;
  let right = 0;
  for (let k = 0; k < counts.length; k++) {
    const inLeft = leftCounts[k]!;
    const inRight = counts[k]! - inLeft;
    left += inLeft * inLeft;
    right += inRight * inRight;
  }
  return left / leftSize + right / (size - leftSize);
}
