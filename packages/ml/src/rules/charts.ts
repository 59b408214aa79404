import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { confusionChart, importanceChart } from "../charts/bar-charts.js";
import type { ChartOptions, ChartSpec } from "../charts/chart-spec.js";
import { calibrationChart, gainsChart, prChart, rocChart } from "../charts/curve-charts.js";
import { learningCurveChart } from "../charts/learning-chart.js";
import { confusion } from "../metrics/classification.js";
import { featureImportance } from "../metrics/importance.js";
import type { Metric } from "../metrics/metrics.js";
import { mostProbable } from "../model/fit.js";
import type { Model } from "../model/models.js";
import type { Probabilities } from "../model/probabilities.js";
import { scoredRows } from "../model/scored-rows.js";
import { classesOf } from "../table/classes.js";

const CURVES = { roc: rocChart, pr: prChart, calibration: calibrationChart, gains: gainsChart };

/** Predictions by the names that a chart's legend shows. */
export interface Predictions {
  readonly [model: string]: Ref<Probabilities>;
}

/**
 * Charts as nodes: their values are Vega-Lite specifications, which `toSvg` draws.
 *
 * @example
 * const spec = await graph.calc(charts.curve("roc", { forest: ml.classifyProb(model, test) }, test, "isFraud"));
 */
export const charts = namespace("charts", {
  /** A curve of one or more models over the same rows: "roc", "pr", "calibration" or "gains". */
  curve: rule(
    (
      kind: keyof typeof CURVES,
      predicted: Predictions,
      data: Ref<Table>,
      y: string,
      options: ChartOptions = {},
    ): Op<ChartSpec> =>
      apply.all(
        drawCurve,
        kind,
        Object.keys(predicted),
        y,
        options,
      )([data, ...Object.values(predicted)] as readonly Ref<Table | Probabilities>[]),
  ),

  /** The confusion matrix of a classifier's predictions. */
  confusion: rule(
    (predicted: Ref<Probabilities>, data: Ref<Table>, y: string, options: ChartOptions = {}): Op<ChartSpec> =>
      apply(
        (target: string, how: ChartOptions, said: Probabilities, table: Table) =>
          confusionChart(confusion(classesOf(table, target), mostProbable(said)), how),
        y,
        options,
      )(predicted, data),
  ),

  /** How much each feature matters to a model of trees; the data are the rows it was trained on. */
  importance: rule(
    (model: Ref<Model>, data: Ref<Table>, options: ChartOptions & { readonly top?: number } = {}): Op<ChartSpec> =>
      apply(
        (how: ChartOptions & { readonly top?: number }, trained: Model, table: Table) =>
          importanceChart(featureImportance(trained, table), how),
        options,
      )(model, data),
  ),

  /** A metric by rows learned from, of what `tune.learningCurve` gives. */
  learningCurve: rule(
    (curve: Ref<Table>, metric: Metric, options: ChartOptions = {}): Op<ChartSpec> =>
      apply(
        (which: Metric, how: ChartOptions, table: Table) => learningCurveChart(table, which, how),
        metric,
        options,
      )(curve),
  ),
});

function drawCurve(
  kind: keyof typeof CURVES,
  names: readonly string[],
  y: string,
  options: ChartOptions,
  values: readonly (Table | Probabilities)[],
): ChartSpec {
  const [table, ...predictions] = values as readonly [Table, ...Probabilities[]];
  const scored = names.map((name, i) => [name, scoredRows(predictions[i]!, table, y)] as const);
  return CURVES[kind](Object.fromEntries(scored), options);
}
