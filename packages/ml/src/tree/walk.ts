import type { TreeNodes } from "./node-store.js";

/** Rows that are looked at together, so that they stay in the processor's cache from tree to tree. */
const BLOCK = 512;

/**
 * Calls `reached` with the leaf of each row, tree after tree for a block of rows, in the order of `roots`.
 *
 * @param reached gets the number of the tree, the first row of the block, and the leaves of its rows
 */
export function walkTrees(
  nodes: TreeNodes,
  roots: Int32Array,
  columns: readonly Float32Array[],
  rows: number,
  reached: (tree: number, from: number, leaves: Int32Array) => void,
): void {
  const width = columns.length;
  const block = new Float32Array(BLOCK * width);
  const packed = pack(nodes);
  const leaves = new Int32Array(BLOCK);
  for (let from = 0; from < rows; from += BLOCK) {
    const count = Math.min(BLOCK, rows - from);
    for (let f = 0; f < width; f++) {
      const column = columns[f]!;
      for (let i = 0; i < count; i++) block[i * width + f] = column[from + i]!;
    }
    for (let tree = 0; tree < roots.length; tree++) {
      const root = nodes.feature[roots[tree]!]! < 0 ? ~roots[tree]! : 4 * roots[tree]!;
      descend(packed, block, width, root, count, leaves);
      reached(tree, from, count === BLOCK ? leaves : leaves.subarray(0, count));
    }
  }
}

/** Four words a node: its feature, where its children's words start (leaves as minus their number, less 1), its threshold. */
interface Packed {
  readonly words: Int32Array;
  readonly thresholds: Float32Array;
}

/** Nodes in one piece of memory: what is asked of a node lies together. */
function pack({ feature, threshold, left, right }: TreeNodes): Packed {
  const words = new Int32Array(4 * feature.length);
  const thresholds = new Float32Array(words.buffer);
  const place = (node: number): number => (feature[node]! < 0 ? ~node : 4 * node);
  for (let node = 0; node < feature.length; node++) {
    if (feature[node]! < 0) continue;
    words[4 * node] = feature[node]!;
    words[4 * node + 1] = place(left[node]!);
    words[4 * node + 2] = place(right[node]!);
    thresholds[4 * node + 3] = roundedDown(threshold[node]!);
  }
  return { words, thresholds };
}

const single = new Float32Array(1);
const bits = new Int32Array(single.buffer);

/** The greatest 32-bit float up to a number: 32-bit values are on the same side of both. */
export function roundedDown(value: number): number {
  single[0] = value;
  if (single[0] <= value) return single[0];
  if (single[0] === 0) return -1.401298464324817e-45;
  bits[0]! += single[0] > 0 ? -1 : 1;
  return single[0];
}

function descend(
  { words, thresholds }: Packed,
  block: Float32Array,
  width: number,
  root: number,
  count: number,
  leaves: Int32Array,
): void {
  for (let i = 0, at = 0; i < count; i++, at += width) {
    let node = root;
    while (node >= 0) {
      node = block[at + words[node]!]! <= thresholds[node + 3]! ? words[node + 1]! : words[node + 2]!;
    }
    leaves[i] = ~node;
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
