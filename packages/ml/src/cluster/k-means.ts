import { createRandom, type Random } from "@graphvm/engine";
import { ShapeError } from "../errors.js";
import type { Algorithm } from "../model/algorithm.js";
import type { Feature } from "../model/features.js";
import { badOption, isWhole, optionsOf } from "../model/options.js";
import type { KMeansSpec } from "../model/specs.js";
import { treeSeed } from "../model/trees.js";

/** Trained clusters. */
export interface KMeansModel {
  readonly model: "KMeans";
  readonly features: readonly Feature[];
  /** `centers[k * features + j]`. */
  readonly centers: Float64Array;
  /** Sum of the rows' squared distances to their centers. */
  readonly inertia: number;
  readonly iterations: number;
}

/** scikit-learn's KMeans by Lloyd's algorithm; a row's prediction is the number of its nearest center. */
export const kMeans: Algorithm<KMeansSpec, KMeansModel, Float64Array> = {
  task: "cluster",
  columns: "double",
  train(spec, { columns, rows, features }) {
    const options = optionsOf(spec, ["n_clusters", "init", "n_init", "max_iter", "tol", "seed"]);
    const clusters = options.whole("n_clusters", 8, 1);
    const init = options.choice("init", "k-means++", ["k-means++", "random"]);
    const starts = options.raw("n_init") ?? "auto";
    if (starts !== "auto" && !isWhole(starts, 1)) throw badOption("n_init", starts, 'give 1 or more, or "auto"');
    const steps = options.whole("max_iter", 300, 1);
    const tol = options.number("tol", 1e-4, { least: 0 });
    const seed = options.number("seed", 0);
    if (rows < clusters) {
      throw new ShapeError(`There are ${rows} rows for ${clusters} clusters; ask for ${rows} or fewer.`, {
        expected: clusters,
        found: rows,
      });
    }
    const points = toRows(columns, rows);
    const least = tol * meanVariance(points, rows, columns.length);
    let best: Omit<KMeansModel, "model" | "features"> | undefined;
    const count = starts === "auto" ? (init === "random" ? 10 : 1) : starts;
    for (let start = 0; start < count; start++) {
      const random = createRandom(treeSeed(seed, start));
      const first = init === "random" ? drawn(rows, clusters, random) : spreadOut(points, rows, clusters, random);
      const found = lloyd(points, rows, columns.length, first, steps, least);
      if (best === undefined || found.inertia < best.inertia) best = found;
    }
    return { model: spec.model, features, ...best! };
  },
  score({ centers }, columns, rows) {
    const labels = new Int32Array(rows);
    assign(toRows(columns, rows), rows, columns.length, centers, labels, new Float64Array(rows));
    return Float64Array.from(labels);
  },
};

function toRows(columns: readonly Float64Array[], rows: number): Float64Array {
  const width = columns.length;
  const points = new Float64Array(rows * width);
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) points[i * width + j] = column[i]!;
  });
  return points;
}

function meanVariance(points: Float64Array, rows: number, width: number): number {
  let sum = 0;
  for (let j = 0; j < width; j++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += points[i * width + j]! / rows;
    for (let i = 0; i < rows; i++) sum += ((points[i * width + j]! - mean) * (points[i * width + j]! - mean)) / rows;
  }
  return sum / width;
}

function distance(points: Float64Array, at: number, centers: Float64Array, to: number, width: number): number {
  let sum = 0;
  for (let j = 0; j < width; j++) {
    const away = points[at + j]! - centers[to + j]!;
    sum += away * away;
  }
  return sum;
}

/** Rows drawn without replacement. */
function drawn(rows: number, clusters: number, random: Random): Int32Array {
  const chosen = new Set<number>();
  while (chosen.size < clusters) chosen.add(random.below(rows));
  return Int32Array.from(chosen);
}

/** Greedy k-means++ (Arthur and Vassilvitskii 2007): of a few rows drawn by squared distance the one that helps most. */
function spreadOut(points: Float64Array, rows: number, clusters: number, random: Random): Int32Array {
  const width = points.length / rows;
  const tries = 2 + Math.floor(Math.log(clusters));
  const chosen = new Int32Array(clusters);
  chosen[0] = random.below(rows);
  let nearest = Float64Array.from({ length: rows }, (_, i) =>
    distance(points, i * width, points, chosen[0]! * width, width),
  );
  for (let k = 1; k < clusters; k++) {
    const all = nearest.reduce((a, b) => a + b, 0);
    let bestSum = Number.POSITIVE_INFINITY;
    let bestNearest = nearest;
    for (let attempt = 0; attempt < tries; attempt++) {
      let left = random.next() * all;
      let row = 0;
      while (row < rows - 1 && left >= nearest[row]!) left -= nearest[row++]!;
      const next = nearest.map((own, i) => Math.min(own, distance(points, i * width, points, row * width, width)));
      const sum = next.reduce((a, b) => a + b, 0);
      if (sum >= bestSum) continue;
      bestSum = sum;
      bestNearest = next;
      chosen[k] = row;
    }
    nearest = bestNearest;
  }
  return chosen;
}

function lloyd(points: Float64Array, rows: number, width: number, first: Int32Array, steps: number, least: number) {
  const clusters = first.length;
  let centers: Float64Array = new Float64Array(clusters * width);
  first.forEach((row, k) => {
    centers.set(points.subarray(row * width, (row + 1) * width), k * width);
  });
  const labels = new Int32Array(rows).fill(-1);
  const away = new Float64Array(rows);
  let iterations = 0;
  for (; iterations < steps; iterations++) {
    const changed = assign(points, rows, width, centers, labels, away);
    const next = means(points, rows, width, labels, away, clusters);
    let moved = 0;
    for (let i = 0; i < next.length; i++) moved += (next[i]! - centers[i]!) * (next[i]! - centers[i]!);
    centers = next;
    if (!changed || moved <= least) break;
  }
  assign(points, rows, width, centers, labels, away);
  return { centers, inertia: away.reduce((a, b) => a + b, 0), iterations: Math.min(iterations + 1, steps) };
}

/** Gives each row its nearest center, the first of equals; true if any changed. */
function assign(
  points: Float64Array,
  rows: number,
  width: number,
  centers: Float64Array,
  labels: Int32Array,
  away: Float64Array,
): boolean {
  let changed = false;
  for (let i = 0; i < rows; i++) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0, at = 0; at < centers.length; k++, at += width) {
      const found = distance(points, i * width, centers, at, width);
      if (found < least) {
        least = found;
        best = k;
      }
    }
    if (labels[i] !== best) changed = true;
    labels[i] = best;
    away[i] = least;
  }
  return changed;
}

/** The mean of each cluster's rows; a cluster without rows gets the row that is farthest from its center. */
function means(
  points: Float64Array,
  rows: number,
  width: number,
  labels: Int32Array,
  away: Float64Array,
  clusters: number,
): Float64Array {
  const counts = new Float64Array(clusters);
  for (let i = 0; i < rows; i++) counts[labels[i]!]!++;
  for (let k = 0; k < clusters; k++) {
    if (counts[k]! > 0) continue;
    let farthest = -1;
    for (let i = 0; i < rows; i++) {
      if (counts[labels[i]!]! > 1 && (farthest < 0 || away[i]! > away[farthest]!)) farthest = i;
    }
    counts[labels[farthest]!]!--;
    labels[farthest] = k;
    away[farthest] = 0;
    counts[k] = 1;
  }
  const centers = new Float64Array(clusters * width);
  for (let i = 0; i < rows; i++) {
    const at = labels[i]! * width;
    for (let j = 0; j < width; j++) centers[at + j]! += points[i * width + j]!;
  }
  for (let k = 0; k < clusters; k++) for (let j = 0; j < width; j++) centers[k * width + j]! /= counts[k]!;
  return centers;
}
