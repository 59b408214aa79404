import type { TreeNodes } from "./node-store.js";

/** Values of rows that are looked at together, so that they and the tree stay in the processor's cache: 128 KB. */
const BLOCK_VALUES = 32_768;
const MOST_ROWS = 4096;
/** Words of a packed node. */
const NODE = 4;

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
  const most = Math.max(1, Math.min(MOST_ROWS, rows, Math.floor(BLOCK_VALUES / width)));
  const block = new Int32Array(most * width);
  const { words, starts } = pack(nodes, roots);
  const leaves = new Int32Array(most);
  for (let from = 0; from < rows; from += most) {
    const count = Math.min(most, rows - from);
    for (let f = 0; f < width; f++) gatherKeys(columns[f]!, from, count, block, f, width);
    for (let tree = 0; tree < roots.length; tree++) {
      descend(words, block, width, starts[tree]!, count, leaves);
      reached(tree, from, count === most ? leaves : leaves.subarray(0, count));
    }
  }
}

/**
 * All trees in one piece of memory, each from its root down. A node is four words: a split's feature, its threshold's key, and
 * where its children start; a leaf's are any feature, its number, and twice itself, so that whoever is there stays.
 */
interface Packed {
  readonly words: Int32Array;
  /** Where each tree starts. */
  readonly starts: Int32Array;
}

function pack({ feature, threshold, left, right }: TreeNodes, roots: Int32Array): Packed {
  const words = new Int32Array(NODE * feature.length);
  const starts = new Int32Array(roots.length);
  let end = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    starts[tree] = end;
    const waiting = [roots[tree]!, -1]; // nodes, each with the word that is to say where it starts
    let next = end;
    while (waiting.length > 0) {
      const place = waiting.pop()!;
      const node = waiting.pop()!;
      const at = next;
      next += NODE;
      if (place >= 0) words[place] = at;
      if (feature[node]! < 0) {
        words.set([0, node, at, at], at);
        continue;
      }
      words[at] = feature[node]!;
      words[at + 1] = keyOf(roundedDown(threshold[node]!));
      waiting.push(right[node]!, at + 3, left[node]!, at + 2);
    }
    end = next;
  }
  return { words, starts };
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

/** A whole number for a 32-bit float, in the same order: whole numbers compare faster. NaN is above infinity. */
function keyOf(value: number): number {
  single[0] = value;
  return keyOfBits(bits[0]!);
}

/** 0 and -0 have one key. */
function keyOfBits(word: number): number {
  return word === -0x80000000 ? 0 : word ^ ((word >> 31) & 0x7fffffff);
}

/** The keys of a column's values, to every `width`th place from `f` on. */
function gatherKeys(column: Float32Array, from: number, count: number, to: Int32Array, f: number, width: number): void {
  const words = new Int32Array(column.buffer, column.byteOffset, column.length);
  for (let i = 0; i < count; i++) to[i * width + f] = keyOfBits(words[from + i]!);
}

/** Where a row goes from a node. No branch: which way it goes is anybody's guess, and a processor guesses wrong half the time. */
function step(words: Int32Array, block: Int32Array, row: number, node: number): number {
  return words[node + 2 + Number(block[row + words[node]!]! > words[node + 1]!)]!;
}

/** Four rows side by side: while one waits for memory, the others go on. */
function descend(
  words: Int32Array,
  block: Int32Array,
  width: number,
  root: number,
  count: number,
  leaves: Int32Array,
): void {
  let i = 0;
  for (; i + 3 < count; i += 4) {
    const row = i * width;
    let [a, b, c, d] = [root, root, root, root];
    for (let moved = true; moved; ) {
      const toA = step(words, block, row, a);
      const toB = step(words, block, row + width, b);
      const toC = step(words, block, row + 2 * width, c);
      const toD = step(words, block, row + 3 * width, d);
      moved = ((toA ^ a) | (toB ^ b) | (toC ^ c) | (toD ^ d)) !== 0;
      a = toA;
      b = toB;
      c = toC;
      d = toD;
    }
    leaves[i] = words[a + 1]!;
    leaves[i + 1] = words[b + 1]!;
    leaves[i + 2] = words[c + 1]!;
    leaves[i + 3] = words[d + 1]!;
  }
  for (; i < count; i++) {
    let node = root;
    for (let last = -1; node !== last; ) {
      last = node;
      node = step(words, block, i * width, node);
    }
    leaves[i] = words[node + 1]!;
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
  const add = width === 2 ? addPairs : addRows;
  walkTrees(nodes, roots, columns, rows, (_, from, leaves) => {
    add(sums, from * width, value, leaves, width);
  });
  return sums;
}

function addRows(sums: Float64Array, start: number, value: Float64Array, leaves: Int32Array, width: number): void {
  for (let i = 0, at = start; i < leaves.length; i++) {
    const leaf = leaves[i]! * width;
    for (let k = 0; k < width; k++) sums[at++]! += value[leaf + k]!;
  }
}

/** The same for two values a leaf, without a loop. */
function addPairs(sums: Float64Array, start: number, value: Float64Array, leaves: Int32Array): void {
  for (let i = 0, at = start; i < leaves.length; i++, at += 2) {
    const leaf = 2 * leaves[i]!;
    sums[at]! += value[leaf]!;
    sums[at + 1]! += value[leaf + 1]!;
  }
}
