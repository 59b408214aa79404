import { ClassCountError } from "../errors.js";

/** How often each score was given to positive and to negative rows: all that curves need to know of rows. */
export interface ScoreCounts {
  /** Distinct, from the least to the greatest. */
  readonly scores: Float64Array;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
  /** Scores are rounded down to multiples of this power of two; 0 where they are exact. */
  readonly step: number;
}

/** The finest step, where exact scores are too many. */
const FINEST = 1 / (1 << 30);

/**
 * Counts rows by score. Of more than `limit` distinct scores, all are rounded down to multiples of the least power of two
 * that leaves no more than that.
 *
 * @param labels 1 for positive rows, 0 for others
 */
export function countScores(labels: Uint8Array, scores: Float64Array, limit: number): ScoreCounts {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  return fitted(
    {
      scores: Float64Array.from(order, (i) => scores[i]!),
      positives: Float64Array.from(order, (i) => labels[i]!),
      negatives: Float64Array.from(order, (i) => 1 - labels[i]!),
      step: 0,
    },
    limit,
  );
}

/** The counts of both together: the same in whatever order and groups parts are merged. */
export function mergeCounts(a: ScoreCounts, b: ScoreCounts, limit: number): ScoreCounts {
  const step = Math.max(a.step, b.step);
  const [x, y] = [rounded(a, step), rounded(b, step)];
  const rows = x.scores.length + y.scores.length;
  const merged = {
    scores: new Float64Array(rows),
    positives: new Float64Array(rows),
    negatives: new Float64Array(rows),
    step,
  };
  for (let i = 0, j = 0, at = 0; at < rows; at++) {
    const takesX = j === y.scores.length || (i < x.scores.length && x.scores[i]! <= y.scores[j]!);
    const [from, k] = takesX ? [x, i++] : [y, j++];
    merged.scores[at] = from.scores[k]!;
    merged.positives[at] = from.positives[k]!;
    merged.negatives[at] = from.negatives[k]!;
  }
  return fitted(merged, limit);
}

/** Equal neighbours become one, at the least step that leaves `limit` of them. */
function fitted(counts: ScoreCounts, limit: number): ScoreCounts {
  let found = rounded(counts, counts.step);
  for (let step = Math.max(FINEST, counts.step); found.scores.length > limit; step *= 2) found = rounded(found, step);
  return found;
}

function rounded(counts: ScoreCounts, step: number): ScoreCounts {
  const keys = step === 0 ? counts.scores : counts.scores.map((score) => Math.floor(score / step) * step);
  const scores = keys.filter((key, i) => i === 0 || key !== keys[i - 1]);
  const positives = new Float64Array(scores.length);
  const negatives = new Float64Array(scores.length);
  for (let i = 0, at = 0; i < keys.length; i++) {
    if (keys[i] !== scores[at]) at++;
    positives[at]! += counts.positives[i]!;
    negatives[at]! += counts.negatives[i]!;
  }
  return { scores, positives, negatives, step };
}

/**
 * ROC AUC, ties counting half, and how far that of the exact scores may be from it: 0 where scores are exact.
 *
 * @throws ClassCountError unless both classes are there.
 */
export function aucOfCounts({ positives, negatives, step }: ScoreCounts): { auc: number; within: number } {
  let below = 0;
  let wins = 0;
  let ties = 0;
  let p = 0;
  for (let i = 0; i < positives.length; i++) {
    wins += positives[i]! * below;
    ties += positives[i]! * negatives[i]!;
    below += negatives[i]!;
    p += positives[i]!;
  }
  if (p === 0 || below === 0) throw oneClass(p + below);
  // Doubled, so that all sums are whole numbers: as exact as `rocAuc`.
  return { auc: (2 * wins + ties) / 2 / (p * below), within: step === 0 ? 0 : ties / 2 / (p * below) };
}

/** @throws ClassCountError without positive rows. */
export function prAucOfCounts({ positives, negatives }: ScoreCounts): number {
  const p = positives.reduce((a, b) => a + b, 0);
  if (p === 0) throw oneClass(negatives.reduce((a, b) => a + b, 0));
  let sum = 0;
  let hits = 0;
  let above = 0;
  for (let i = positives.length - 1; i >= 0; i--) {
    const recall = hits / p;
    hits += positives[i]!;
    above += positives[i]! + negatives[i]!;
    sum += (hits / p - recall) * (hits / above);
  }
  return sum;
}

function oneClass(rows: number): ClassCountError {
  return new ClassCountError(`All ${rows} rows are of one class; this measure needs positive and negative rows.`, {
    classes: rows === 0 ? 0 : 1,
  });
}
