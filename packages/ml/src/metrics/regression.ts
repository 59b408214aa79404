import { MissingValueError, ShapeError } from "../errors.js";
import { sameLength } from "./checks.js";

/**
 * Root of the mean squared error.
 *
 * @throws ShapeError if lengths differ or are 0; MissingValueError at a number that is not finite.
 */
export function rmse(truth: ArrayLike<number>, said: ArrayLike<number>): number {
  return Math.sqrt(squares(truth, said) / truth.length);
}

/**
 * Mean absolute error.
 *
 * @throws as `rmse`.
 */
export function mae(truth: ArrayLike<number>, said: ArrayLike<number>): number {
  check(truth, said);
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += Math.abs(truth[i]! - said[i]!);
  return sum / truth.length;
}

/**
 * The part of the variance that is explained: 1 less the squared error over that of the mean. Where the truth is constant
 * it is 1 for perfect predictions and 0 for others.
 *
 * @throws as `rmse`.
 */
export function r2(truth: ArrayLike<number>, said: ArrayLike<number>): number {
  const error = squares(truth, said);
  const first = truth[0]!;
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += truth[i]! - first;
  const mean = first + sum / truth.length;
  let all = 0;
  for (let i = 0; i < truth.length; i++) all += (truth[i]! - mean) * (truth[i]! - mean);
  if (all === 0) return error === 0 ? 1 : 0;
  return 1 - error / all;
}

function squares(truth: ArrayLike<number>, said: ArrayLike<number>): number {
  check(truth, said);
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (truth[i]! - said[i]!) * (truth[i]! - said[i]!);
  return sum;
}

function check(truth: ArrayLike<number>, said: ArrayLike<number>): void {
  sameLength(truth.length, said.length, "true numbers", "predictions");
  if (truth.length === 0) throw new ShapeError("There are no rows to judge by; pass at least one.", { found: 0 });
  for (let row = 0; row < truth.length; row++) {
    if (Number.isFinite(truth[row]!) && Number.isFinite(said[row]!)) continue;
    throw new MissingValueError(`Row ${row} has no finite number; remove the row or fill the value.`, {
      column: Number.isFinite(truth[row]!) ? "prediction" : "truth",
      row,
    });
  }
}
