import { apply, type Groups, namespace, nodeId, type Op, type Pairs, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { type ClassifierMetric, type Metric, measure, type RegressorMetric } from "../metrics/metrics.js";
import {
  measureSummary,
  mergeSummaries,
  mergeTwo,
  type ScoreSummary,
  type SummaryOptions,
  scoreSummary,
} from "../metrics/score-summary.js";
import { averagePredictions, type Prediction } from "../model/average.js";
import { fit, type Predicted, type PredictedColumns, predict, predictProba } from "../model/fit.js";
import type { Classifier, Model, ModelOf, Regressor, TargetOf } from "../model/models.js";
import { averageProbabilities, type Probabilities } from "../model/probabilities.js";
import { aucOf, aucOfParts, averageScores, type ScoredRows, scoredRows, splitRows } from "../model/scored-rows.js";
import { seeded } from "../model/seeded.js";
import type { ClassifierSpec, ModelSpec, RegressorSpec } from "../model/specs.js";
import { downsample, undersample } from "../table/sample.js";
import { type Candidates, samplesOf, tableOfMetrics } from "./compare.js";
import { ownRandom } from "./own-random.js";

/** Scored rows under a key that names the batch and the run of rows in it. */
export type KeyedScores = Pairs<string, ScoredRows>;

/** Models to judge together, and the blocks to judge them by. */
export interface BlockScoring {
  readonly models: readonly Ref<Classifier | Regressor>[];
  readonly tests: readonly Ref<Table>[];
  /** The column that says what is true. */
  readonly y: string;
}

/** Runs of rows that `batchPred` cuts a batch into, so that hashed keys spread evenly over a few pipes. */
const RUNS = 16;

/** Sampling, training, prediction and scores. */
export const ml = namespace("ml", {
  /** The same fraction of each class, drawn with the node's own random numbers. */
  downsample: rule(
    (raw: Ref<Table>, y: string, frac: number): Op<Table> =>
      apply((target: string, part: number, table: Table) => downsample(table, target, part, ownRandom()), y, frac)(raw),
  ),

  /** All of every class but the largest, and a fraction of that one. */
  undersample: rule(
    (raw: Ref<Table>, y: string, frac: number): Op<Table> =>
      apply(
        (target: string, part: number, table: Table) => undersample(table, target, part, ownRandom()),
        y,
        frac,
      )(raw),
  ),

  /**
   * A model of column `y` (null for clusters) from every other column. A specification that takes a seed and has none gets
   * one from the node.
   */
  train: rule(
    <S extends ModelSpec>(data: Ref<Table>, y: TargetOf<S>, spec: S): Op<ModelOf<S>> =>
      apply(trainAtom as (y: TargetOf<S>, spec: S, table: Table) => ModelOf<S>, y, spec)(data),
  ),

  /** The probability of each class for each row; of several models, the average. */
  classifyProb: rule(
    (model: Ref<Classifier> | readonly Ref<Classifier>[], data: Ref<Table>): Op<Probabilities> | Ref<Probabilities> =>
      isList(model)
        ? ml.bagPred(model.map((each): Ref<Probabilities> => ml.classifyProb(each, data)))
        : apply((trained: Classifier, table: Table) => predictProba(trained, table))(model, data),
  ) as (model: Ref<Classifier> | readonly Ref<Classifier>[], data: Ref<Table>) => Ref<Probabilities>,

  /** What a model says of each row: its class, a number, or its cluster. */
  predict: rule(
    <M extends Model>(model: Ref<M>, data: Ref<Table>): Op<Predicted<M>> =>
      apply((trained: M, table: Table) => predict(trained, table))(model, data),
  ),

  /** The average of several models' probabilities for the same rows, in the order given. */
  bagPred: rule(
    (predictions: readonly Ref<Probabilities>[]): Op<Probabilities> => apply.all(averageProbabilities)(predictions),
  ),

  /** ROC AUC of predictions for a table whose column `y` says what is true. */
  score: rule(
    (predicted: Ref<Probabilities>, data: Ref<Table>, y: string): Op<number> =>
      apply((target: string, p: Probabilities, table: Table) => aucOf(p, table, target), y)(predicted, data),
  ),

  /** Predictions measured against column `y` of the table they were made for, one number a metric. */
  measure: rule(
    (
      predicted: Ref<Probabilities | Float64Array>,
      data: Ref<Table>,
      y: string,
      metrics: readonly Metric[],
    ): Op<Float64Array> => apply(measureAtom, y, metrics)(predicted, data),
  ),

  /**
   * Trains each of several classifiers and measures them on the rows they learned from ("in") and on others ("out"): a
   * table with the columns `model`, `sample`, and one for each metric.
   */
  classifierMetrics: rule(
    (from: Candidates<ClassifierSpec>, metrics: readonly ClassifierMetric[]): Op<Table> =>
      apply.all(
        tableOfMetrics,
        Object.keys(from.models),
        metrics,
      )(
        Object.values(from.models).flatMap((spec) => {
          const model = ml.train(from.train, from.y, spec);
          return samplesOf(from).map((data) => ml.measure(ml.classifyProb(model, data), data, from.y, metrics));
        }),
      ),
  ),

  /** The same for models of numbers. */
  regressorMetrics: rule(
    (from: Candidates<RegressorSpec>, metrics: readonly RegressorMetric[]): Op<Table> =>
      apply.all(
        tableOfMetrics,
        Object.keys(from.models),
        metrics,
      )(
        Object.values(from.models).flatMap((spec) => {
          const model = ml.train(from.train, from.y, spec);
          return samplesOf(from).map((data) => ml.measure(ml.predict(model, data), data, from.y, metrics));
        }),
      ),
  ),

  /**
   * A mapper for `mr.mapReduce` over test batches: trains a model on each training set and scores the batch with every
   * one. Pairs of (batch and run of rows, scores): one for each run and model, in the models' order.
   */
  batchPred: rule(
    (test: Ref<Table>, spec: ClassifierSpec, y: string, trains: readonly Ref<Table>[]): Op<KeyedScores> =>
      apply.all(
        keyScores,
        y,
        nodeId(test),
      )([test, ...trains.map((train) => ml.classifyProb(ml.train(train, y, spec), test))] as readonly Ref<
        Table | Probabilities
      >[]),
  ),

  /** The reducer that goes with `batchPred`: averages the models' scores of each run of rows. */
  bagScores: rule(
    (part: Ref<Groups<string, ScoredRows>>): Op<KeyedScores> =>
      apply((groups: Groups<string, ScoredRows>) =>
        groups.map(([key, scores]) => [key, averageScores(scores)] as const),
      )(part),
  ),

  /** What measuring needs of a block of rows: small, whatever the block's size. */
  scoreSummary: rule(
    (predicted: Ref<Prediction>, data: Ref<Table>, y: string, options: SummaryOptions = {}): Op<ScoreSummary> =>
      apply(
        (target: string, how: SummaryOptions, p: Prediction, table: Table) => scoreSummary(p, table, target, how),
        y,
        options,
      )(predicted, data),
  ),

  /**
   * Measures a model, or the average of several, over blocks of rows, of which none is needed together with another: one
   * number a metric.
   */
  scoreBlocks: rule(
    (from: BlockScoring, metrics: readonly Metric[], options: SummaryOptions = {}): Op<Float64Array> =>
      apply.fold({
        init: (): ScoreSummary | null => null,
        step: (so: ScoreSummary | null, next: ScoreSummary) => (so === null ? next : mergeTwo(so, next)),
        finish: (all) => Float64Array.from(metrics, (metric) => measureSummary(metric, all ?? mergeSummaries([]))),
      })(
        from.tests.map((block) => {
          const each = from.models.map((model): Ref<Prediction> => ml.said(model, block));
          return ml.scoreSummary(each.length === 1 ? each[0]! : ml.averaged(each), block, from.y, options);
        }),
      ),
  ),

  /** Probabilities of a classifier, numbers of a regressor. */
  said: rule(
    <M extends Classifier | Regressor>(model: Ref<M>, data: Ref<Table>): Op<PredictedColumns<M>> =>
      apply(said as never as (trained: M, table: Table) => PredictedColumns<M>)(model, data),
  ),

  /** The average of what several models say of the same rows. */
  averaged: rule(
    <P extends Prediction>(all: readonly Ref<P>[]): Op<P> =>
      apply.all(averagePredictions as (all: readonly P[]) => P)(all),
  ),

  /** ROC AUC over all pipes of a `mapReduce` of `batchPred` and `bagScores`. */
  scoreBatches: rule(
    (pipes: Ref<readonly KeyedScores[]>): Op<number> =>
      apply((parts: readonly KeyedScores[]) => aucOfParts(parts.flatMap((part) => part.map(([, scores]) => scores))))(
        pipes,
      ),
  ),
});

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function trainAtom<S extends ModelSpec>(y: TargetOf<S>, spec: S, table: Table): ModelOf<S> {
  return fit(
    seeded(spec, () => ownRandom().uint32()),
    table,
    y,
  );
}

function said(model: Classifier | Regressor, table: Table): Prediction {
  return "classes" in model ? predictProba(model, table) : predict(model, table);
}

function measureAtom(
  y: string,
  metrics: readonly Metric[],
  predicted: Probabilities | Float64Array,
  table: Table,
): Float64Array {
  return Float64Array.from(metrics, (metric) => measure(metric, predicted, table, y));
}

/** Scores of one test batch by each model, cut into keyed runs. */
function keyScores(y: string, batch: string, values: readonly (Table | Probabilities)[]): KeyedScores {
  const [table, ...predictions] = values as readonly [Table, ...Probabilities[]];
  const known = predictions.flatMap(({ classes }) => [...classes]); // a model may have seen no positive row
  return predictions.flatMap((predicted) =>
    splitRows(scoredRows(predicted, table, y, known), RUNS).map((rows, i) => [`${batch}/${i}`, rows] as const),
  );
}
