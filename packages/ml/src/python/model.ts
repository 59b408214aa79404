import type { Label } from "../table/classes.js";

/** A column that a model was trained on; of texts, the sorted ones it knows. */
export interface PyFeature {
  readonly name: string;
  readonly categories?: readonly string[];
}

interface PyModelBase {
  /** The class in Python: `"sklearn.ensemble.ExtraTreesClassifier"`. */
  readonly estimator: string;
  readonly features: readonly PyFeature[];
  /** The packages its bytes need, with versions: they are read in no others. */
  readonly packages: { readonly [name: string]: string };
  /** The estimator, pickled (protocol 5). Reading it runs code: see docs/security.md. */
  readonly pickle: Uint8Array;
}

/** A trained estimator that tells classes apart. */
export interface PyClassifier extends PyModelBase {
  readonly task: "classify";
  /** Sorted. The estimator itself knows them as 0, 1 and so on. */
  readonly classes: readonly Label[];
}

/** A trained estimator of numbers, or one that learned from no target. */
export interface PyRegressor extends PyModelBase {
  readonly task: "regress" | "cluster";
}

/** What a Python estimator became: plain data, which travels and has a digest. */
export type PyModel = PyClassifier | PyRegressor;
