import type { Label } from "../table/classes.js";

/** What a missing value becomes: a number or text of the column, or this value. Boosting needs no filling. */
export type Filling = "median" | "mode" | "mean" | { readonly value: Label };

/** Puts a value where one is missing. Filled columns of numbers are 64-bit floats. */
export interface FillStep {
  readonly step: "fill";
  /** By column: "median" and "mean" are for numbers, "mode" for any column. */
  readonly columns: { readonly [column: string]: Filling };
}

/** New columns by formulae, each of which sees those before it; the name of a column that is there replaces it. */
export interface DeriveStep {
  readonly step: "derive";
  readonly columns: { readonly [column: string]: string };
}

/** A column of 0 and 1 for each value of a column, named `column=value`, in its place. Missing values are 0 everywhere. */
export interface OneHotStep {
  readonly step: "oneHot";
  readonly columns: readonly string[];
  /** What a value that fitting never saw becomes: 0 everywhere (the default), or an error. */
  readonly unseen?: "zeros" | "error";
  /** Whether to leave the first value out, for linear models without a penalty. Default false. */
  readonly dropFirst?: boolean;
}

/** The position of a value among the sorted distinct ones, or among those given. Missing values stay missing. */
export interface OrdinalStep {
  readonly step: "ordinal";
  readonly columns: readonly string[] | { readonly [column: string]: readonly Label[] };
  /** What a value that fitting never saw becomes: missing (the default), or an error. */
  readonly unseen?: "missing" | "error";
}

/**
 * The mean of column `y` over the rows of a value, drawn towards the mean of all rows:
 * (sum + smoothing * mean) / (n + smoothing). Missing is a value of its own. A value that fitting never saw becomes the
 * mean of all rows. Training rows get means of the other folds' rows, so that a row does not see its own target.
 */
export interface TargetStep {
  readonly step: "target";
  readonly columns: readonly string[];
  /** Numbers, truth values, or two classes (of which the greater counts as 1). */
  readonly y: string;
  /** Default 10. */
  readonly smoothing?: number;
  /** Default 5. */
  readonly folds?: number;
}

/**
 * Shifts and scales numbers: "standard" to mean 0 and deviation 1, "range" to 0 up to 1, "robust" by median and
 * interquartile range. A constant column is shifted only. Missing values stay missing.
 */
export interface ScaleStep {
  readonly step: "scale";
  readonly columns: readonly string[];
  /** Default "standard". */
  readonly by?: "standard" | "range" | "robust";
}

/** Keeps the named columns, in that order, or leaves the named ones out. */
export type ColumnsStep =
  | { readonly step: "keep"; readonly columns: readonly string[] }
  | { readonly step: "drop"; readonly columns: readonly string[] };

/** A step of preparation: plain data, so that it can be a rule's param. */
export type Step = FillStep | DeriveStep | OneHotStep | OrdinalStep | TargetStep | ScaleStep | ColumnsStep;

/** What a step learned from the rows it was fitted on: plain data. */
export type FittedStep =
  | { readonly step: "fill"; readonly values: { readonly [column: string]: Label } }
  | DeriveStep
  | ({ readonly categories: Categories } & Omit<Required<OneHotStep>, "columns">)
  | ({ readonly categories: Categories } & Omit<Required<OrdinalStep>, "columns">)
  | { readonly step: "target"; readonly overall: number; readonly means: TargetMeans }
  | { readonly step: "scale"; readonly scales: { readonly [column: string]: readonly [shift: number, scale: number] } }
  | ColumnsStep;

/** The values of columns, in the order they are coded by. */
export type Categories = { readonly [column: string]: readonly Label[] };

/** What each value of a column comes to; null is the missing one. */
export type TargetMeans = { readonly [column: string]: readonly (readonly [value: Label | null, mean: number])[] };

/** Fitted steps, in order: what `applySteps` needs and nothing else. */
export interface Fitted {
  readonly steps: readonly FittedStep[];
}
