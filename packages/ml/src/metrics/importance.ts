import { createRandom, type Random } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { ShapeError } from "../errors.js";
import { predictionColumns } from "../model/features.js";
import { predict, predictProba } from "../model/fit.js";
import { algorithmOf, type Classifier, type Model, type Regressor } from "../model/models.js";
import { badOption, isWhole } from "../model/options.js";
import { takeColumn } from "../table/columns.js";
import type { TreeNodes } from "../tree/node-store.js";
import { walkTrees } from "../tree/walk.js";
import { greaterIsBetter, type Metric, measure } from "./metrics.js";

/** How much each feature matters. */
export interface Importance {
  readonly features: readonly string[];
  readonly importance: Float64Array;
}

/** The same over several shuffles. */
export interface PermutationImportance extends Importance {
  /** Standard deviation over the repeats. */
  readonly deviation: Float64Array;
}

/** Models of trees. */
type Trees = Extract<Model, TreeNodes>;

/**
 * How much the splits on each feature lessened impurity (or squared error), weighted by rows and averaged over the trees;
 * sums to 1, or is 0 everywhere where nothing was split. As scikit-learn's feature_importances_; of boosted trees the
 * gains.
 *
 * @param table what an ExtraTreesClassifier was trained on: it does not keep how many rows its nodes had
 * @throws ShapeError for a model without trees, or an ExtraTreesClassifier without the table.
 */
export function featureImportance(model: Model, table?: Table): Importance {
  const features = model.features.map(({ name }) => name);
  if ("gain" in model) {
    const sums = new Float64Array(features.length);
    model.feature.forEach((f, node) => {
      if (f >= 0) sums[f]! += model.gain[node]!;
    });
    return { features, importance: shares(sums) };
  }
  if (!("roots" in model)) {
    throw new ShapeError(`${model.model} has no trees; use permutationImportance.`, { found: 0 });
  }
  const weight = "weight" in model && model.weight !== undefined ? model.weight : rowsOf(model, table);
  const sums = new Float64Array(features.length);
  model.roots.forEach((root, tree) => {
    const own = shares(treeGains(model, weight, root, model.roots[tree + 1] ?? model.feature.length));
    const counts = "estimatorWeight" in model ? model.estimatorWeight[tree]! : 1;
    for (let f = 0; f < sums.length; f++) sums[f]! += own[f]! * counts;
  });
  return { features, importance: shares(sums) };
}

/** Rows that reach each node. */
function rowsOf(model: Trees, table: Table | undefined): Float64Array {
  if (table === undefined) {
    throw new ShapeError(`${model.model} does not keep its rows; pass the table it was trained on.`, { found: 0 });
  }
  const columns = predictionColumns(table, model.features, algorithmOf(model).columns) as Float32Array[];
  const rows = new Float64Array(model.feature.length);
  walkTrees(model, model.roots, columns, table.numRows, (_, __, leaves) => {
    for (let i = 0; i < leaves.length; i++) rows[leaves[i]!]!++;
  });
  for (let node = rows.length - 1; node >= 0; node--) {
    if (model.feature[node]! >= 0) rows[node] = rows[model.left[node]!]! + rows[model.right[node]!]!;
  }
  return rows;
}

/** How much the nodes from `root` up to `end` lessened Gini impurity or squared error, by feature. */
function treeGains(model: Trees, weight: Float64Array, root: number, end: number): Float64Array {
  const width = "classes" in model ? model.classes.length : 1;
  const sums = new Float64Array(model.features.length);
  const square = (node: number, origin: number): number => {
    let sum = 0;
    for (let k = 0; k < width; k++) {
      const value = model.value[node * width + k]! - (width === 1 ? model.value[origin]! : 0);
      sum += value * value;
    }
    return weight[node]! * sum;
  };
  const reached = new Uint8Array(end - root); // AdaBoost's last tree may have been given up
  reached[0] = 1;
  for (let node = root; node < end; node++) {
    const f = model.feature[node]!;
    if (f < 0 || reached[node - root] === 0) continue;
    reached[model.left[node]! - root] = 1;
    reached[model.right[node]! - root] = 1;
    sums[f]! += Math.max(0, square(model.left[node]!, node) + square(model.right[node]!, node) - square(node, node));
  }
  return sums;
}

function shares(sums: Float64Array): Float64Array {
  const all = sums.reduce((a, b) => a + b, 0);
  return all > 0 ? sums.map((sum) => sum / all) : sums;
}

/** What permutation importance is asked for. */
export interface PermutationOptions {
  readonly metric: Metric;
  /** Shuffles of each feature. Default 5. */
  readonly n_repeats?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * How much worse the metric becomes when a feature's values are shuffled over the rows (Breiman 2001, "Random forests"),
 * whatever the model. A feature the model has no use for gives about 0.
 *
 * @param table rows to judge by, better not those the model was trained on
 * @throws as `measure`, `predict`; BadOptionError
 */
export function permutationImportance(
  model: Classifier | Regressor,
  table: Table,
  y: string,
  { metric, n_repeats = 5, seed = 0 }: PermutationOptions,
): PermutationImportance {
  if (!isWhole(n_repeats, 1)) throw badOption("n_repeats", n_repeats, "give a whole number from 1 up");
  const quality = (from: Table): number => {
    const predicted = "classes" in model ? predictProba(model, from) : predict(model, from);
    return measure(metric, predicted, table, y) * (greaterIsBetter(metric) ? 1 : -1);
  };
  const base = quality(table);
  const random = createRandom(seed);
  const features = model.features.map(({ name }) => name);
  const drops = features.map((name) =>
    Float64Array.from(
      { length: n_repeats },
      () => base - quality(takeColumn(table, name, shuffled(table.numRows, random))),
    ),
  );
  const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  const importance = Float64Array.from(drops, mean);
  const deviation = Float64Array.from(drops, (each, f) =>
    Math.sqrt(mean(each.map((drop) => (drop - importance[f]!) * (drop - importance[f]!)))),
  );
  return { features, importance, deviation };
}

function shuffled(rows: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  for (let i = rows - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const row = order[i]!;
    order[i] = order[j]!;
    order[j] = row;
  }
  return order;
}
