import { apply, namespace, type Op, Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { EstimatorError } from "../errors.js";
import type { Probabilities } from "../model/probabilities.js";
import type { PyModel } from "../python/model.js";
import type { PyOptions } from "../python/options.js";
import { type PyPredicted, pyPredict, pyPredictProba } from "../python/py-predict.js";
import { pyScore } from "../python/py-score.js";
import { pyTrain } from "../python/py-train.js";

/** Models from Python. */
export const py = namespace("py", {
  /**
   * A Python estimator, trained on every column but `y` (null where there is nothing to learn from), with random numbers of
   * the node's own.
   */
  train: rule(
    (data: Ref<Table>, y: string | null, estimator: string, options: PyOptions = {}): Op<PyModel> =>
      apply(pyTrain, estimator, options, y)(data),
  ),

  /** What a model says of each row: its class, or a number. */
  predict: rule(
    <M extends PyModel>(model: Ref<M>, data: Ref<Table>): Op<PyPredicted<M>> =>
      apply(async (trained: M, table: Table) => pyPredict(trained, table))(computed(model), data),
  ),

  /** The probability of each class for each row: what `ml.score`, `ml.measure` and `ml.bagPred` take. */
  classifyProb: rule(
    (model: Ref<PyModel>, data: Ref<Table>): Op<Probabilities> => apply(pyPredictProba)(computed(model), data),
  ),

  /** What the estimator's own `score` says. */
  score: rule(
    (model: Ref<PyModel>, data: Ref<Table>, y: string | null): Op<number> =>
      apply(async (target: string | null, trained: PyModel, table: Table) => pyScore(trained, table, target), y)(
        computed(model),
        data,
      ),
  ),
});

/** Reading a model runs code, so that it must be a node's value, whose digest stands in the recording. */
function computed<M extends PyModel>(model: Ref<M>): Ref<M> {
  if (model instanceof Ref) return model;
  throw new EstimatorError(
    "A model is given to py.predict, py.classifyProb and py.score as the ref of the node that computes it, such as py.train(...).",
    {},
  );
}
