import { createRandom } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { MissingValueError, ShapeError } from "../errors.js";
import { classesOf, type Label } from "../table/classes.js";
import { type Feature, predictionColumns, trainingFeatures } from "./features.js";
import { createGrower } from "./grow-tree.js";
import { createNodeStore, type TreeNodes } from "./node-store.js";
import type { Probabilities } from "./probabilities.js";
import { type ExtraTreesSpec, settingsOf } from "./spec.js";

/** A trained forest: plain data and typed arrays, so that it travels and has a digest. */
export interface ForestModel extends TreeNodes {
  readonly model: "ExtraTreesClassifier";
  /** Sorted. */
  readonly classes: readonly Label[];
  readonly features: readonly Feature[];
  /** The first node of each tree. */
  readonly roots: Int32Array;
}

/**
 * Trains extremely randomised trees on every column of a table but `y`. Semantics are those of scikit-learn's
 * ExtraTreesClassifier without bootstrap: 32-bit features, Gini impurity, one uniform threshold for each drawn feature.
 * Text columns become the positions of their sorted distinct values. The same table and seed give the same model, bit for
 * bit; each tree's randomness depends on the seed and its number only.
 *
 * @param y the class column: numbers, texts or truth values
 * @throws BadOptionError, MissingColumnError, MissingValueError, ColumnTypeError, TooManyCategoriesError
 * @example
 * const model = fit({ model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 }, table, "isFraud");
 * const { values } = predictProba(model, other); // rows x classes
 */
export function fit(spec: ExtraTreesSpec, table: Table, y: string): ForestModel {
  const { classes, codes } = classesOf(table, y);
  const { features, columns } = trainingFeatures(table, y);
  return train(spec, features, columns, classes, codes);
}

/**
 * Trains on columns of numbers and a class for each row; features are named "0", "1" and so on.
 *
 * @param columns one array a feature, as long as `labels`; finite numbers
 * @param labels numbers; equal numbers are one class
 * @throws BadOptionError; ShapeError if lengths differ; MissingValueError at a number that is not finite in 32 bits.
 */
export function fitColumns(
  spec: ExtraTreesSpec,
  columns: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
): ForestModel {
  const floats = toFloats(columns, labels.length);
  const classes = [...new Set(Array.from(labels))].sort((a, b) => a - b);
  const codes = Int32Array.from(labels, (label) => classes.indexOf(label));
  const features = columns.map((_, i) => ({ name: String(i) }));
  return train(spec, features, floats, classes, codes);
}

function train(
  spec: ExtraTreesSpec,
  features: readonly Feature[],
  columns: readonly Float32Array[],
  classes: readonly Label[],
  codes: Int32Array,
): ForestModel {
  const settings = settingsOf(spec, codes.length, columns.length);
  if (codes.length === 0 || columns.length === 0) {
    throw new ShapeError(
      `Training needs rows and features; there are ${codes.length} rows of ${columns.length} features.`,
      {
        expected: 1,
        found: 0,
      },
    );
  }
  const nodes = createNodeStore(classes.length);
  const grower = createGrower(columns, codes, classes.length, settings, nodes);
  const roots = Int32Array.from({ length: settings.trees }, (_, tree) =>
    grower.grow(createRandom(treeSeed(settings.seed, tree))),
  );
  return { model: "ExtraTreesClassifier", classes, features, roots, ...nodes.finish() };
}

/** The two words of the seed's bits and the tree's number. */
function treeSeed(seed: number, tree: number): Uint32Array {
  const words = new Uint32Array(3);
  new DataView(words.buffer).setFloat64(0, seed, true);
  words[2] = tree;
  return words;
}

/**
 * The probability of each class for each row: the mean over the trees of the class shares in the leaf the row falls into.
 *
 * @throws MissingColumnError, MissingValueError, ColumnTypeError
 */
export function predictProba(model: ForestModel, table: Table): Probabilities {
  return probabilities(model, predictionColumns(table, model.features), table.numRows);
}

/**
 * The same for a model made by `fitColumns`.
 *
 * @throws ShapeError, MissingValueError
 */
export function predictColumns(model: ForestModel, columns: readonly ArrayLike<number>[]): Probabilities {
  if (columns.length !== model.features.length) throw misshapen("columns", model.features.length, columns.length);
  const rows = columns[0]!.length;
  return probabilities(model, toFloats(columns, rows), rows);
}

function probabilities(model: ForestModel, columns: readonly Float32Array[], rows: number): Probabilities {
  const { classes, roots, feature, threshold, left, right, value } = model;
  const width = classes.length;
  const values = new Float64Array(rows * width);
  for (const root of roots) {
    for (let row = 0; row < rows; row++) {
      let node = root;
      for (let f = feature[node]!; f >= 0; f = feature[node]!) {
        node = columns[f]![row]! <= threshold[node]! ? left[node]! : right[node]!;
      }
      const at = row * width;
      const from = node * width;
      for (let k = 0; k < width; k++) values[at + k]! += value[from + k]!;
    }
  }
  for (let i = 0; i < values.length; i++) values[i]! /= roots.length;
  return { classes, values };
}

function toFloats(columns: readonly ArrayLike<number>[], rows: number): Float32Array[] {
  return columns.map((column, i) => {
    if (column.length !== rows) throw misshapen(`rows in column ${i}`, rows, column.length);
    const floats = Float32Array.from(column);
    const bad = floats.findIndex((value) => !Number.isFinite(value));
    if (bad === -1) return floats;
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
