import type { Random } from "@graphvm/engine";
import { drawFeatures } from "./draw-features.js";
import type { NodeStore } from "./node-store.js";
import type { TreeSettings } from "./settings.js";
import type { SplitTarget } from "./split-targets.js";

/** Grows trees of best splits, one after the other, with the same working memory. */
export interface BestGrower {
  /** Grows a tree on the rows whose weight is above 0 and returns its root. */
  grow(weights: Float64Array, random: Random): number;
}

/**
 * Classification and regression trees (Breiman et al. 1984) with the splits that scikit-learn's BestSplitter finds:
 * between two values that follow each other, at the mean of the two. Each feature's rows are sorted once for all trees; a
 * split parts the sorted rows of every feature and keeps their order (Mehta et al. 1996, "SLIQ").
 *
 * @param columns one array a feature, finite values
 * @param sorted rows by value, as `presort` gives them
 */
export function createBestGrower(
  columns: readonly Float32Array[],
  sorted: readonly Int32Array[],
  target: SplitTarget,
  settings: TreeSettings,
  nodes: NodeStore,
): BestGrower {
  const rows = columns[0]!.length;
  const orders = columns.map(() => new Int32Array(rows));
  const spare = new Int32Array(rows);
  const goesLeft = new Uint8Array(rows);
  const drawn = Int32Array.from(columns, (_, i) => i);
  const stack: number[] = []; // start, end, depth, parent, isLeft
  const { minLeaf, minSplit, maxDepth, featuresPerSplit } = settings;
  let bestFeature = -1;
  let bestAt = 0;
  let bestScore = 0;

  const findSplit = (start: number, end: number, random: Random): void => {
    bestFeature = -1;
    bestScore = Number.NEGATIVE_INFINITY;
    drawFeatures(drawn, featuresPerSplit, random, (feature) => {
      const column = columns[feature]!;
      const order = orders[feature]!;
      if (column[order[end - 1]!]! <= column[order[start]!]! + CONSTANT) return false;
      if (target.best(column, order, start, end, minLeaf, bestScore)) {
        bestFeature = feature;
        bestAt = target.at;
        bestScore = target.score;
      }
      return true;
    });
  };

  const part = (start: number, end: number): void => {
    const by = orders[bestFeature]!;
    for (let i = start; i < end; i++) goesLeft[by[i]!] = i < bestAt ? 1 : 0;
    for (let f = 0; f < orders.length; f++) if (f !== bestFeature) partByMark(orders[f]!, spare, goesLeft, start, end);
  };

  return {
    grow(weights, random) {
      let inBag = 0;
      for (let f = 0; f < columns.length; f++) inBag = keepWeighted(sorted[f]!, weights, orders[f]!);
      let root = -1;
      stack.push(0, inBag, 0, -1, 0);
      while (stack.length > 0) {
        const isLeft = stack.pop()! === 1;
        const parent = stack.pop()!;
        const depth = stack.pop()!;
        const end = stack.pop()!;
        const start = stack.pop()!;
        const alike = target.total(orders[0]!, start, end);
        const node = nodes.add(target.sums, target.weight());
        if (parent === -1) root = node;
        else nodes.link(parent, isLeft, node);
        if (alike || end - start < minSplit || depth >= maxDepth) continue;
        findSplit(start, end, random);
        if (bestFeature === -1) continue;
        const by = orders[bestFeature]!;
        nodes.split(node, bestFeature, between(columns[bestFeature]!, by[bestAt - 1]!, by[bestAt]!));
        part(start, end);
        stack.push(bestAt, end, depth + 1, node, 0, start, bestAt, depth + 1, node, 1);
      }
      return root;
    },
  };
}

const CONSTANT = 1e-7;

function between(column: Float32Array, low: number, high: number): number {
  const middle = column[low]! / 2 + column[high]! / 2;
  return middle === column[high]! ? column[low]! : middle;
}

function keepWeighted(sorted: Int32Array, weights: Float64Array, to: Int32Array): number {
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    to[count] = sorted[i]!;
    count += Number(weights[sorted[i]!]! > 0);
  }
  return count;
}

/** Moves marked rows before the others; both keep their order. */
function partByMark(order: Int32Array, spare: Int32Array, marks: Uint8Array, start: number, end: number): void {
  let to = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const left = marks[row]!;
    order[to] = row;
    spare[right] = row;
    to += left;
    right += 1 - left;
  }
  order.set(spare.subarray(0, right), to);
}
