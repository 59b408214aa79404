import type { Table } from "apache-arrow";
import { mostProbable } from "../model/fit.js";
import { badOption } from "../model/options.js";
import type { Probabilities } from "../model/probabilities.js";
import { scoredRows } from "../model/scored-rows.js";
import { targetNumbers } from "../model/targets.js";
import { classesOf } from "../table/classes.js";
import { gini, rocAuc } from "./auc.js";
import { accuracy, confusion, f1Score, logLoss } from "./classification.js";
import { prAuc } from "./curves.js";
import { mae, r2, rmse } from "./regression.js";

/** What a classifier's predictions are measured by; "auc", "gini" and "prAuc" are for two classes. */
export type ClassifierMetric = "auc" | "gini" | "prAuc" | "logLoss" | "accuracy" | "f1";
/** What a regressor's predictions are measured by. */
export type RegressorMetric = "rmse" | "mae" | "r2";
/** Any of them. */
export type Metric = ClassifierMetric | RegressorMetric;

/** Whether a greater value of the metric is a better one. */
export function greaterIsBetter(metric: Metric): boolean {
  return metric !== "logLoss" && metric !== "rmse" && metric !== "mae";
}

type OfClasses = (predicted: Probabilities, table: Table, y: string) => number;
const scored =
  (f: typeof rocAuc): OfClasses =>
  (predicted, table, y) => {
    const { labels, scores } = scoredRows(predicted, table, y);
    return f(labels, scores);
  };
const counted =
  (f: typeof accuracy): OfClasses =>
  (predicted, table, y) =>
    f(confusion(classesOf(table, y), mostProbable(predicted)));

const OF_CLASSES: { readonly [M in ClassifierMetric]: OfClasses } = {
  auc: scored(rocAuc),
  gini: scored(gini),
  prAuc: scored(prAuc),
  logLoss: (predicted, table, y) => logLoss(classesOf(table, y), predicted),
  accuracy: counted(accuracy),
  f1: counted(f1Score),
};
const OF_NUMBERS: { readonly [M in RegressorMetric]: typeof rmse } = { rmse, mae, r2 };

/**
 * Measures predictions against column `y` of the table they were made for.
 *
 * @param predicted probabilities of classes, or numbers
 * @throws BadOptionError for a metric that does not go with the predictions; as the metrics do.
 */
export function measure(metric: Metric, predicted: Probabilities | Float64Array, table: Table, y: string): number {
  const known = predicted instanceof Float64Array ? OF_NUMBERS : OF_CLASSES;
  if (!Object.hasOwn(known, metric)) {
    throw badOption("metric", metric, `for these predictions it is one of ${Object.keys(known).join(", ")}`);
  }
  return predicted instanceof Float64Array
    ? OF_NUMBERS[metric as RegressorMetric](targetNumbers(table, y), predicted)
    : OF_CLASSES[metric as ClassifierMetric](predicted, table, y);
}
