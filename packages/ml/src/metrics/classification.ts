import { ShapeError } from "../errors.js";
import type { Probabilities } from "../model/probabilities.js";
import type { Classes, Label } from "../table/classes.js";
import { sameLength } from "./checks.js";

/** How often rows of each class were said to be of each class: `counts[truth * classes + said]`. */
export interface Confusion {
  /** All classes of either side, sorted. */
  readonly classes: readonly Label[];
  readonly counts: Float64Array;
}

/** What each class comes to. A share without rows is 0. */
export interface ClassScores {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly f1: Float64Array;
  /** Rows of the class. */
  readonly support: Float64Array;
}

/** @throws ShapeError if they are of different numbers of rows, or of none. */
export function confusion(truth: Classes, said: Classes): Confusion {
  sameLength(truth.codes.length, said.codes.length, "true classes", "predictions");
  if (truth.codes.length === 0) throw new ShapeError("There are no rows to judge by; pass at least one.", { found: 0 });
  const classes = [...new Set([...truth.classes, ...said.classes])].sort((a, b) => (a < b ? -1 : 1));
  const rankOfTruth = truth.classes.map((label) => classes.indexOf(label));
  const rankOfSaid = said.classes.map((label) => classes.indexOf(label));
  const counts = new Float64Array(classes.length * classes.length);
  for (let row = 0; row < truth.codes.length; row++) {
    counts[rankOfTruth[truth.codes[row]!]! * classes.length + rankOfSaid[said.codes[row]!]!]!++;
  }
  return { classes, counts };
}

/** The part of the rows that were said right. */
export function accuracy({ classes, counts }: Confusion): number {
  let right = 0;
  let all = 0;
  for (let i = 0; i < counts.length; i++) {
    all += counts[i]!;
    if (i % (classes.length + 1) === 0) right += counts[i]!;
  }
  return right / all;
}

/** Precision, recall and F1 of each class, in the order of the classes. */
export function classScores({ classes, counts }: Confusion): ClassScores {
  const n = classes.length;
  const each = (f: (k: number) => number): Float64Array => Float64Array.from(classes, (_, k) => f(k));
  const hits = each((k) => counts[k * n + k]!);
  const support = each((k) => counts.subarray(k * n, (k + 1) * n).reduce((a, b) => a + b, 0));
  const said = each((k) => classes.reduce((sum: number, _, truth) => sum + counts[truth * n + k]!, 0));
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  return {
    precision: each((k) => share(hits[k]!, said[k]!)),
    recall: each((k) => share(hits[k]!, support[k]!)),
    f1: each((k) => share(2 * hits[k]!, said[k]! + support[k]!)),
    support,
  };
}

/** F1 of the greater of two classes (the positive one); of more classes the mean, each counting the same. */
export function f1Score(found: Confusion): number {
  const { f1 } = classScores(found);
  return f1.length === 2 ? f1[1]! : f1.reduce((a, b) => a + b, 0) / f1.length;
}

/** Probabilities are held this far from 0 and 1, as in scikit-learn (the resolution of 64-bit floats). */
const EPSILON = 2.220446049250313e-16;

/**
 * The mean of minus the logarithm of the probability of the true class; a class that the model does not know has
 * probability 0, which counts as 2.2e-16.
 *
 * @throws ShapeError if they are of different numbers of rows, or of none.
 */
export function logLoss(truth: Classes, { classes, values }: Probabilities): number {
  const rows = values.length / classes.length;
  sameLength(truth.codes.length, rows, "true classes", "predictions");
  if (rows === 0) throw new ShapeError("There are no rows to judge by; pass at least one.", { found: 0 });
  const place = truth.classes.map((label) => classes.indexOf(label));
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const k = place[truth.codes[row]!]!;
    const p = k < 0 ? 0 : values[row * classes.length + k]!;
    sum -= Math.log(Math.min(1 - EPSILON, Math.max(EPSILON, p)));
  }
  return sum / rows;
}
