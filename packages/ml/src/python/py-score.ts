import type { Table } from "apache-arrow";
import { askPython } from "./ask-python.js";
import type { PyModel } from "./model.js";
import { featureColumns, modelRequest } from "./py-predict.js";
import { checkTarget, pythonColumns } from "./py-tables.js";

/**
 * What the estimator's own `score` says of a table: accuracy for classifiers, R2 for models of numbers, unless it has
 * another idea.
 *
 * @param y the column that says what is true; null for a model that learned without one
 * @throws as `pyPredict`; MissingValueError for a target that is missing, NaN or infinite
 */
export async function pyScore(model: PyModel, table: Table, y: string | null): Promise<number> {
  const labels = model.task === "classify" ? { labels: model.classes } : {};
  const request = { ...modelRequest("score", model), ...labels, y };
  if (y !== null) checkTarget(table, y);
  const parts = [model.pickle, featureColumns(model, table), ...(y === null ? [] : [pythonColumns(table, [y])])];
  const { header } = await askPython(request, parts);
  // a text: JSON has no NaN
  return Number((header.score as { readonly $float: string }).$float);
}
