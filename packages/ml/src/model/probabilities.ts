import { ShapeError } from "../errors.js";
import type { Label } from "../table/classes.js";

/** Class probabilities, row after row: `values[row * classes.length + k]` belongs to `classes[k]`. */
export interface Probabilities {
  /** Sorted. */
  readonly classes: readonly Label[];
  readonly values: Float64Array;
}

/**
 * Averages the probabilities that several models give the same rows, in the order given. A class that a model never saw
 * has probability 0 there; the result has all classes.
 *
 * @throws ShapeError if there are none, or they are for different numbers of rows.
 */
export function averageProbabilities(all: readonly Probabilities[]): Probabilities {
  const first = all[0];
  if (first === undefined)
    throw new ShapeError("There are no predictions to average; pass at least one.", { found: 0 });
  const classes = [...new Set(all.flatMap((each) => [...each.classes]))].sort((a, b) => (a < b ? -1 : 1));
  const rows = first.values.length / first.classes.length;
  const width = classes.length;
  const values = new Float64Array(rows * width);
  for (const each of all) {
    const own = each.classes.length;
    if (each.values.length !== rows * own) {
      const found = each.values.length / own;
      throw new ShapeError(`Predictions for ${found} rows can't be averaged with predictions for ${rows}.`, {
        expected: rows,
        found,
      });
    }
    each.classes.forEach((label, k) => {
      const to = classes.indexOf(label);
      for (let row = 0; row < rows; row++) values[row * width + to]! += each.values[row * own + k]!;
    });
  }
  for (let i = 0; i < values.length; i++) values[i]! /= all.length;
  return { classes, values };
}

/** The probability of one class for each row: 0 everywhere if the model never saw it. */
export function probabilityOf({ classes, values }: Probabilities, label: Label): Float64Array {
  const width = classes.length;
  const k = classes.indexOf(label);
  const column = new Float64Array(values.length / width);
  if (k >= 0) for (let row = 0; row < column.length; row++) column[row] = values[row * width + k]!;
  return column;
}
