import type { Table } from "apache-arrow";
import { ownRandom } from "../rules/own-random.js";
import type { Label } from "../table/classes.js";
import { askPython } from "./ask-python.js";
import type { PyFeature, PyModel } from "./model.js";
import { type PyOptions, wireOptions } from "./options.js";
import { trainingTable } from "./py-tables.js";

/**
 * Trains a Python estimator, any class with `fit` and `predict`, on every column of a table but `y`. Runs in this thread's
 * Python over Arrow. What the options leave open: `random_state` comes from the node (outside graphs it is the same each
 * time), `n_jobs` is 1. Text columns are pandas categories; a missing number is NaN.
 *
 * @param y the column to learn: for a classifier numbers, texts or truth values, which it gets as 0, 1 and so on in sort
 * order; null where there is nothing to learn from
 * @throws PythonMissingError, PythonPackageError, EstimatorError, BadOptionError, MissingColumnError, MissingValueError,
 * ColumnTypeError, ShapeError, PythonError for an exception in Python, PythonDiedError
 * @example
 * const model = await pyTrain("sklearn.ensemble.ExtraTreesClassifier", { n_estimators: 10 }, "isFraud", table);
 */
export async function pyTrain(estimator: string, options: PyOptions, y: string | null, table: Table): Promise<PyModel> {
  const seed = pythonSeed();
  const request = { job: "train", estimator, options: wireOptions(options), seed, y };
  const { header, parts } = await askPython(request, [trainingTable(table, y)]);
  const { task, features, classes, packages } = header as unknown as Trained;
  const trained = { estimator, features, packages, pickle: parts[0]! };
  return task === "classify" ? { task, classes, ...trained } : { task, ...trained };
}

/** What Python says of a model. */
interface Trained {
  readonly task: PyModel["task"];
  readonly features: readonly PyFeature[];
  readonly classes: readonly Label[];
  readonly packages: { readonly [name: string]: string };
}

/** A seed that every library takes (31 bits), from the node. */
export function pythonSeed(): number {
  return ownRandom().uint32() >>> 1;
}
