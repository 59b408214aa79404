import type { Table } from "apache-arrow";
import { MissingValueError, ShapeError } from "../errors.js";
import { type Classes, classesOf, type Label } from "../table/classes.js";
import { columnOf } from "../table/columns.js";
import type { Column, TrainingData } from "./algorithm.js";
import { type ColumnKind, predictionColumns, trainingFeatures } from "./features.js";
import { type AnyAlgorithm, algorithmOf, type Classifier, type Model, type ModelOf, type TargetOf } from "./models.js";
import type { Probabilities } from "./probabilities.js";
import type { ModelSpec } from "./specs.js";
import { finite, targetNumbers } from "./targets.js";

/**
 * Trains a model on every column of a table but `y`. Specifications are plain data with scikit-learn's names and
 * defaults. The same table, specification and seed give the same model, bit for bit.
 *
 * Text columns are categories for trees and boosting; other models take numbers only. Boosting has a place for what is
 * missing; for other models it is an error.
 *
 * @param y the column to learn: numbers, texts or truth values for classes, finite numbers for a regressor; null for
 * clusters, which learn from all columns
 * @throws BadOptionError, MissingColumnError, MissingValueError, ColumnTypeError, TooManyCategoriesError; ClassCountError
 * if a model that needs two classes finds one; ShapeError for a table without rows or features.
 * @example
 * const model = fit({ model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 }, table, "isFraud");
 * const { values } = predictProba(model, other); // rows x classes
 */
export function fit<S extends ModelSpec>(spec: S, table: Table, y: TargetOf<S>): ModelOf<S> {
  const algorithm = algorithmOf(spec);
  const target: string | null = y;
  if (target === null && algorithm.task !== "cluster") {
    throw new ShapeError(`${spec.model} learns a column; pass its name.`, { expected: 1, found: 0 });
  }
  if (target !== null) columnOf(table, target);
  const rows = table.numRows;
  const nothing = { classes: [], codes: new Int32Array(0), values: new Float64Array(0) };
  if (rows === 0) rejectEmpty(0, table.numCols - (target === null ? 0 : 1));
  const learned =
    algorithm.task === "classify"
      ? classesOf(table, target!)
      : algorithm.task === "regress"
        ? { values: targetNumbers(table, target!) }
        : {};
  const found = trainingFeatures(table, target, algorithm.columns);
  return train(spec, algorithm, { ...found, rows, ...nothing, ...learned });
}

/**
 * Trains on columns of numbers and a class or number for each row; features are named "0", "1" and so on.
 *
 * @param columns one array a feature, as long as `target`; finite numbers (boosting also takes NaN for what is missing)
 * @param target for a classifier, numbers that are its classes; for a regressor, what it learns; null for clusters
 * @throws as `fit`; ShapeError if lengths differ.
 */
export function fitColumns<S extends ModelSpec>(
  spec: S,
  columns: readonly ArrayLike<number>[],
  target: S["model"] extends "KMeans" ? null : ArrayLike<number>,
): ModelOf<S> {
  const algorithm = algorithmOf(spec);
  const numbers: ArrayLike<number> | null = target;
  const rows = numbers?.length ?? columns[0]?.length ?? 0;
  const features = columns.map((_, i) => ({ name: String(i) }));
  const data = { features, columns: toColumns(columns, rows, algorithm.columns), rows };
  const nothing = { classes: [], codes: new Int32Array(0), values: new Float64Array(0) };
  if (algorithm.task === "cluster") return train(spec, algorithm, { ...data, ...nothing });
  if (numbers === null) throw misshapen("targets", rows, 0);
  const learned =
    algorithm.task === "classify"
      ? classesOfNumbers(numbers)
      : { values: finite(Float64Array.from(numbers), "target") };
  return train(spec, algorithm, { ...data, ...nothing, ...learned });
}

function classesOfNumbers(labels: ArrayLike<number>): Classes {
  const classes = [...new Set(Array.from(finite(Float64Array.from(labels), "target")))].sort((a, b) => a - b);
  const rank = new Map(classes.map((label, k) => [label, k]));
  return { classes, codes: Int32Array.from(labels, (label) => rank.get(label)!) };
}

function train<S extends ModelSpec>(spec: S, algorithm: AnyAlgorithm, data: TrainingData): ModelOf<S> {
  if (data.rows === 0 || data.columns.length === 0) rejectEmpty(data.rows, data.columns.length);
  return algorithm.train(spec, data) as ModelOf<S>;
}

function rejectEmpty(rows: number, features: number): never {
  throw new ShapeError(`Training needs rows and features; there are ${rows} rows of ${features} features.`, {
    expected: 1,
    found: 0,
  });
}

/**
 * The probability of each class for each row of a table, which may have other columns too.
 *
 * @throws MissingColumnError, MissingValueError, ColumnTypeError
 */
export function predictProba(model: Classifier, table: Table): Probabilities {
  return { classes: model.classes, values: scores(model, table) };
}

/** What a model says of rows: a class each, a number each, or the number of a cluster each. */
export type Predicted<M extends Model> = M extends Classifier ? Classes : Float64Array;

/**
 * What the model says of each row: for a classifier the most probable class (the first of equals), as `classes` and the
 * `codes` of the rows; for a regressor a number; for clusters the number of the nearest.
 *
 * @throws MissingColumnError, MissingValueError, ColumnTypeError
 */
export function predict<M extends Model>(model: M, table: Table): Predicted<M> {
  return chosen(model, scores(model, table)) as Predicted<M>;
}

/** What `predictColumns` gives: probabilities of classes, or a number each. */
export type PredictedColumns<M extends Model> = M extends Classifier ? Probabilities : Float64Array;

/**
 * Probabilities, or numbers, for rows given as columns of numbers, in the order of the model's features.
 *
 * @throws ShapeError, MissingValueError
 */
export function predictColumns<M extends Model>(model: M, columns: readonly ArrayLike<number>[]): PredictedColumns<M> {
  const algorithm = algorithmOf(model);
  if (columns.length !== model.features.length) throw misshapen("columns", model.features.length, columns.length);
  const rows = columns[0]!.length;
  const values = algorithm.score(model, toColumns(columns, rows, algorithm.columns), rows);
  return ("classes" in model ? { classes: model.classes, values } : values) as PredictedColumns<M>;
}

function scores(model: Model, table: Table): Float64Array {
  const algorithm = algorithmOf(model);
  return algorithm.score(model, predictionColumns(table, model.features, algorithm.columns), table.numRows);
}

function chosen(model: Model, values: Float64Array): Classes | Float64Array {
  return "classes" in model ? mostProbable({ classes: model.classes, values }) : values;
}

/** The most probable class of each row, the first of equals. */
export function mostProbable({ classes, values }: Probabilities): { classes: readonly Label[]; codes: Int32Array } {
  const width = classes.length;
  const codes = new Int32Array(values.length / width);
  for (let row = 0; row < codes.length; row++) {
    for (let k = 1; k < width; k++) if (values[row * width + k]! > values[row * width + codes[row]!]!) codes[row] = k;
  }
  return { classes, codes };
}

function toColumns(columns: readonly ArrayLike<number>[], rows: number, kind: ColumnKind): Column[] {
  return columns.map((column, i) => {
    if (column.length !== rows) throw misshapen(`rows in column ${i}`, rows, column.length);
    const numbers = kind === "single" ? Float32Array.from(column) : Float64Array.from(column);
    if (kind === "missing") return numbers;
    const bad = numbers.findIndex((value) => !Number.isFinite(value));
    if (bad === -1) return numbers;
    throw new MissingValueError(`Column ${i} has no finite number in row ${bad}; fill it or remove the row.`, {
      column: String(i),
      row: bad,
    });
  });
}

function misshapen(what: string, expected: number, found: number): ShapeError {
  return new ShapeError(`There are ${found} ${what}, not ${expected}; pass arrays of equal shape.`, {
    expected,
    found,
  });
}
