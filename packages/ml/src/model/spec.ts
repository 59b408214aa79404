import { BadOptionError } from "../errors.js";

/**
 * Extremely randomised trees for classification, with scikit-learn's names and defaults. Plain data, so that it can be a
 * rule's param.
 */
export interface ExtraTreesSpec {
  readonly model: "ExtraTreesClassifier";
  /** How many trees. Default 100. */
  readonly n_estimators?: number;
  /**
   * Features drawn for each split: "sqrt" (the default) or "log2" of their number, a whole number from 1 up, a fraction
   * below 1, or null for all. (1 is one feature; scikit-learn's 1.0 is null here.)
   */
  readonly max_features?: "sqrt" | "log2" | number | null;
  /** Rows a leaf has at least: a whole number, or a fraction of all rows below 1. Default 1. */
  readonly min_samples_leaf?: number;
  /** Rows a node needs to be split: a whole number from 2 up, or a fraction below 1. Default 2. */
  readonly min_samples_split?: number;
  /** Levels of splits, or null for no limit (the default). */
  readonly max_depth?: number | null;
  /** Where the randomness starts; scikit-learn's `random_state`. Default 0 (`ml.train`: drawn from the node's own). */
  readonly seed?: number;
}

/** A specification with every default filled in, for a table of known size. */
export interface ExtraTreesSettings {
  readonly trees: number;
  readonly featuresPerSplit: number;
  readonly minLeaf: number;
  readonly minSplit: number;
  readonly maxDepth: number;
  readonly seed: number;
}

const OPTIONS = ["model", "n_estimators", "max_features", "min_samples_leaf", "min_samples_split", "max_depth", "seed"];

/** @throws BadOptionError for an option it doesn't know, or a value outside the option's range. */
export function settingsOf(spec: ExtraTreesSpec, rows: number, features: number): ExtraTreesSettings {
  if (spec.model !== "ExtraTreesClassifier") {
    throw bad("model", spec.model, 'the model there is so far is "ExtraTreesClassifier"');
  }
  const unknown = Object.keys(spec).find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined) {
    throw bad(unknown, (spec as unknown as Record<string, unknown>)[unknown], `the options are ${OPTIONS.join(", ")}`);
  }
  const { n_estimators = 100, max_depth = null, seed = 0 } = spec;
  if (!isWhole(n_estimators, 1)) throw bad("n_estimators", n_estimators, "give a whole number from 1 up");
  if (max_depth !== null && !isWhole(max_depth, 1)) throw bad("max_depth", max_depth, "give 1 or more, or null");
  if (typeof seed !== "number" || !Number.isFinite(seed)) throw bad("seed", seed, "give a number");
  const minLeaf = countOf("min_samples_leaf", spec.min_samples_leaf ?? 1, 1, rows);
  return {
    trees: n_estimators,
    featuresPerSplit: featuresPerSplit(spec.max_features === undefined ? "sqrt" : spec.max_features, features),
    minLeaf,
    minSplit: Math.max(countOf("min_samples_split", spec.min_samples_split ?? 2, 2, rows), 2 * minLeaf),
    maxDepth: max_depth ?? Number.POSITIVE_INFINITY,
    seed,
  };
}

function featuresPerSplit(option: "sqrt" | "log2" | number | null, features: number): number {
  if (option === null) return features;
  if (option === "sqrt") return Math.max(1, Math.floor(Math.sqrt(features)));
  if (option === "log2") return Math.max(1, 31 - Math.clz32(features));
  if (isWhole(option, 1)) return Math.min(option, features);
  if (typeof option === "number" && option > 0 && option < 1) return Math.max(1, Math.floor(option * features));
  throw bad("max_features", option, 'give "sqrt", "log2", a whole number, a fraction below 1, or null');
}

function countOf(name: string, option: number, least: number, rows: number): number {
  if (isWhole(option, least)) return option;
  if (typeof option === "number" && option > 0 && option < 1) return Math.max(least, Math.ceil(option * rows));
  throw bad(name, option, `give a whole number from ${least} up, or a fraction below 1`);
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function bad(option: string, value: unknown, advice: string): BadOptionError {
  return new BadOptionError(`${option} is ${JSON.stringify(value)}; ${advice}.`, { option, value });
}
