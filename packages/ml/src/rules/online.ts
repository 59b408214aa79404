import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import type { Prediction } from "../model/average.js";
import type { PredictionOf, StackedSpec } from "../stacking/stacking.js";
import { runningAverage } from "../stream/running-average.js";
import { type ScoreSoFar, type StreamLearning, scoreSoFar } from "../stream/score-so-far.js";
import { ml } from "./ml.js";

/**
 * Learning from blocks as they come in: rules over `stream.source`, for `graph.stream` (or, in a batch, `stream.outputs`
 * and `stream.final`).
 *
 * @example
 * const block = stream.source<Table>("block");
 * const score = ml.score(online.predict(block, test, "isFraud", forest), test, "isFraud");
 * for await (const auc of graph.stream(score, { source: blocks })) console.log(auc);
 */
export const online = namespace("online", {
  /**
   * Trains a model on each block, and averages what the models so far say of the same rows. One array is kept, and no
   * model.
   */
  predict: rule(
    <S extends StackedSpec>(block: Ref<Table>, test: Ref<Table>, y: string, spec: S): Ref<PredictionOf<S>> =>
      online.average(ml.said(ml.train<StackedSpec>(block, y, spec), test)) as Ref<PredictionOf<S>>,
  ),

  /** The average of all predictions so far for the same rows. */
  average: rule(
    <P extends Prediction>(predicted: Ref<P>): Op<P> =>
      apply(runningAverage as never as (predicted: P) => P)(predicted),
  ),

  /**
   * The score so far: each block is predicted by the average of the models so far, then a model is trained on it. Every row
   * is judged once, by models that have not seen it.
   */
  score: rule((block: Ref<Table>, how: StreamLearning): Op<ScoreSoFar> => apply(scoreSoFar, how)(block)),
});
