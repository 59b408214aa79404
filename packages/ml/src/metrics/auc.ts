import { ClassCountError, MissingValueError, ShapeError } from "../errors.js";

/**
 * Area under the ROC curve: the probability that a positive row scores above a negative one, ties counting half
 * (Mann-Whitney U over the number of pairs; Hanley and McNeil 1982). Counts are exact up to 2^53 pairs, so the result is
 * correctly rounded and does not depend on the order of the rows.
 *
 * @param labels 1 or true for positive rows, anything else is negative
 * @param scores as long as `labels`; any numbers
 * @throws ShapeError if lengths differ, MissingValueError at a NaN, ClassCountError unless both classes are there.
 * @example
 * rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]); // 0.75
 */
export function rocAuc(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): number {
  if (labels.length !== scores.length) {
    throw new ShapeError(
      `There are ${labels.length} labels and ${scores.length} scores; pass one score for each label.`,
      {
        expected: labels.length,
        found: scores.length,
      },
    );
  }
  const positive = new Float64Array(labels.length);
  const negative = new Float64Array(labels.length);
  let p = 0;
  let n = 0;
  for (let row = 0; row < labels.length; row++) {
    const score = scores[row]!;
    if (Number.isNaN(score)) {
      throw new MissingValueError(`The score of row ${row} is not a number.`, { column: "score", row });
    }
    if (Number(labels[row]) === 1) positive[p++] = score;
    else negative[n++] = score;
  }
  if (p === 0 || n === 0) {
    throw new ClassCountError(
      `All ${labels.length} rows are ${p === 0 ? "negative" : "positive"}; an AUC needs rows of both classes.`,
      { classes: labels.length === 0 ? 0 : 1 },
    );
  }
  return wins(positive.subarray(0, p).sort(), negative.subarray(0, n).sort()) / 2 / (p * n);
}

/** Twice the number of (positive, negative) pairs in which the positive is above, plus the number of ties. */
function wins(positive: Float64Array, negative: Float64Array): number {
  let below = 0; // negatives below the positive's score
  let upTo = 0; // negatives up to it
  let sum = 0;
  for (let i = 0; i < positive.length; i++) {
    const score = positive[i]!;
    while (below < negative.length && negative[below]! < score) below++;
    if (upTo < below) upTo = below;
    while (upTo < negative.length && negative[upTo]! <= score) upTo++;
    sum += below + upTo;
  }
  return sum;
}

/**
 * The Gini coefficient of a score: 2 AUC - 1, from -1 to 1, 0 for a score that says nothing.
 *
 * @throws as `rocAuc`.
 */
export function gini(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): number {
  return 2 * rocAuc(labels, scores) - 1;
}
