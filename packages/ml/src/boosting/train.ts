import { createRandom, type Random } from "@graphvm/engine";
import { ClassCountError, MissingColumnError } from "../errors.js";
import type { Algorithm, TrainingData } from "../model/algorithm.js";
import { badOption, type Options, optionsOf } from "../model/options.js";
import type { HistGradientBoostingRegressorSpec, HistGradientBoostingSpec } from "../model/specs.js";
import { binned, categoryBins, type FeatureBins, MISSING, numberBins, sampleRows } from "./bins.js";
import { packNodes } from "./boosted-nodes.js";
import { createBoostGrower } from "./grow.js";
import { packBins } from "./histogram.js";
import { binaryLogLoss, type Loss, multinomialLogLoss, squaredError } from "./losses.js";
import {
  addTrees,
  type BoostedClassifier,
  type BoostedRegressor,
  type BoostedTrees,
  boostedScores,
} from "./predict.js";

type Data = TrainingData<Float64Array>;

const OPTIONS = [
  "max_iter",
  "learning_rate",
  "max_leaf_nodes",
  "max_depth",
  "min_samples_leaf",
  "l2_regularization",
  "max_bins",
  "early_stopping",
  "validation_fraction",
  "n_iter_no_change",
  "tol",
  "categorical_features",
  "seed",
];

/** scikit-learn's HistGradientBoostingClassifier: log loss. */
export const boostedClassifier: Algorithm<HistGradientBoostingSpec, BoostedClassifier, Float64Array> = {
  task: "classify",
  columns: "missing",
  train(spec, data) {
    const { classes, codes } = data;
    const settings = settingsOf(spec, data);
    if (classes.length < 2) {
      throw new ClassCountError("All rows are of one class; boosting learns from rows of two classes or more.", {
        classes: classes.length,
      });
    }
    const loss = classes.length === 2 ? binaryLogLoss(codes) : multinomialLogLoss(codes, classes.length);
    return { model: spec.model, classes, ...boost(settings, data, loss) };
  },
  score(model, columns, rows) {
    const scores = boostedScores(model, columns, rows);
    const width = model.classes.length;
    const values = new Float64Array(rows * width);
    if (width === 2) {
      for (let row = 0; row < rows; row++) {
        const p = 1 / (1 + Math.exp(-scores[0]![row]!));
        values[2 * row] = 1 - p;
        values[2 * row + 1] = p;
      }
      return values;
    }
    for (let row = 0; row < rows; row++) {
      let most = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < width; k++) most = Math.max(most, scores[k]![row]!);
      let sum = 0;
      for (let k = 0; k < width; k++) sum += values[row * width + k] = Math.exp(scores[k]![row]! - most);
      for (let k = 0; k < width; k++) values[row * width + k]! /= sum;
    }
    return values;
  },
};

/** scikit-learn's HistGradientBoostingRegressor: squared error. */
export const boostedRegressor: Algorithm<HistGradientBoostingRegressorSpec, BoostedRegressor, Float64Array> = {
  task: "regress",
  columns: "missing",
  train: (spec, data) => ({ model: spec.model, ...boost(settingsOf(spec, data), data, squaredError(data.values)) }),
  score: (model, columns, rows) => boostedScores(model, columns, rows)[0]!,
};

interface Settings {
  readonly rounds: number;
  readonly maxBins: number;
  readonly stopEarly: boolean;
  readonly aside: number;
  readonly patience: number;
  readonly tol: number;
  readonly isCategory: readonly boolean[];
  readonly seed: number;
  readonly limits: Parameters<typeof createBoostGrower>[2];
}

function settingsOf(spec: HistGradientBoostingSpec | HistGradientBoostingRegressorSpec, data: Data): Settings {
  const options = optionsOf(spec, OPTIONS);
  const stopping = options.raw("early_stopping") ?? "auto";
  if (stopping !== "auto" && typeof stopping !== "boolean") {
    throw badOption("early_stopping", stopping, 'give true, false or "auto"');
  }
  const maxBins = options.whole("max_bins", 255, 2);
  if (maxBins > 255) throw badOption("max_bins", maxBins, "give a whole number from 2 to 255");
  const aside = options.number("validation_fraction", 0.1, { least: 0, open: true });
  if (aside >= 1) throw badOption("validation_fraction", aside, "give a fraction below 1");
  return {
    rounds: options.whole("max_iter", 100, 1),
    maxBins,
    stopEarly: stopping === "auto" ? data.rows > 10_000 : stopping,
    aside,
    patience: options.whole("n_iter_no_change", 10, 1),
    tol: options.number("tol", 1e-7, { least: 0 }),
    isCategory: categoriesOf(options, data),
    seed: options.number("seed", 0),
    limits: {
      learningRate: options.number("learning_rate", 0.1, { least: 0, open: true }),
      maxLeaves: options.limit("max_leaf_nodes", 31, 2),
      maxDepth: options.limit("max_depth", null, 1),
      minLeaf: options.whole("min_samples_leaf", 20, 1),
      l2: options.number("l2_regularization", 0, { least: 0 }),
    },
  };
}

function categoriesOf(options: Options, { features }: Data): boolean[] {
  const named = options.raw("categorical_features") ?? "from_dtype";
  if (named === "from_dtype") return features.map(({ categories }) => categories !== undefined);
  if (!Array.isArray(named)) {
    throw badOption("categorical_features", named, 'give "from_dtype" or a list of column names');
  }
  const columns = features.map(({ name }) => name);
  for (const column of named) {
    if (columns.includes(column)) continue;
    throw new MissingColumnError(`There is no feature "${column}"; the features are ${columns.join(", ")}.`, {
      column,
      columns,
    });
  }
  return features.map(({ name, categories }) => categories !== undefined || named.includes(name));
}

function boost(settings: Settings, data: Data, loss: Loss): BoostedTrees {
  const random = createRandom(settings.seed);
  const [inRows, outRows] = settings.stopEarly ? setAside(data, settings.aside, random) : [allRows(data.rows), none];
  const inside = data.columns.map((column) => (outRows.length === 0 ? column : pick(column, inRows)));
  const sample = sampleRows(inRows.length, random);
  const bins = inside.map((column, f) =>
    settings.isCategory[f]
      ? categoryBins(column, settings.maxBins, data.features[f]!.name)
      : numberBins(column, sample, settings.maxBins),
  );
  const columns = inside.map((column, f) => binned(column, bins[f]!));
  const features = columns.map((column, f) => ({
    bins: bins[f]!.categories?.length ?? bins[f]!.thresholds.length + 1,
    isCategory: settings.isCategory[f]!,
    hasMissing: column.includes(MISSING),
  }));
  const grower = createBoostGrower(packBins(columns, inRows.length), features, settings.limits);
  const baseline = loss.baseline(inRows);
  const scores = Array.from(baseline, (start) => new Float64Array(inRows.length).fill(start));
  const watch = outRows.length > 0 ? watchLoss(settings, data, loss, bins, outRows, baseline) : undefined;
  const roots: number[] = [];
  const gradients = Array.from(baseline, () => new Float32Array(2 * inRows.length));
  for (let round = 0; round < settings.rounds; round++) {
    gradients.forEach((to, k) => {
      loss.gradients(scores, k, inRows, to);
    });
    const from = grower.nodes.length;
    const grown = gradients.map((each, k) => grower.grow(each, scores[k]!));
    roots.push(...grown);
    if (watch?.isDone(grower.nodes, from, grown) === true) break;
  }
  const validationLoss = Float64Array.from(watch?.losses ?? []);
  return {
    features: data.features,
    bins,
    baseline,
    roots: Int32Array.from(roots),
    validationLoss,
    ...packNodes(grower.nodes),
  };
}

const none = new Int32Array(0);

function allRows(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row);
}

function pick(column: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => column[row]!);
}

/** Rows to train on and rows set aside: at random, of each class the same part. A class keeps at least one row. */
function setAside({ rows, classes, codes }: Data, part: number, random: Random): [Int32Array, Int32Array] {
  const groups = Array.from({ length: Math.max(1, classes.length) }, () => 0);
  const groupOf = (row: number): number => (classes.length === 0 ? 0 : codes[row]!);
  for (let row = 0; row < rows; row++) groups[groupOf(row)]!++;
  const wanted = groups.map((count) => Math.min(count - 1, Math.round(count * part)));
  const inside: number[] = [];
  const outside: number[] = [];
  for (let row = 0; row < rows; row++) {
    const group = groupOf(row);
    if (random.next() * groups[group]!-- < wanted[group]!) {
      wanted[group]!--;
      outside.push(row);
    } else inside.push(row);
  }
  return [Int32Array.from(inside), Int32Array.from(outside)];
}

/** Follows the loss on the rows set aside. */
function watchLoss(
  { patience, tol }: Settings,
  { columns }: Data,
  loss: Loss,
  bins: readonly FeatureBins[],
  rows: Int32Array,
  baseline: Float64Array,
) {
  const outside = columns.map((column, f) => binned(pick(column, rows), bins[f]!));
  const scores = Array.from(baseline, (start) => new Float64Array(rows.length).fill(start));
  const losses = [loss.mean(scores, rows)];
  return {
    losses,
    isDone(nodes: Parameters<typeof packNodes>[0], from: number, roots: readonly number[]): boolean {
      const own = nodes.slice(from).map((node) => ({ ...node, left: node.left - from, right: node.right - from }));
      const zero = new Float64Array(baseline.length);
      const local = Int32Array.from(roots, (root) => root - from);
      const added = addTrees(packNodes(own), local, zero, outside, rows.length);
      scores.forEach((column, k) => {
        for (let row = 0; row < column.length; row++) column[row]! += added[k]![row]!;
      });
      losses.push(loss.mean(scores, rows));
      const before = losses.at(-patience - 1);
      if (losses.length <= patience || before === undefined) return false;
      return losses.slice(-patience).every((each) => each >= before - tol);
    },
  };
}
