import type { Table } from "apache-arrow";
import { ShapeError } from "../errors.js";
import { greaterIsBetter, type Metric, measure } from "../metrics/metrics.js";
import { fit, predict, predictProba } from "../model/fit.js";
import { algorithmOf, type Classifier, type Model } from "../model/models.js";
import { badOption } from "../model/options.js";
import { seeded } from "../model/seeded.js";
import type { ModelSpec } from "../model/specs.js";

/** One point of a search. */
export interface Trial {
  /** Its number in the search, from 0. */
  readonly trial: number;
  /** What was trained, seed and all: training it again on the same rows gives the same model. */
  readonly spec: ModelSpec;
}

/** What a trial came to. Metrics are in the order of the search's. */
export interface TrialResult extends Trial {
  /** Which round of successive halving, from 0; 0 for other searches. */
  readonly rung: number;
  /** The resource it had: the part of the rows, or the option's value; 1 for other searches. */
  readonly amount: number;
  /** On the rows it learned from. */
  readonly in: Float64Array;
  /** On rows it had not seen; the mean of the folds where there are folds. */
  readonly out: Float64Array;
}

/** What a search judges by. */
export interface Judging {
  readonly y: string;
  readonly metrics: readonly Metric[];
  /** The metric that decides, on rows not seen. Default: the first. */
  readonly by?: Metric;
}

/** Trains a point and measures it in and out of sample. */
export function runTrial(
  { trial, spec }: Trial,
  { y, metrics }: Judging,
  rung: number,
  amount: number,
  train: Table,
  test: Table,
): TrialResult {
  const model = fit(spec as never, train, y as never) as Model;
  const on = (table: Table): Float64Array => {
    const said =
      algorithmOf(spec).task === "classify" ? predictProba(model as Classifier, table) : predict(model, table);
    return Float64Array.from(metrics, (metric) => measure(metric, said as Float64Array, table, y));
  };
  return { trial, spec, rung, amount, in: on(train), out: on(test) };
}

/** The points of a search with a seed each where their model draws: trials differ by their options alone. */
export function numbered(points: readonly ModelSpec[], seed: number): Trial[] {
  return points.map((spec, trial) => ({ trial, spec: seeded(spec, () => seed) }));
}

/** The mean of one trial's results over folds. */
export function meanResult(folds: readonly TrialResult[]): TrialResult {
  const mean = (side: "in" | "out"): Float64Array =>
    folds[0]![side].map((_, m) => folds.reduce((sum, each) => sum + each[side][m]!, 0) / folds.length);
  return { ...folds[0]!, in: mean("in"), out: mean("out") };
}

/** Results from the best to the worst by a metric out of sample; of equals the earlier first. */
export function ranked(results: readonly TrialResult[], judging: Judging): TrialResult[] {
  const at = deciding(judging);
  const sign = greaterIsBetter(judging.metrics[at]!) ? -1 : 1;
  return [...results].sort((a, b) => sign * (a.out[at]! - b.out[at]!) || a.trial - b.trial);
}

/**
 * The best of a search: among those that got the most of the resource.
 *
 * @throws BadOptionError for a metric that was not measured, ShapeError if there are no results
 */
export function bestTrial(results: readonly TrialResult[], judging: Judging): TrialResult {
  const last = results.reduce((most, { rung }) => Math.max(most, rung), 0);
  const best = ranked(
    results.filter(({ rung }) => rung === last),
    judging,
  )[0];
  if (best === undefined) throw new ShapeError("There are no trials to choose from; pass at least one.", { found: 0 });
  return best;
}

/** Whether the best of the results came within the last `after` trials, or there are not so many yet. */
export function stillImproving(results: readonly TrialResult[], judging: Judging, after: number): boolean {
  if (results.length === 0) return true;
  const { trial } = bestTrial(results, judging);
  return results.length - 1 - results.findIndex((each) => each.trial === trial) < after;
}

function deciding({ metrics, by = metrics[0]! }: Judging): number {
  const at = metrics.indexOf(by);
  if (at < 0) throw badOption("by", by, `the metrics of this search are ${metrics.join(", ")}`);
  return at;
}
