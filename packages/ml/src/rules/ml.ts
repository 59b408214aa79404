import { createRandom, currentAtom, type Random } from "@graphvm/engine";
import { apply, type Groups, namespace, nodeId, type Op, type Pairs, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { fit, predictProba } from "../model/fit.js";
import { averageProbabilities, type Probabilities } from "../model/probabilities.js";
import { aucOf, aucOfParts, averageScores, type ScoredRows, scoredRows, splitRows } from "../model/scored-rows.js";
import type { ExtraTreesSpec } from "../model/specs.js";
import type { ForestModel } from "../model/trees.js";
import { downsample, undersample } from "../table/sample.js";

/** Scored rows under a key that names the batch and the run of rows in it. */
export type KeyedScores = Pairs<string, ScoredRows>;

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

  /** A model of column `y` from every other column. A specification without a seed gets one from the node. */
  train: rule((data: Ref<Table>, y: string, spec: ExtraTreesSpec): Op<ForestModel> => apply(trainAtom, y, spec)(data)),

  /** The probability of each class for each row; of several models, the average. */
  classifyProb: rule(
    (
      model: Ref<ForestModel> | readonly Ref<ForestModel>[],
      data: Ref<Table>,
    ): Op<Probabilities> | Ref<Probabilities> =>
      isList(model)
        ? ml.bagPred(model.map((each): Ref<Probabilities> => ml.classifyProb(each, data)))
        : apply((trained: ForestModel, table: Table) => predictProba(trained, table))(model, data),
  ) as (model: Ref<ForestModel> | readonly Ref<ForestModel>[], data: Ref<Table>) => Ref<Probabilities>,

  /** The average of several models' probabilities for the same rows, in the order given. */
  bagPred: rule(
    (predictions: readonly Ref<Probabilities>[]): Op<Probabilities> => apply.all(averageProbabilities)(predictions),
  ),

  /** ROC AUC of predictions for a table whose column `y` says what is true. */
  score: rule(
    (predicted: Ref<Probabilities>, data: Ref<Table>, y: string): Op<number> =>
      apply((target: string, p: Probabilities, table: Table) => aucOf(p, table, target), y)(predicted, data),
  ),

  /**
   * A mapper for `mr.mapReduce` over test batches: trains a model on each training set and scores the batch with every
   * one. Pairs of (batch and run of rows, scores): one for each run and model, in the models' order.
   */
  batchPred: rule(
    (test: Ref<Table>, spec: ExtraTreesSpec, y: string, trains: readonly Ref<Table>[]): Op<KeyedScores> =>
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

/** The running node's generator: the same numbers wherever and whenever the node runs. */
function ownRandom(): Random {
  return currentAtom()?.random ?? createRandom(0);
}

function trainAtom(y: string, spec: ExtraTreesSpec, table: Table): ForestModel {
  return fit(spec.seed === undefined ? { ...spec, seed: ownRandom().uint32() } : spec, table, y);
}

/** Scores of one test batch by each model, cut into keyed runs. */
function keyScores(y: string, batch: string, values: readonly (Table | Probabilities)[]): KeyedScores {
  const [table, ...predictions] = values as readonly [Table, ...Probabilities[]];
  const known = predictions.flatMap(({ classes }) => [...classes]); // a model may have seen no positive row
  return predictions.flatMap((predicted) =>
    splitRows(scoredRows(predicted, table, y, known), RUNS).map((rows, i) => [`${batch}/${i}`, rows] as const),
  );
}
