import type { Table } from "apache-arrow";
import { EstimatorError } from "../errors.js";
import type { Probabilities } from "../model/probabilities.js";
import type { Classes } from "../table/classes.js";
import { decodeTable } from "../table/codec.js";
import { askPython } from "./ask-python.js";
import type { PyClassifier, PyModel } from "./model.js";
import { pythonColumns } from "./py-tables.js";
import { pythonSeed } from "./py-train.js";

/** What a Python model says of rows: a class each, or a number each. */
export type PyPredicted<M extends PyModel> = M extends PyClassifier ? Classes : Float64Array;

/**
 * What a model says of each row of a table, which may have other columns too.
 *
 * @throws as `pyTrain`; ModelVersionError where this Python has other packages than the model was made with
 */
export async function pyPredict<M extends PyModel>(model: M, table: Table): Promise<PyPredicted<M>> {
  const values = await askForColumn("predict", model, table, {});
  if (model.task !== "classify") return values as PyPredicted<M>;
  return { classes: model.classes, codes: values as Int32Array } as PyPredicted<M>;
}

/**
 * The probability of each class for each row.
 *
 * @throws as `pyPredict`; EstimatorError where the estimator gives none
 */
export async function pyPredictProba(model: PyModel, table: Table): Promise<Probabilities> {
  if (model.task !== "classify") {
    const sentence = `${model.estimator} tells no classes apart and gives no probabilities; ask for predictions.`;
    throw new EstimatorError(sentence, { estimator: model.estimator });
  }
  const values = await askForColumn("proba", model, table, { classes: model.classes.length });
  return { classes: model.classes, values: values as Float64Array };
}

async function askForColumn(job: string, model: PyModel, table: Table, more: object): Promise<unknown> {
  const columns = featureColumns(model, table);
  // most estimators refuse a table without rows; a block may well be one
  if (table.numRows === 0)
    return job === "predict" && model.task === "classify" ? new Int32Array() : new Float64Array();
  const { parts } = await askPython({ ...modelRequest(job, model), ...more }, [model.pickle, columns]);
  return decodeTable(parts[0]!).getChildAt(0)!.toArray();
}

/** What Python must know of a model to use it. */
export function modelRequest(job: string, { estimator, task, features, packages }: PyModel) {
  return { job, estimator, task, features, packages, seed: pythonSeed() };
}

/** The columns a model was trained on. */
export function featureColumns({ features }: PyModel, table: Table): Uint8Array {
  const names = features.map(({ name }) => name);
  return pythonColumns(table, names);
}
