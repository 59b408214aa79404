import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import type { Prediction } from "../model/average.js";
import type { Classifier, ModelOf, Regressor, TargetOf } from "../model/models.js";
import {
  checkStacking,
  classesOfModels,
  type PredictionOf,
  type StackedSpec,
  type Stacking,
  stackedTable,
} from "../stacking/stacking.js";
import type { Label } from "../table/classes.js";
import { ds } from "./ds.js";
import { ml } from "./ml.js";

/**
 * Stacking over blocks (Wolpert 1992, "Stacked generalization"): a model of each kind is trained on every block, and a
 * final one learns from what they say of blocks that they have not seen. No node needs more than one block of rows.
 *
 * @example
 * const from = { models: { trees: forest, bayes: { model: "GaussianNB" } }, final: { model: "LogisticRegression" }, y, trains };
 * const auc = ml.score(stack.predict(from, test), test, y);
 */
export const stack = namespace("stack", {
  /**
   * The final model. It learns from what the models say of each training block, where those that were trained on that
   * block have no say.
   */
  train: rule(<S extends StackedSpec>(from: Stacking<S>): Ref<ModelOf<S>> => {
    checkStacking(from);
    const rows = ds.concat(from.trains.map((block, i) => stack.features(from, block, i)));
    return ml.train<S>(rows, from.y as TargetOf<S>, from.final);
  }),

  /** What a stacking says of rows: the models of all blocks are averaged, and the final model judges by that. */
  predict: rule(
    <S extends StackedSpec>(from: Stacking<S>, data: Ref<Table>): Ref<PredictionOf<S>> =>
      ml.said(stack.train(from) as Ref<Classifier | Regressor>, stack.features(from, data, null)) as Ref<
        PredictionOf<S>
      >,
  ),

  /**
   * What the models say of a block, a column or more a model: the average of those of all training blocks but the one
   * left out, with the column to learn; or, with null, of all of them.
   */
  features: rule((from: Stacking, data: Ref<Table>, leftOut: number | null): Op<Table> => {
    checkStacking(from);
    const trains = from.trains.filter((_, i) => i !== leftOut);
    const said = Object.values(from.models).map(
      (spec): Ref<Prediction> => ml.averaged(trains.map((train) => ml.said(ml.train(train, from.y, spec), data))),
    );
    return apply.all(
      stackedTable,
      Object.keys(from.models),
      leftOut === null ? null : from.y,
    )([stack.classes(from), data, ...said] as readonly Ref<readonly Label[] | Table | Prediction>[]);
  }),

  /** The classes that the models know between them. */
  classes: rule(
    (from: Stacking): Op<readonly Label[]> =>
      apply.all(classesOfModels)(
        Object.values(from.models).flatMap((spec) =>
          from.trains.map((train): Ref<object> => ml.train(train, from.y, spec)),
        ),
      ),
  ),
});
