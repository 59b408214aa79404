import { defineStateful } from "@graphvm/engine";
import { averagePredictions, type Prediction } from "../model/average.js";
import type { Probabilities } from "../model/probabilities.js";
import type { Label } from "../table/classes.js";

interface Running {
  /** How many predictions there were. */
  readonly n: number;
  /** Of classes, where the predictions are. */
  readonly classes: readonly Label[] | null;
  readonly sums: Float64Array;
}

/**
 * The average of all predictions so far for the same rows: what `averagePredictions` gives of all of them, to the bit, with
 * one array kept.
 */
export const runningAverage = defineStateful({
  state: (): Running => ({ n: 0, classes: null, sums: new Float64Array(0) }),
  next: ({ n, classes, sums }: Running, predicted: Prediction): Running => {
    const before = n === 0 ? [] : [predictionOf(classes, sums)];
    const both = averagePredictions([...before, predicted]);
    const values = both instanceof Float64Array ? both : both.values;
    const total = before.length === 0 ? values : values.map((value) => value * 2); // halves and doubles are exact
    return { n: n + 1, classes: both instanceof Float64Array ? null : both.classes, sums: total };
  },
  value: ({ n, classes, sums }: Running): Prediction =>
    predictionOf(
      classes,
      sums.map((sum) => sum / n),
    ),
});

function predictionOf(classes: readonly Label[] | null, values: Float64Array): Prediction {
  return classes === null ? values : ({ classes, values } satisfies Probabilities);
}
