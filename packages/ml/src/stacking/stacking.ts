import type { Ref } from "@graphvm/rules";
import { Float64, makeData, type Table } from "apache-arrow";
import { StackingError } from "../errors.js";
import type { Prediction } from "../model/average.js";
import { type Probabilities, probabilityOf } from "../model/probabilities.js";
import type { ClassifierSpec, RegressorSpec } from "../model/specs.js";
import { tableOf, toData } from "../table/build.js";
import type { Label } from "../table/classes.js";
import { flatColumn } from "../table/columns.js";

/** Models that can be stacked: classifiers on classifiers, regressors on regressors. */
export type StackedSpec = ClassifierSpec | RegressorSpec;

/** What a model of that specification says of rows. */
export type PredictionOf<S extends StackedSpec> = S extends ClassifierSpec ? Probabilities : Float64Array;

/** Models over blocks, and the model that learns from what they say. */
export interface Stacking<S extends StackedSpec = StackedSpec> {
  /** One of each is trained on every block; by a name of your own. */
  readonly models: { readonly [name: string]: S };
  /** Learns from what the others say of blocks that they have not seen. */
  readonly final: S;
  /** The column to learn. */
  readonly y: string;
  /** Blocks of rows to learn from, two at least. */
  readonly trains: readonly Ref<Table>[];
}

/** @throws StackingError without a model, with one that has the column's name, or with fewer than two blocks. */
export function checkStacking({ models, trains, y }: Stacking): void {
  if (Object.keys(models).length === 0) {
    throw new StackingError("There is no model to stack; name one or more in models.", { models: 0 });
  }
  if (Object.hasOwn(models, y)) {
    throw new StackingError(`A model is named as the column to learn, "${y}"; give it another name.`, { models: y });
  }
  if (trains.length < 2) {
    throw new StackingError(
      `There are ${trains.length} blocks to learn from; stacking needs two, so that models are judged by rows they have not seen.`,
      { blocks: trains.length },
    );
  }
}

/** All classes that any of the models knows, sorted; none for models of numbers. */
export function classesOfModels(models: readonly object[]): readonly Label[] {
  const known = models.flatMap((model) => ("classes" in model ? [...(model.classes as readonly Label[])] : []));
  return [...new Set(known)].sort((a, b) => (a < b ? -1 : 1));
}

/**
 * A row's features for the final model: what each of the others says of it. Of n classes a model's n - 1 last
 * probabilities (`forest=1`), of numbers the number (`forest`).
 *
 * @param y the column to learn, where it is to be among them
 * @param values all classes there are, the rows, and a prediction for each of the names
 */
export function stackedTable(
  names: readonly string[],
  y: string | null,
  values: readonly (readonly Label[] | Table | Prediction)[],
): Table {
  const [classes, table, ...predictions] = values as readonly [readonly Label[], Table, ...Prediction[]];
  const columns = predictions.flatMap((predicted, i) => columnsOf(names[i]!, classes, predicted));
  const data = columns.map(([, numbers]) =>
    makeData({ type: new Float64(), length: table.numRows, nullCount: 0, data: numbers }),
  );
  const made = columns.map(([name]) => name);
  if (y === null) return tableOf(made, data, table.numRows);
  return tableOf([...made, y], [...data, toData(flatColumn(table, y))], table.numRows);
}

function columnsOf(name: string, classes: readonly Label[], predicted: Prediction): [string, Float64Array][] {
  if (predicted instanceof Float64Array) return [[name, predicted]];
  return classes
    .slice(Math.min(1, classes.length - 1))
    .map((label) => [`${name}=${label}`, probabilityOf(predicted, label)]);
}
