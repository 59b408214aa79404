import { createRandom } from "@graphvm/engine";
import { ClassCountError } from "../errors.js";
import { ofMany } from "../linear/logistic.js";
import type { Label } from "../table/classes.js";
import { createBestGrower } from "../tree/grow-best.js";
import { createNodeStore, type WeightedNodes } from "../tree/node-store.js";
import { presort } from "../tree/presort.js";
import { treeSettings } from "../tree/settings.js";
import { classTarget } from "../tree/split-targets.js";
import { walkTrees } from "../tree/walk.js";
import type { Algorithm } from "./algorithm.js";
import type { Feature } from "./features.js";
import { badOption, optionsOf } from "./options.js";
import type { AdaBoostSpec, DecisionTreeSpec } from "./specs.js";
import { criterionOf, treeSeed } from "./trees.js";

/** Trained boosted trees: each says a class, with its own weight. */
export interface AdaBoostModel extends WeightedNodes {
  readonly model: "AdaBoostClassifier";
  readonly classes: readonly Label[];
  readonly features: readonly Feature[];
  readonly roots: Int32Array;
  /** How much each tree counts. */
  readonly estimatorWeight: Float64Array;
}

const STUMP: DecisionTreeSpec = { model: "DecisionTreeClassifier", max_depth: 1 };

/** SAMME (Zhu, Zou, Rosset and Hastie 2009, "Multi-class AdaBoost") on decision trees, as scikit-learn's. */
export const adaBoost: Algorithm<AdaBoostSpec, AdaBoostModel, Float32Array> = {
  task: "classify",
  columns: "single",
  train(spec, { columns, rows, classes, codes, features }) {
    const options = optionsOf(spec, ["estimator", "n_estimators", "learning_rate", "seed"]);
    const rounds = options.whole("n_estimators", 50, 1);
    const rate = options.number("learning_rate", 1, { least: 0, open: true });
    const seed = options.number("seed", 0);
    const estimator = spec.estimator ?? STUMP;
    if (estimator.model !== "DecisionTreeClassifier") {
      throw badOption("estimator", estimator, 'give a specification of a "DecisionTreeClassifier"');
    }
    const settings = treeSettings(estimator, rows, columns.length, { features: null, also: ["criterion"] });
    if (classes.length < 2) {
      throw new ClassCountError("All rows are of one class; AdaBoost learns from rows of two classes or more.", {
        classes: classes.length,
      });
    }
    const weights = new Float64Array(rows).fill(1 / rows);
    const target = classTarget(codes, classes.length, weights, criterionOf(estimator, Object.keys(estimator)));
    const nodes = createNodeStore(classes.length);
    const grower = createBestGrower(columns, presort(columns), target, settings, nodes);
    const roots: number[] = [];
    const counts: number[] = [];
    const said = new Int32Array(rows);
    for (let round = 0; round < rounds; round++) {
      const root = grower.grow(weights, createRandom(treeSeed(seed, round)));
      predictTree(nodes.finish(), root, columns, rows, classes.length, said);
      let error = 0;
      let all = 0;
      for (let i = 0; i < rows; i++) {
        all += weights[i]!;
        if (said[i] !== codes[i]) error += weights[i]!;
      }
      error /= all;
      if (error <= 0) {
        roots.push(root);
        counts.push(1);
        break;
      }
      // A tree no better than chance ends it; the first one stays, so that there is a model.
      if (error >= 1 - 1 / classes.length) {
        if (round === 0) {
          roots.push(root);
          counts.push(1);
        }
        break;
      }
      const weight = rate * (Math.log((1 - error) / error) + Math.log(classes.length - 1));
      roots.push(root);
      counts.push(weight);
      reweigh(weights, said, codes, Math.exp(weight));
    }
    const estimatorWeight = Float64Array.from(counts);
    return {
      model: spec.model,
      classes,
      features,
      roots: Int32Array.from(roots),
      estimatorWeight,
      ...nodes.finishWeighted(),
    };
  },
  score(model, columns, rows) {
    const { classes, roots, estimatorWeight, value } = model;
    const width = classes.length;
    const scores = Array.from(classes, () => new Float64Array(rows));
    const all = estimatorWeight.reduce((a, b) => a + b, 0);
    walkTrees(model, roots, columns, rows, (tree, from, leaves) => {
      const weight = estimatorWeight[tree]! / all;
      for (let i = 0; i < leaves.length; i++) {
        const own = greatest(value, leaves[i]! * width, width);
        for (let k = 0; k < width; k++) scores[k]![from + i]! += k === own ? weight : -weight / (width - 1);
      }
    });
    // scikit-learn's: with two classes half the difference on either side, else the score over the other classes.
    const scale = width === 2 ? 1 : 1 / (width - 1);
    for (const column of scores) for (let i = 0; i < rows; i++) column[i]! *= scale;
    return ofMany(scores, rows);
  },
};

/** The class that each row's leaf has most of. */
function predictTree(
  nodes: Parameters<typeof walkTrees>[0],
  root: number,
  columns: readonly Float32Array[],
  rows: number,
  width: number,
  to: Int32Array,
): void {
  walkTrees(nodes, Int32Array.of(root), columns, rows, (_, from, leaves) => {
    for (let i = 0; i < leaves.length; i++) to[from + i] = greatest(nodes.value, leaves[i]! * width, width);
  });
}

function greatest(values: Float64Array, at: number, width: number): number {
  let best = 0;
  for (let k = 1; k < width; k++) if (values[at + k]! > values[at + best]!) best = k;
  return best;
}

/** Rows that were said wrong count more; weights sum to 1 again. */
function reweigh(weights: Float64Array, said: Int32Array, codes: Int32Array, factor: number): void {
  let all = 0;
  for (let i = 0; i < weights.length; i++) {
    if (said[i] !== codes[i]) weights[i]! *= factor;
    all += weights[i]!;
  }
  for (let i = 0; i < weights.length; i++) weights[i]! /= all;
}
