import type { Random } from "@graphvm/engine";
import type { NodeStore } from "./node-store.js";
import type { ExtraTreesSettings } from "./spec.js";

/** Values this close to each other are constant to scikit-learn's splitter. */
const CONSTANT = 1e-7;

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
 * Rows of a node lie side by side and keep their order, so that columns are read front to back; nodes wait on an explicit
 * stack; nothing is allocated for a node.
 *
 * @param columns one array a feature, finite values
 * @param codes the class of each row, below `classes`
 */
export function createGrower(
  columns: readonly Float32Array[],
  codes: Int32Array,
  classes: number,
  settings: ExtraTreesSettings,
  nodes: NodeStore,
): Grower {
  const rows = codes.length;
  const order = new Int32Array(rows); // rows, node after node
  const labels = new Uint16Array(rows); // their classes
  const spareOrder = new Int32Array(rows);
  const spareLabels = new Uint16Array(rows);
  let values = new Float32Array(rows); // the candidate's values in the node
  let bestValues = new Float32Array(rows);
  const counts = new Float64Array(classes);
  const leftCounts = new Float64Array(classes);
  const drawn = Int32Array.from(columns, (_, i) => i);
  const stack: number[] = []; // start, end, depth, parent, isLeft
  const { minLeaf, minSplit, maxDepth, featuresPerSplit } = settings;

  /** Finds the best of the drawn splits of rows [start, end); its values stay in bestValues. */
  let bestFeature = -1;
  let bestThreshold = 0;
  let bestLeft = 0;
  const findSplit = (start: number, end: number, random: Random): void => {
    const size = end - start;
    const rowsOf = order; // local names: a captured variable is looked up at every turn of a loop
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
      const column = columns[feature]!;
      const current = values;
      let least = column[order[start]!]!;
      let greatest = least;
      for (let i = 0; i < size; i++) {
        const value = column[rowsOf[start + i]!]!;
        current[i] = value;
        if (value < least) least = value;
        else if (value > greatest) greatest = value;
      }
      if (greatest <= least + CONSTANT) continue;
      varied++;
      let threshold = least + random.next() * (greatest - least);
      if (threshold >= greatest) threshold = least;
      const leftSize =
        classes === 2
          ? countTwo(current, labels, start, size, threshold, leftCounts)
          : countAll(current, labels, start, size, threshold, leftCounts);
      if (leftSize < minLeaf || size - leftSize < minLeaf) continue;
      const score = purity(leftCounts, counts, leftSize, size);
      if (score <= bestScore) continue;
      bestScore = score;
      bestFeature = feature;
      bestThreshold = threshold;
      bestLeft = leftSize;
      const swap = bestValues;
      bestValues = values;
      values = swap;
    }
  };

  /** Moves the rows up to the threshold before the others; both keep their order. */
  const partition = (start: number, end: number, threshold: number): void => {
    const [toOrder, toLabels, restOrder, restLabels, by] = [order, labels, spareOrder, spareLabels, bestValues];
    // Every row is written to both sides and counted on one: no branch to mispredict.
    let to = start;
    let spare = 0;
    for (let i = start, v = 0; i < end; i++, v++) {
      const goesLeft = Number(by[v]! <= threshold);
      const row = toOrder[i]!;
      const label = toLabels[i]!;
      toOrder[to] = row;
      toLabels[to] = label;
      restOrder[spare] = row;
      restLabels[spare] = label;
      to += goesLeft;
      spare += 1 - goesLeft;
    }
    order.set(spareOrder.subarray(0, spare), to);
    labels.set(spareLabels.subarray(0, spare), to);
  };

  return {
    grow(random) {
      for (let row = 0; row < rows; row++) order[row] = row;
      labels.set(codes);
      let root = -1;
      stack.push(0, rows, 0, -1, 0);
      while (stack.length > 0) {
        const isLeft = stack.pop()! === 1;
        const parent = stack.pop()!;
        const depth = stack.pop()!;
        const end = stack.pop()!;
        const start = stack.pop()!;
        const size = end - start;
        tally(labels, start, end, counts);
        const node = nodes.add(counts, size);
        if (parent === -1) root = node;
        else nodes.link(parent, isLeft, node);
        if (size < minSplit || depth >= maxDepth || isPure(counts, size)) continue;
        findSplit(start, end, random);
        if (bestFeature === -1) continue;
        nodes.split(node, bestFeature, bestThreshold);
        const middle = start + bestLeft;
        partition(start, end, bestThreshold);
        stack.push(middle, end, depth + 1, node, 0, start, middle, depth + 1, node, 1);
      }
      return root;
    },
  };
}

function tally(labels: Uint16Array, start: number, end: number, counts: Float64Array): void {
  counts.fill(0);
  if (counts.length === 2) {
    let ones = 0;
    for (let i = start; i < end; i++) ones += labels[i]!;
    counts[0] = end - start - ones;
    counts[1] = ones;
  } else for (let i = start; i < end; i++) counts[labels[i]!]!++;
}

function isPure(counts: Float64Array, size: number): boolean {
  for (let k = 0; k < counts.length; k++) if (counts[k] === size) return true;
  return false;
}

/** Rows up to the threshold, in all and of each class; the case of two classes without a store for each row. */
function countTwo(
  values: Float32Array,
  labels: Uint16Array,
  start: number,
  size: number,
  threshold: number,
  leftCounts: Float64Array,
): number {
  let left = 0;
  let ones = 0;
  for (let i = 0; i < size; i++) {
    const goesLeft = Number(values[i]! <= threshold);
    left += goesLeft;
    ones += goesLeft & labels[start + i]!;
  }
  leftCounts[0] = left - ones;
  leftCounts[1] = ones;
  return left;
}

function countAll(
  values: Float32Array,
  labels: Uint16Array,
  start: number,
  size: number,
  threshold: number,
  leftCounts: Float64Array,
): number {
  leftCounts.fill(0);
  let left = 0;
  for (let i = 0; i < size; i++) {
    if (values[i]! > threshold) continue;
    left++;
    leftCounts[labels[start + i]!]!++;
  }
  return left;
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
