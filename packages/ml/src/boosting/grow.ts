import { MISSING } from "./bins.js";
import type { GrowingNode } from "./boosted-nodes.js";
import { findSplit, type Split, type SplitFeature, type SplitLimits } from "./find-split.js";
import { type BinTable, fillHistogram, histogramSize, subtractHistogram } from "./histogram.js";

/** What limits a tree. */
export interface BoostLimits extends SplitLimits {
  readonly maxLeaves: number;
  readonly maxDepth: number;
  readonly learningRate: number;
}

/** A node that may be split yet. */
interface Open {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly gradient: number;
  readonly hessian: number;
  readonly histogram: Float64Array | undefined;
  readonly split: Split | undefined;
}

/** Grows one tree after the other on the same rows. */
export interface BoostGrower {
  /**
   * Grows a tree towards minus the gradients, adds its nodes and what its leaves say to each row's score.
   *
   * @returns the root's number
   */
  grow(gradients: Float32Array, scores: Float64Array): number;
  readonly nodes: readonly GrowingNode[];
}

/**
 * Trees that are grown leaf by leaf, where the gain is greatest (Ke et al. 2017, "LightGBM"), from histograms; of two
 * children only the smaller one's rows are looked at.
 */
export function createBoostGrower(
  table: BinTable,
  features: readonly SplitFeature[],
  limits: BoostLimits,
): BoostGrower {
  const { rows } = table;
  const { minLeaf, maxLeaves, maxDepth, learningRate, l2 } = limits;
  const inOrder = Int32Array.from({ length: rows }, (_, row) => row);
  const order = new Int32Array(rows);
  const spare = new Int32Array(rows);
  const nodes: GrowingNode[] = [];
  const pool: Float64Array[] = [];
  const take = (): Float64Array => pool.pop() ?? new Float64Array(histogramSize(table));

  const add = (weight: number, gradient: number, hessian: number): number => {
    const value = (-learningRate * gradient) / (hessian + l2 + 1e-15);
    const leaf = { feature: -1, bin: 0, missingLeft: false, categories: undefined, left: -1, right: -1, gain: 0 };
    return nodes.push({ ...leaf, value, weight }) - 1;
  };
  const canSplit = (size: number, depth: number): boolean => size >= 2 * minLeaf && depth < maxDepth;

  const opened = (base: Omit<Open, "split" | "histogram">, histogram: Float64Array | undefined): Open => {
    if (histogram === undefined) return { ...base, histogram, split: undefined };
    const sums = { gradient: base.gradient, hessian: base.hessian, rows: base.end - base.start };
    return { ...base, histogram, split: findSplit(histogram, features, sums, limits) };
  };

  const root = (gradients: Float32Array): Open => {
    let gradient = 0;
    let hessian = 0;
    order.set(inOrder);
    for (let row = 0; row < rows; row++) {
      gradient += gradients[2 * row]!;
      hessian += gradients[2 * row + 1]!;
    }
    const base = { node: add(rows, gradient, hessian), start: 0, end: rows, depth: 0, gradient, hessian };
    const histogram = canSplit(rows, 0) ? take() : undefined;
    if (histogram !== undefined) fillHistogram(histogram, table, gradients, order, 0, rows);
    return opened(base, histogram);
  };

  const splitNode = (open: Open, split: Split, gradients: Float32Array, isLast: boolean): [Open, Open] => {
    const { node, start, end, depth, histogram } = open;
    const middle = part(table, order, spare, start, end, split);
    const parent = nodes[node]!;
    parent.feature = split.feature;
    parent.bin = split.bin;
    parent.missingLeft = split.missingLeft;
    parent.categories = split.categories;
    parent.gain = split.gain;
    const { leftGradient: g, leftHessian: h } = split;
    parent.left = add(middle - start, g, h);
    parent.right = add(end - middle, open.gradient - g, open.hessian - h);
    const leftBase = { node: parent.left, start, end: middle, depth: depth + 1, gradient: g, hessian: h };
    const rest = { gradient: open.gradient - g, hessian: open.hessian - h };
    const rightBase = { node: parent.right, start: middle, end, depth: depth + 1, ...rest };
    const wanted = [leftBase, rightBase].map((c) => !isLast && canSplit(c.end - c.start, depth + 1));
    if (!wanted[0] && !wanted[1]) {
      pool.push(histogram!);
      return [opened(leftBase, undefined), opened(rightBase, undefined)];
    }
    const leftIsSmall = middle - start <= end - middle;
    const small = leftIsSmall ? leftBase : rightBase;
    const own = take();
    fillHistogram(own, table, gradients, order, small.start, small.end);
    subtractHistogram(histogram!, own);
    const [ofLeft, ofRight] = leftIsSmall ? [own, histogram!] : [histogram!, own];
    if (!wanted[0]) pool.push(ofLeft);
    if (!wanted[1]) pool.push(ofRight);
    return [opened(leftBase, wanted[0] ? ofLeft : undefined), opened(rightBase, wanted[1] ? ofRight : undefined)];
  };

  return {
    nodes,
    grow(gradients, scores) {
      const first = root(gradients);
      const leaves = [first];
      for (;;) {
        let best = -1;
        for (let i = 0; i < leaves.length; i++) {
          const gain = leaves[i]!.split?.gain ?? 0;
          if (gain > (best < 0 ? 0 : leaves[best]!.split!.gain)) best = i;
        }
        if (best < 0 || leaves.length >= maxLeaves) break;
        const open = leaves[best]!;
        const [left, right] = splitNode(open, open.split!, gradients, leaves.length + 1 >= maxLeaves);
        leaves[best] = left;
        leaves.push(right);
      }
      for (const { node, start, end, histogram } of leaves) {
        if (histogram !== undefined) pool.push(histogram);
        const { value } = nodes[node]!;
        for (let i = start; i < end; i++) scores[order[i]!]! += value;
      }
      return first.node;
    },
  };
}

/** Moves the rows of the left side before the others, each side in its order; returns where the right side starts. */
function part(
  { words }: BinTable,
  order: Int32Array,
  spare: Int32Array,
  start: number,
  end: number,
  { feature, bin, missingLeft, categories }: Split,
): number {
  const column = words[feature >> 3]!;
  const word = (feature >> 2) & 1;
  const shift = 8 * (feature & 3);
  const sides = new Uint8Array(256);
  for (let b = 0; b < MISSING; b++) {
    sides[b] = categories === undefined ? Number(b <= bin) : (categories[b >> 5]! >>> (b & 31)) & 1;
  }
  sides[MISSING] = Number(missingLeft);
  let to = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const left = sides[(column[2 * row + word]! >>> shift) & 255]!;
    order[to] = row;
    spare[right] = row;
    to += left;
    right += 1 - left;
  }
  order.set(spare.subarray(0, right), to);
  return to;
}
