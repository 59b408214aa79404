import { ClassCountError, MissingValueError } from "../errors.js";
import { sameLength } from "./checks.js";

/** Points of a curve, from the highest threshold to the lowest. */
export interface RocCurve {
  /** Part of the negatives at or above the threshold. */
  readonly fpr: Float64Array;
  /** Part of the positives at or above the threshold. */
  readonly tpr: Float64Array;
  /** The first is infinite: nothing is at or above it. */
  readonly thresholds: Float64Array;
}

/** Points of a curve, from the highest threshold to the lowest. */
export interface PrCurve {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly thresholds: Float64Array;
}

/** Points of a curve, from the highest threshold to the lowest. */
export interface GainsCurve {
  /** Part of all rows at or above the threshold. */
  readonly rows: Float64Array;
  /** Part of the positives there. */
  readonly found: Float64Array;
}

/** Rows of about equal scores: how often they were positive beside how often the scores say so. */
export interface CalibrationCurve {
  /** Mean score of each bin that has rows. */
  readonly predicted: Float64Array;
  /** Share of positives in it. */
  readonly observed: Float64Array;
  readonly rows: Float64Array;
}

/** Counts at each distinct score, from the highest down. */
interface Steps {
  readonly thresholds: Float64Array;
  /** Positives and negatives at or above the threshold. */
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/**
 * The ROC curve: a point for each distinct score, and (0, 0) first.
 *
 * @param labels 1 or true for positive rows, anything else is negative
 * @throws ShapeError if lengths differ, MissingValueError at a NaN, ClassCountError unless both classes are there.
 */
export function rocCurve(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): RocCurve {
  const { thresholds, positives, negatives } = stepsOf(labels, scores);
  const [p, n] = [positives.at(-1)!, negatives.at(-1)!];
  if (n === 0) throw oneClass(labels.length);
  const start = Float64Array.of(0);
  return {
    fpr: joined(
      start,
      negatives.map((count) => count / n),
    ),
    tpr: joined(
      start,
      positives.map((count) => count / p),
    ),
    thresholds: joined(Float64Array.of(Number.POSITIVE_INFINITY), thresholds),
  };
}

/**
 * Precision and recall at each distinct score.
 *
 * @throws as `rocCurve`; negatives may be missing.
 */
export function prCurve(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): PrCurve {
  const { thresholds, positives, negatives } = stepsOf(labels, scores);
  const p = positives.at(-1)!;
  return {
    precision: positives.map((count, i) => count / (count + negatives[i]!)),
    recall: positives.map((count) => count / p),
    thresholds,
  };
}

/**
 * Cumulative gains: which part of the positives is among the best-scored part of the rows; a point for each distinct score,
 * and (0, 0) first.
 *
 * @throws as `prCurve`.
 */
export function gainsCurve(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): GainsCurve {
  const { positives, negatives } = stepsOf(labels, scores);
  const p = positives.at(-1)!;
  const start = Float64Array.of(0);
  return {
    rows: joined(
      start,
      positives.map((count, i) => (count + negatives[i]!) / labels.length),
    ),
    found: joined(
      start,
      positives.map((count) => count / p),
    ),
  };
}

/**
 * Average precision: the area under the precision and recall curve as a sum of steps, as scikit-learn's
 * average_precision_score.
 *
 * @throws as `prCurve`.
 */
export function prAuc(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): number {
  const { precision, recall } = prCurve(labels, scores);
  let sum = 0;
  for (let i = 0; i < recall.length; i++) sum += (recall[i]! - (recall[i - 1] ?? 0)) * precision[i]!;
  return sum;
}

/**
 * How often rows were positive, in bins of equal width over the scores from 0 to 1, each with its upper edge. Bins without rows are left out.
 *
 * @throws ShapeError if lengths differ, MissingValueError at a NaN.
 */
export function calibrationCurve(
  labels: ArrayLike<number | boolean>,
  scores: ArrayLike<number>,
  bins = 10,
): CalibrationCurve {
  sameLength(labels.length, scores.length, "labels", "scores");
  const rows = new Float64Array(bins);
  const predicted = new Float64Array(bins);
  const observed = new Float64Array(bins);
  for (let i = 0; i < scores.length; i++) {
    const score = numberAt(scores, i);
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(score * bins) - 1));
    rows[bin]!++;
    predicted[bin]! += score;
    observed[bin]! += Number(Number(labels[i]) === 1);
  }
  const share = (_: number, bin: number): boolean => rows[bin]! > 0;
  return {
    predicted: predicted.map((sum, bin) => sum / rows[bin]!).filter(share),
    observed: observed.map((sum, bin) => sum / rows[bin]!).filter(share),
    rows: rows.filter((count) => count > 0),
  };
}

function stepsOf(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): Steps {
  sameLength(labels.length, scores.length, "labels", "scores");
  const all = Float64Array.from({ length: scores.length }, (_, i) => numberAt(scores, i));
  const rank = new Map<number, number>();
  const thresholds = all
    .slice()
    .sort()
    .reverse()
    .filter((score, i, sorted) => i === 0 || score !== sorted[i - 1]);
  thresholds.forEach((score, i) => {
    rank.set(score, i);
  });
  const positives = new Float64Array(thresholds.length);
  const negatives = new Float64Array(thresholds.length);
  for (let i = 0; i < all.length; i++) (Number(labels[i]) === 1 ? positives : negatives)[rank.get(all[i]!)!]!++;
  for (let i = 1; i < thresholds.length; i++) {
    positives[i]! += positives[i - 1]!;
    negatives[i]! += negatives[i - 1]!;
  }
  if (!((positives.at(-1) ?? 0) > 0)) throw oneClass(labels.length);
  return { thresholds, positives, negatives };
}

function numberAt(scores: ArrayLike<number>, row: number): number {
  const score = scores[row]!;
  if (Number.isNaN(score)) {
    throw new MissingValueError(`The score of row ${row} is not a number.`, { column: "score", row });
  }
  return score;
}

function oneClass(rows: number): ClassCountError {
  return new ClassCountError(`All ${rows} rows are of one class; this curve needs positive and negative rows.`, {
    classes: rows === 0 ? 0 : 1,
  });
}

function joined(first: Float64Array, rest: Float64Array): Float64Array {
  const all = new Float64Array(first.length + rest.length);
  all.set(first);
  all.set(rest, first.length);
  return all;
}
