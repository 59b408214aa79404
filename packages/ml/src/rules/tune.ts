import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import type { Metric } from "../metrics/metrics.js";
import { fit } from "../model/fit.js";
import type { Model } from "../model/models.js";
import { badOption, isWhole } from "../model/options.js";
import { seeded } from "../model/seeded.js";
import type { ModelSpec } from "../model/specs.js";
import { sampleRows } from "../prepare/sample-rows.js";
import { type Axes, drawPoints, gridOf } from "../tuning/axes.js";
import { type Halving, rungsOf } from "../tuning/halving.js";
import { tableOfCurve, tableOfTrials } from "../tuning/result-table.js";
import {
  bestTrial,
  type Judging,
  meanResult,
  numbered,
  ranked,
  runTrial,
  stillImproving,
  type Trial,
  type TrialResult,
} from "../tuning/trials.js";
import { prep } from "./prep.js";

/** The rows a search learns from and judges by: two tables, or folds of one. */
export type TuningRows =
  | { readonly y: string; readonly train: Ref<Table>; readonly test: Ref<Table> }
  | { readonly y: string; readonly data: Ref<Table>; readonly folds: number; readonly stratify?: string };

/** How to search. */
export interface SearchOptions {
  /** Every combination (the default), some drawn at random, or successive halving. */
  readonly search?: { readonly how: "grid" } | { readonly how: "random"; readonly trials: number } | Halving;
  readonly metrics: readonly Metric[];
  /** The metric that decides, on rows not seen. Default: the first. */
  readonly by?: Metric;
  /** Draws the points, the rows of halving, and is the models' own seed where they have none. Default 0. */
  readonly seed?: number;
  /**
   * Ends the search when the best has not changed for `after` trials, looked at every `batch` trials (default: `after`),
   * which run side by side. By trials, never by the clock, so the same trials run everywhere. Not for halving.
   */
  readonly stop?: { readonly after: number; readonly batch?: number };
}

/** What the nodes of one search have in common. */
interface Search extends Judging {
  readonly rows: TuningRows;
}

/** A learning curve: parts of the rows from above 0 to 1. */
export interface CurveOptions {
  readonly parts: readonly number[];
  readonly metrics: readonly Metric[];
  readonly seed?: number;
}

/** What a slot trains: a point that is known, or one that a round before left over, or nothing any more. */
type Candidate = Ref<Trial | null>;

/**
 * Searching for a model's options. Each trial is a node, `tune.trial`: cut there and trials are jobs.
 *
 * @example
 * const rows = { y: "survived", train, test };
 * const axes = { max_depth: [2, 3, 4], learning_rate: [0.05, 0.1] };
 * const table = tune.hyperTune(rows, { model: "HistGradientBoostingClassifier" }, axes, { metrics: ["gini"] });
 */
export const tune = namespace("tune", {
  /** A search as a table: each trial's options and its metrics in and out of sample. */
  hyperTune: rule(
    <S extends ModelSpec>(rows: TuningRows, model: S, axes: Axes<S>, options: SearchOptions): Op<Table> =>
      apply(
        tableOfTrials,
        Object.keys(axes),
        options.metrics,
        options.search?.how === "halving",
      )(tune.search(rows, model, axes, options)),
  ) as <S extends ModelSpec>(rows: TuningRows, model: S, axes: Axes<S>, options: SearchOptions) => Ref<Table>,

  /** The same as a list of results, which have the whole specification of each trial. */
  search: rule(
    <S extends ModelSpec>(
      rows: TuningRows,
      model: S,
      axes: Axes<S>,
      options: SearchOptions,
    ): Op<readonly TrialResult[]> => {
      const { metrics, by, seed = 0, search = { how: "grid" }, stop } = options;
      const all: Search = { rows, y: rows.y, metrics, ...(by === undefined ? {} : { by }) };
      const drawn = search.how === "grid" || search.trials === undefined;
      const points = numbered(drawn ? gridOf(model, axes) : drawPoints(model, axes, search.trials, seed), seed);
      const results =
        search.how === "halving"
          ? halving(all, points, search, seed, stop)
          : stop === undefined
            ? points.map((point) => trialOf(all, tune.point(point)))
            : untilStopped(all, points, stop);
      return apply.all((found: readonly (TrialResult | null)[]) => found.filter((each) => each !== null))(results);
    },
  ) as <S extends ModelSpec>(
    rows: TuningRows,
    model: S,
    axes: Axes<S>,
    options: SearchOptions,
  ) => Ref<readonly TrialResult[]>,

  /** The best of a search by one of its metrics, out of sample. */
  best: rule(
    (results: Ref<readonly TrialResult[]>, metrics: readonly Metric[], by: Metric): Op<TrialResult> =>
      apply((judging: Judging, found: readonly TrialResult[]) => bestTrial(found, judging), { y: "", metrics, by })(
        results,
      ),
  ),

  /** The model of a trial, trained on these rows; on the search's own rows it is the very model that was tried. */
  train: rule(
    (trial: Ref<Trial>, data: Ref<Table>, y: string): Op<Model> =>
      apply((target: string, { spec }: Trial, table: Table) => fit(spec as never, table, target as never) as Model, y)(
        trial,
        data,
      ),
  ),

  /** How a model does with growing parts of the rows: a table of the part, the rows and the metrics. */
  learningCurve: rule((rows: TuningRows, spec: ModelSpec, { parts, metrics, seed = 0 }: CurveOptions): Op<Table> => {
    const point = { trial: 0, spec: seeded(spec, () => seed) };
    const all: Search = { rows, y: rows.y, metrics };
    const results = parts.map((part) => trialOf(all, tune.point(point), 0, part, (t) => sampled(t, part, seed)));
    const counts = parts.map((part) => tune.rowCount(sampled(foldsOf(rows)[0]!.train, part, seed)));
    return apply.all(curveTable, metrics)([...counts, ...results] as Ref<number | TrialResult>[]);
  }),

  /** A point that is known from the start. */
  point: rule((trial: Trial): Op<Trial> => apply((each: Trial) => each, trial)()),

  /** Trains a candidate and measures it in and out of sample; null for none. */
  trial: rule(
    (
      candidate: Candidate,
      train: Ref<Table>,
      test: Ref<Table>,
      judging: Judging,
      rung: number,
      amount: number,
    ): Op<TrialResult | null> =>
      apply(
        (how: Judging, round: number, part: number, point: Trial | null, learned: Table, judged: Table) =>
          point && runTrial(point, how, round, part, learned, judged),
        judging,
        rung,
        amount,
      )(candidate, train, test),
  ),

  /** The mean of a trial's results over folds. */
  mean: rule(
    (folds: readonly Ref<TrialResult | null>[]): Op<TrialResult | null> =>
      apply.all((found: readonly (TrialResult | null)[]) =>
        found[0] === null ? null : meanResult(found as readonly TrialResult[]),
      )(folds),
  ),

  /** A point, or null once the trials before no longer improve. */
  unlessStopped: rule(
    (trial: Trial, before: readonly Ref<TrialResult | null>[], judging: Judging, after: number): Op<Trial | null> =>
      apply.all(
        (point: Trial, how: Judging, patience: number, found: readonly (TrialResult | null)[]) =>
          found.every((each) => each !== null) && stillImproving(found, how, patience) ? point : null,
        trial,
        judging,
        after,
      )(before),
  ),

  /** The best of a round, in order. */
  ranked: rule(
    (results: readonly Ref<TrialResult | null>[], judging: Judging): Op<readonly TrialResult[]> =>
      apply.all(
        (how: Judging, found: readonly (TrialResult | null)[]) => ranked(found as readonly TrialResult[], how),
        judging,
      )(results),
  ),

  /** The point of that rank in a round, with another value of the resource. */
  survivor: rule(
    (order: Ref<readonly TrialResult[]>, rank: number, more: { readonly [option: string]: number }): Op<Trial> =>
      apply(
        (at: number, options: object, found: readonly TrialResult[]) => ({
          trial: found[at]!.trial,
          spec: { ...found[at]!.spec, ...options },
        }),
        rank,
        more,
      )(order),
  ),

  /** A part of the rows; smaller parts are parts of greater ones. */
  sampleRows: rule(
    (data: Ref<Table>, part: number, seed: number): Op<Table> =>
      apply((size: number, start: number, table: Table) => sampleRows(table, size, start), part, seed)(data),
  ),

  /** How many rows there are. */
  rowCount: rule((data: Ref<Table>): Op<number> => apply((table: Table) => table.numRows)(data)),
});

/** Pairs of rows to learn from and to judge by. */
function foldsOf(rows: TuningRows): readonly { readonly train: Ref<Table>; readonly test: Ref<Table> }[] {
  if ("train" in rows) return [rows];
  const { data, folds, stratify } = rows;
  const options = { folds, ...(stratify === undefined ? {} : { stratify }) };
  return Array.from({ length: folds }, (_, i) => ({
    train: prep.outside(data, options, i),
    test: prep.fold(data, options, i),
  }));
}

/** A candidate on every fold. */
function trialOf(
  { rows, ...judging }: Search,
  candidate: Candidate,
  rung = 0,
  amount = 1,
  less: (train: Ref<Table>) => Ref<Table> = (train) => train,
): Ref<TrialResult | null> {
  const found = foldsOf(rows).map(({ train, test }) => tune.trial(candidate, less(train), test, judging, rung, amount));
  return found.length === 1 ? found[0]! : tune.mean(found);
}

/** Trials in batches side by side; a batch runs while those before it improve. */
function untilStopped(
  search: Search,
  points: readonly Trial[],
  { after, batch = after }: NonNullable<SearchOptions["stop"]>,
): Ref<TrialResult | null>[] {
  if (!isWhole(after, 1)) throw badOption("after", after, "give a whole number of trials from 1 up");
  if (!isWhole(batch, 1)) throw badOption("batch", batch, "give a whole number of trials from 1 up");
  const { rows: _, ...judging } = search;
  const results: Ref<TrialResult | null>[] = [];
  for (let from = 0; from < points.length; from += batch) {
    const before = [...results];
    for (const point of points.slice(from, from + batch)) {
      const candidate: Candidate = from === 0 ? tune.point(point) : tune.unlessStopped(point, before, judging, after);
      results.push(trialOf(search, candidate));
    }
  }
  return results;
}

/** Round after round of fewer points with more each. */
function halving(
  search: Search,
  points: readonly Trial[],
  how: Halving,
  seed: number,
  stop: SearchOptions["stop"],
): Ref<TrialResult | null>[] {
  if (stop !== undefined) throw badOption("stop", stop, "halving ends by itself; leave it out");
  const { resource = "rows" } = how;
  const { rows: _, ...judging } = search;
  const all: Ref<TrialResult | null>[] = [];
  let order: Ref<readonly TrialResult[]> | undefined;
  rungsOf(points.length, how).forEach(({ points: count, amount }, rung) => {
    const more = resource === "rows" ? {} : { [resource]: amount };
    const round = Array.from({ length: count }, (_, rank) => {
      const { trial, spec } = points[rank]!;
      const candidate = order
        ? tune.survivor(order, rank, more)
        : tune.point({ trial, spec: { ...spec, ...more } as ModelSpec });
      const less = (train: Ref<Table>) => (resource === "rows" ? sampled(train, amount, seed) : train);
      return trialOf(search, candidate, rung, amount, less);
    });
    order = tune.ranked(round, judging);
    all.push(...round);
  });
  return all;
}

function sampled(train: Ref<Table>, part: number, seed: number): Ref<Table> {
  return part === 1 ? train : tune.sampleRows(train, part, seed);
}

/** The first half of the values are counts of rows, the second half results. */
function curveTable(metrics: readonly Metric[], values: readonly (number | TrialResult)[]): Table {
  const half = values.length / 2;
  return tableOfCurve(metrics, values.slice(0, half) as number[], values.slice(half) as TrialResult[]);
}
