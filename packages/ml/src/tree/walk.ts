import type { TreeNodes } from "./node-store.js";

/** Rows that are looked at together, so that they stay in the processor's cache from tree to tree. */
const BLOCK = 512;

/**
 * Calls `reached` with the leaf of each row, tree after tree for a block of rows, in the order of `roots`.
 *
 * @param reached gets the number of the tree, the first row of the block, and the leaves of its rows
 */
export function walkTrees(
  { feature, threshold, left, right }: TreeNodes,
  roots: Int32Array,
  columns: readonly Float32Array[],
  rows: number,
  reached: (tree: number, from: number, leaves: Int32Array) => void,
): void {
  const width = columns.length;
  const block = new Float32Array(BLOCK * width);
  const children = new Int32Array(2 * feature.length);
  for (let node = 0; node < feature.length; node++) {
    children[2 * node] = left[node]!;
    children[2 * node + 1] = right[node]!;
  }
  const leaves = new Int32Array(BLOCK);
  for (let from = 0; from < rows; from += BLOCK) {
    const count = Math.min(BLOCK, rows - from);
    for (let f = 0; f < width; f++) {
      const column = columns[f]!;
      for (let i = 0; i < count; i++) block[i * width + f] = column[from + i]!;
    }
    for (let tree = 0; tree < roots.length; tree++) {
      descend(feature, threshold, children, block, width, roots[tree]!, count, leaves);
      reached(tree, from, count === BLOCK ? leaves : leaves.subarray(0, count));
    }
  }
}

function descend(
  feature: Int32Array,
  threshold: Float64Array,
  children: Int32Array,
  block: Float32Array,
  width: number,
  root: number,
  count: number,
  leaves: Int32Array,
): void {
  for (let i = 0, at = 0; i < count; i++, at += width) {
    let node = root;
    // The side is a number, not a branch: which way a row goes can't be predicted.
    for (let f = feature[node]!; f >= 0; f = feature[node]!) {
      node = children[2 * node + Number(block[at + f]! > threshold[node]!)]!;
    }
    leaves[i] = node;
  }
}

/** For each row the sum over all trees of its leaf's values: `result[row * width + k]`. */
export function sumLeaves(
  nodes: TreeNodes,
  roots: Int32Array,
  columns: readonly Float32Array[],
  rows: number,
  width: number,
): Float64Array {
  const sums = new Float64Array(rows * width);
  const { value } = nodes;
  walkTrees(nodes, roots, columns, rows, (_, from, leaves) => {
    for (let i = 0; i < leaves.length; i++) {
      const at = (from + i) * width;
      const leaf = leaves[i]! * width;
      for (let k = 0; k < width; k++) sums[at + k]! += value[leaf + k]!;
    }
  });
  return sums;
}
