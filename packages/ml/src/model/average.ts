import { ShapeError } from "../errors.js";
import { averageProbabilities, type Probabilities } from "./probabilities.js";

/** What models say of rows: probabilities of classes, or a number each. */
export type Prediction = Probabilities | Float64Array;

/**
 * Averages what several models say of the same rows, in the order given.
 *
 * @throws ShapeError if there are none, if they are for different numbers of rows, or if some are numbers and some classes.
 */
export function averagePredictions<P extends Prediction>(all: readonly P[]): P {
  const numbers = all.filter((each): each is P & Float64Array => each instanceof Float64Array);
  if (numbers.length === 0) return averageProbabilities(all as readonly Probabilities[]) as P;
  if (numbers.length < all.length) {
    throw new ShapeError("Some models say classes and some numbers; average those of one kind.", { found: 2 });
  }
  return averageNumbers(numbers) as Prediction as P;
}

function averageNumbers(all: readonly Float64Array[]): Float64Array {
  const sums = new Float64Array(all[0]!.length);
  for (const each of all) {
    if (each.length !== sums.length) {
      throw new ShapeError(
        `Predictions for ${each.length} rows can't be averaged with predictions for ${sums.length}.`,
        { expected: sums.length, found: each.length },
      );
    }
    for (let row = 0; row < sums.length; row++) sums[row]! += each[row]!;
  }
  return sums.map((sum) => sum / all.length);
}
