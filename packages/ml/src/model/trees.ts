import { createRandom } from "@graphvm/engine";
import type { Label } from "../table/classes.js";
import { createBestGrower } from "../tree/grow-best.js";
import { createExtraGrower } from "../tree/grow-extra.js";
import { createExtraNumberGrower } from "../tree/grow-extra-numbers.js";
import { createNodeStore, type TreeNodes } from "../tree/node-store.js";
import { presort } from "../tree/presort.js";
import { treeSettings } from "../tree/settings.js";
import { classTarget, numberTarget, type SplitTarget } from "../tree/split-targets.js";
import { sumLeaves } from "../tree/walk.js";
import type { Algorithm, TrainingData } from "./algorithm.js";
import type { Feature } from "./features.js";
import { optionsOf } from "./options.js";
import type {
  Criterion,
  DecisionTreeRegressorSpec,
  DecisionTreeSpec,
  ExtraTreesRegressorSpec,
  ExtraTreesSpec,
  RandomForestRegressorSpec,
  RandomForestSpec,
} from "./specs.js";

/** Trained trees that say a class: plain data and typed arrays, so that they travel and have a digest. */
export interface ForestModel extends TreeNodes {
  readonly model: "ExtraTreesClassifier" | "RandomForestClassifier" | "DecisionTreeClassifier";
  /** Sorted. */
  readonly classes: readonly Label[];
  readonly features: readonly Feature[];
  /** The first node of each tree. */
  readonly roots: Int32Array;
  /** Weight of the training rows of each node; extra trees of classes have none. */
  readonly weight?: Float64Array;
}

/** Trained trees that say a number; `value` is the mean of a node's rows. */
export interface ForestRegressor extends TreeNodes {
  readonly model: "ExtraTreesRegressor" | "RandomForestRegressor" | "DecisionTreeRegressor";
  readonly features: readonly Feature[];
  readonly roots: Int32Array;
  readonly weight: Float64Array;
}

type Data = TrainingData<Float32Array>;
type ClassTrees<S> = Algorithm<S, ForestModel, Float32Array>;
type NumberTrees<S> = Algorithm<S, ForestRegressor, Float32Array>;

const FOREST = ["n_estimators"];

/** The mean over the trees of the class shares in the leaf a row falls into. */
function shares(model: ForestModel, columns: readonly Float32Array[], rows: number): Float64Array {
  return means(model, columns, rows, model.classes.length);
}

function means(
  model: ForestModel | ForestRegressor,
  columns: readonly Float32Array[],
  rows: number,
  width = 1,
): Float64Array {
  const sums = sumLeaves(model, model.roots, columns, rows, width);
  for (let i = 0; i < sums.length; i++) sums[i]! /= model.roots.length;
  return sums;
}

const classify = { task: "classify", columns: "single", score: shares } as const;
const regress = { task: "regress", columns: "single", score: means } as const;

/** Semantics of scikit-learn's ExtraTreesClassifier without bootstrap: Gini impurity, one threshold a drawn feature. */
export const extraTrees: ClassTrees<ExtraTreesSpec> = {
  ...classify,
  train(spec, { features, columns, rows, classes, codes }) {
    const settings = treeSettings(spec, rows, columns.length, { features: "sqrt", also: FOREST });
    const nodes = createNodeStore(classes.length);
    const grower = createExtraGrower(columns, codes, classes.length, settings, nodes);
    const roots = Int32Array.from({ length: settings.trees }, (_, tree) =>
      grower.grow(createRandom(treeSeed(settings.seed, tree))),
    );
    return { model: spec.model, classes, features, roots, ...nodes.finish() };
  },
};

export const extraTreesRegressor: NumberTrees<ExtraTreesRegressorSpec> = {
  ...regress,
  train(spec, { features, columns, rows, values }) {
    const settings = treeSettings(spec, rows, columns.length, { features: null, also: FOREST });
    const nodes = createNodeStore(1);
    const grower = createExtraNumberGrower(columns, values, settings, nodes);
    const roots = Int32Array.from({ length: settings.trees }, (_, tree) =>
      grower.grow(createRandom(treeSeed(settings.seed, tree))),
    );
    return { model: spec.model, features, roots, ...nodes.finishWeighted() };
  },
};

export const decisionTree: ClassTrees<DecisionTreeSpec> = {
  ...classify,
  train: (spec, data) => growClasses(spec, data, ["criterion"], null),
};

export const randomForest: ClassTrees<RandomForestSpec> = {
  ...classify,
  train: (spec, data) => growClasses(spec, data, [...FOREST, "criterion", "bootstrap"], "sqrt"),
};

export const decisionTreeRegressor: NumberTrees<DecisionTreeRegressorSpec> = {
  ...regress,
  train: (spec, data) => growNumbers(spec, data, []),
};

export const randomForestRegressor: NumberTrees<RandomForestRegressorSpec> = {
  ...regress,
  train: (spec, data) => growNumbers(spec, data, [...FOREST, "bootstrap"]),
};

/** The criterion under its one name. */
export function criterionOf(spec: DecisionTreeSpec | RandomForestSpec, known: readonly string[]): Criterion {
  return optionsOf(spec, known).choice("criterion", "gini", ["gini", "entropy", "log_loss"]);
}

function growClasses(
  spec: DecisionTreeSpec | RandomForestSpec,
  data: Data,
  also: readonly string[],
  features: "sqrt" | null,
): ForestModel {
  const weights = new Float64Array(data.rows);
  const settings = treeSettings(spec, data.rows, data.columns.length, { features, also });
  const criterion = criterionOf(spec, Object.keys(spec));
  const target = classTarget(data.codes, data.classes.length, weights, criterion);
  const grown = growAll(spec, data, also, target, weights, settings);
  return { model: spec.model, classes: data.classes, features: data.features, ...grown };
}

function growNumbers(
  spec: DecisionTreeRegressorSpec | RandomForestRegressorSpec,
  data: Data,
  also: readonly string[],
): ForestRegressor {
  const weights = new Float64Array(data.rows);
  const settings = treeSettings(spec, data.rows, data.columns.length, { features: null, also });
  const target = numberTarget(data.values, weights);
  return { model: spec.model, features: data.features, ...growAll(spec, data, also, target, weights, settings) };
}

function growAll(
  spec: object,
  { columns }: Data,
  also: readonly string[],
  target: SplitTarget,
  weights: Float64Array,
  settings: ReturnType<typeof treeSettings>,
) {
  const bootstrap = also.includes("bootstrap") && optionsOf(spec, Object.keys(spec)).flag("bootstrap", true);
  const nodes = createNodeStore(target.width);
  const grower = createBestGrower(columns, presort(columns), target, settings, nodes);
  const roots = Int32Array.from({ length: settings.trees }, (_, tree) => {
    const random = createRandom(treeSeed(settings.seed, tree));
    weights.fill(bootstrap ? 0 : 1);
    if (bootstrap) for (let i = 0; i < weights.length; i++) weights[random.below(weights.length)]!++;
    return grower.grow(weights, random);
  });
  return { roots, ...nodes.finishWeighted() };
}

/** The two words of the seed's bits and the tree's number: a tree doesn't depend on how many there are. */
export function treeSeed(seed: number, tree: number): Uint32Array {
  const words = new Uint32Array(3);
  new DataView(words.buffer).setFloat64(0, seed, true);
  words[2] = tree;
  return words;
}
