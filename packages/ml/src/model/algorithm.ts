import type { Label } from "../table/classes.js";
import type { Feature } from "./features.js";

/** What a model is trained on. Rows are those of `columns`. */
export interface TrainingData<C extends Column = Column> {
  readonly features: readonly Feature[];
  readonly columns: readonly C[];
  readonly rows: number;
  /** Classes, sorted, and the one of each row; empty unless the model is a classifier. */
  readonly classes: readonly Label[];
  readonly codes: Int32Array;
  /** The number of each row; empty unless the model is a regressor. */
  readonly values: Float64Array;
}

/** The values of a feature. */
export type Column = Float32Array | Float64Array;

/** How one kind of model is trained and used. */
export interface Algorithm<S, M, C extends Column = Column> {
  readonly task: "classify" | "regress" | "cluster";
  /**
   * What it computes with: "single" (32-bit floats, texts by their position), "missing" (64-bit floats, NaN for what is
   * missing, texts by their position) or "double" (64-bit floats, no texts).
   */
  readonly columns: "single" | "missing" | "double";
  train(spec: S, data: TrainingData<C>): M;
  /** Rows times classes for a classifier, a number a row for others. */
  score(model: M, columns: readonly C[], rows: number): Float64Array;
}
