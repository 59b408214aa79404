import { badOption, isWhole, optionsOf } from "../model/options.js";
import type { ForestOptions } from "../model/specs.js";

/** A forest's options with every default filled in, for a table of known size. */
export interface TreeSettings {
  readonly trees: number;
  readonly featuresPerSplit: number;
  readonly minLeaf: number;
  readonly minSplit: number;
  readonly maxDepth: number;
  readonly seed: number;
}

const TREE = ["max_features", "min_samples_leaf", "min_samples_split", "max_depth", "seed"];

/** What differs between kinds of trees. */
export interface TreeDefaults {
  readonly features: "sqrt" | null;
  /** Options besides those of all trees. */
  readonly also: readonly string[];
}

/** @throws BadOptionError for an option it doesn't know, or a value outside the option's range. */
export function treeSettings(
  spec: ForestOptions,
  rows: number,
  features: number,
  { features: drawn, also }: TreeDefaults,
): TreeSettings {
  const options = optionsOf(spec, [...also, ...TREE]);
  const minLeaf = countOf("min_samples_leaf", spec.min_samples_leaf ?? 1, 1, rows);
  return {
    trees: also.includes("n_estimators") ? options.whole("n_estimators", 100, 1) : 1,
    featuresPerSplit: featuresPerSplit(spec.max_features === undefined ? drawn : spec.max_features, features),
    minLeaf,
    minSplit: Math.max(countOf("min_samples_split", spec.min_samples_split ?? 2, 2, rows), 2 * minLeaf),
    maxDepth: options.limit("max_depth", null, 1),
    seed: options.number("seed", 0),
  };
}

function featuresPerSplit(option: "sqrt" | "log2" | number | null, features: number): number {
  if (option === null) return features;
  if (option === "sqrt") return Math.max(1, Math.floor(Math.sqrt(features)));
  if (option === "log2") return Math.max(1, 31 - Math.clz32(features));
  if (isWhole(option, 1)) return Math.min(option, features);
  if (typeof option === "number" && option > 0 && option < 1) return Math.max(1, Math.floor(option * features));
  throw badOption("max_features", option, 'give "sqrt", "log2", a whole number, a fraction below 1, or null');
}

function countOf(name: string, option: number, least: number, rows: number): number {
  if (isWhole(option, least)) return option;
  if (typeof option === "number" && option > 0 && option < 1) return Math.max(least, Math.ceil(option * rows));
  throw badOption(name, option, `give a whole number from ${least} up, or a fraction below 1`);
}
