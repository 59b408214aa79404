import { ShapeError } from "../errors.js";
import { rocAuc } from "../metrics/auc.js";
import { calibrationCurve, gainsCurve, prAuc, prCurve, rocCurve } from "../metrics/curves.js";
import type { ScoredRows } from "../model/scored-rows.js";
import { type ChartOptions, type ChartSpec, COLOURS, chart, shown, type Values } from "./chart-spec.js";

/** Scored rows of one or more models, by the names that the legend shows. */
export interface ScoredModels {
  readonly [model: string]: ScoredRows;
}

/**
 * ROC curves, with each model's AUC in the legend; the diagonal is a score that says nothing. A curve has about 800 points at
 * most, whatever the number of rows.
 *
 * @throws as `rocCurve`; ShapeError without a model.
 * @example
 * writeFileSync("roc.svg", await toSvg(rocChart({ forest: scoredRows(predicted, table, "isFraud") })));
 */
export function rocChart(models: ScoredModels, options: ChartOptions = {}): ChartSpec {
  const series = seriesOf(models, ({ labels, scores }) => {
    const { fpr, tpr } = rocCurve(labels, scores);
    return { points: thinned(fpr, tpr), note: `AUC ${shown(rocAuc(labels, scores))}` };
  });
  const axes = { x: "False positive rate", y: "True positive rate" };
  return linesChart(series, axes, options, { guide: DIAGONAL });
}

/**
 * Precision by recall, as the steps that average precision adds up; the dashed line is the share of positives.
 *
 * @throws as `prCurve`; ShapeError without a model.
 */
export function prChart(models: ScoredModels, options: ChartOptions = {}): ChartSpec {
  const series = seriesOf(models, ({ labels, scores }) => {
    const { precision, recall } = prCurve(labels, scores);
    const points = thinned(recall, precision);
    const start = { x: 0, y: points[0]!.y };
    return { points: [start, ...points], note: `average precision ${shown(prAuc(labels, scores))}` };
  });
  const share = Math.min(...Object.values(models).map(({ labels }) => positives(labels) / labels.length));
  const guide = [
    { x: 0, y: share },
    { x: 1, y: share },
  ];
  return linesChart(series, { x: "Recall", y: "Precision" }, options, { guide, interpolate: "step-before" });
}

/**
 * How often rows were positive beside how often their scores say so, in bins of equal width; points on the diagonal keep
 * their word.
 *
 * @throws as `calibrationCurve`; ShapeError without a model.
 */
export function calibrationChart(
  models: ScoredModels,
  { bins = 10, ...options }: ChartOptions & { readonly bins?: number } = {},
): ChartSpec {
  const series = seriesOf(models, ({ labels, scores }) => {
    const { predicted, observed } = calibrationCurve(labels, scores, bins);
    return { points: Array.from(predicted, (x, i) => ({ x, y: observed[i]! })), note: undefined };
  });
  const axes = { x: "Mean score of a bin", y: "Share of positives in it" };
  return linesChart(series, axes, options, { guide: DIAGONAL, points: true });
}

/**
 * Cumulative gains: which part of the positives is found when the best-scored part of the rows is looked at. Dashed: what
 * chance finds, and what a perfect score would.
 *
 * @throws as `rocCurve`; ShapeError without a model.
 */
export function gainsChart(models: ScoredModels, options: ChartOptions = {}): ChartSpec {
  const series = seriesOf(models, ({ labels, scores }) => {
    const { rows, found } = gainsCurve(labels, scores);
    return { points: thinned(rows, found), note: undefined };
  });
  const share = Math.max(...Object.values(models).map(({ labels }) => positives(labels) / labels.length));
  const perfect = [
    { x: 0, y: 0 },
    { x: share, y: 1 },
    { x: 1, y: 1 },
  ];
  const axes = { x: "Share of the rows, best scores first", y: "Share of the positives found" };
  return linesChart(series, axes, options, { guide: DIAGONAL, second: perfect });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

const DIAGONAL: readonly Point[] = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
];

function seriesOf(
  models: ScoredModels,
  curve: (rows: ScoredRows) => { readonly points: readonly Point[]; readonly note: string | undefined },
): Series[] {
  return Object.entries(models).map(([name, rows]) => {
    const { points, note } = curve(rows);
    return { name: note === undefined ? name : `${name}: ${note}`, points };
  });
}

interface LinesLook {
  readonly guide: readonly Point[];
  readonly second?: readonly Point[];
  readonly interpolate?: "step-before";
  readonly points?: boolean;
}

function linesChart(series: readonly Series[], axes: { x: string; y: string }, options: ChartOptions, look: LinesLook) {
  if (series.length === 0)
    throw new ShapeError("There is no model to draw; pass the scored rows of one.", { found: 0 });
  const names = series.map(({ name }) => name);
  const values: Values = series.flatMap(({ name, points }) => points.map(({ x, y }, i) => ({ model: name, i, x, y })));
  const channel = (field: "x" | "y") => ({
    field,
    type: "quantitative",
    title: axes[field],
    scale: { domain: [0, 1] },
    axis: { tickCount: 5 },
  });
  const guides = [look.guide, ...(look.second === undefined ? [] : [look.second])].map((points) => ({
    data: { values: points.map(({ x, y }, i) => ({ i, x, y })) },
    mark: { type: "line", stroke: "#999999", strokeDash: [4, 4], strokeWidth: 1 },
    encoding: { x: channel("x"), y: channel("y"), order: { field: "i", type: "quantitative" } },
  }));
  const line = {
    data: { values },
    mark: {
      type: "line",
      strokeWidth: 2,
      ...(look.interpolate === undefined ? {} : { interpolate: look.interpolate }),
      ...(look.points === true ? { point: { size: 40 } } : {}),
    },
    encoding: {
      x: channel("x"),
      y: channel("y"),
      order: { field: "i", type: "quantitative" },
      color: { field: "model", type: "nominal", scale: { domain: names, range: names.map(colour) } },
    },
  };
  return chart(options, { layer: [...guides, line] });
}

function colour(_: string, i: number): string {
  return COLOURS[i % COLOURS.length]!;
}

/** Points that are a 400th apart in x or y, and the last; what lies between can't be seen. */
function thinned(x: Float64Array, y: Float64Array): Point[] {
  const kept: Point[] = [];
  let last: Point | undefined;
  for (let i = 0; i < x.length; i++) {
    const point = { x: x[i]!, y: y[i]! };
    const near = last !== undefined && Math.abs(point.x - last.x) < STEP && Math.abs(point.y - last.y) < STEP;
    if (near && i < x.length - 1) continue;
    kept.push(point);
    last = point;
  }
  return kept;
}

const STEP = 1 / 400;

function positives(labels: Uint8Array): number {
  return labels.reduce((sum, label) => sum + label, 0);
}
