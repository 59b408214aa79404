import type { Table } from "apache-arrow";
import { ClassCountError, ShapeError } from "../errors.js";
import { rocAuc } from "../metrics/auc.js";
import { classesOf, type Label } from "../table/classes.js";
import { type Probabilities, probabilityOf } from "./probabilities.js";

/** Rows with what is true of them and how a model scores them. */
export interface ScoredRows {
  /** 1 for the positive class, 0 for the other. */
  readonly labels: Uint8Array;
  /** Probability of the positive class. */
  readonly scores: Float64Array;
}

/**
 * Scored rows from probabilities and the table they were predicted for. Of the two classes the greater is the positive
 * one: 1 of 0 and 1, true of false and true, "yes" of "no" and "yes". Where only one class is known, 1 and true are
 * positive.
 *
 * @param also classes that are known from elsewhere, such as from other models
 * @throws ClassCountError if more than two classes are known, or a single text; ShapeError if the numbers of rows differ;
 * MissingColumnError, MissingValueError
 */
export function scoredRows(predicted: Probabilities, table: Table, y: string, also: readonly Label[] = []): ScoredRows {
  const { classes, codes } = classesOf(table, y);
  const positive = positiveOf([...new Set([...predicted.classes, ...classes, ...also])], y);
  const scores = probabilityOf(predicted, positive);
  if (scores.length !== codes.length) {
    throw new ShapeError(
      `There are predictions for ${scores.length} rows and a table of ${codes.length}; pass the table that was predicted.`,
      { expected: codes.length, found: scores.length },
    );
  }
  const code = classes.indexOf(positive);
  return { labels: Uint8Array.from(codes, (each) => (each === code ? 1 : 0)), scores };
}

function positiveOf(known: readonly Label[], y: string): Label {
  const [only] = known;
  if (known.length === 2) return [...known].sort((a, b) => (a < b ? -1 : 1))[1]!;
  if (known.length === 1 && typeof only !== "string") return typeof only === "boolean" ? true : 1;
  throw new ClassCountError(`"${y}" has ${known.length} classes; this score is for two.`, { classes: known.length });
}

/**
 * ROC AUC of predictions for a table.
 *
 * @throws as `scoredRows` and `rocAuc`.
 */
export function aucOf(predicted: Probabilities, table: Table, y: string): number {
  const { labels, scores } = scoredRows(predicted, table, y);
  return rocAuc(labels, scores);
}

/** Cuts rows into that many runs of about equal length, in order; empty runs are left out. */
export function splitRows({ labels, scores }: ScoredRows, runs: number): ScoredRows[] {
  const cut = (i: number): number => Math.floor((i * labels.length) / runs);
  return Array.from({ length: runs }, (_, i) => ({
    labels: labels.slice(cut(i), cut(i + 1)),
    scores: scores.slice(cut(i), cut(i + 1)),
  })).filter((run) => run.labels.length > 0);
}

/**
 * Averages the scores that several models give the same rows, in the order given.
 *
 * @throws ShapeError if there are none or the labels are not the same.
 */
export function averageScores(all: readonly ScoredRows[]): ScoredRows {
  const first = all[0];
  if (first === undefined) throw new ShapeError("There are no scores to average; pass at least one.", { found: 0 });
  const scores = new Float64Array(first.scores.length);
  for (const each of all) {
    if (each.labels.length !== scores.length || each.labels.some((label, row) => label !== first.labels[row])) {
      throw new ShapeError("Scores of different rows can't be averaged; pass scores of the same rows.", {
        expected: scores.length,
        found: each.labels.length,
      });
    }
    for (let row = 0; row < scores.length; row++) scores[row]! += each.scores[row]!;
  }
  for (let row = 0; row < scores.length; row++) scores[row]! /= all.length;
  return { labels: first.labels, scores };
}

/**
 * ROC AUC over rows that come in parts, in any order.
 *
 * @throws as `rocAuc`.
 */
export function aucOfParts(parts: readonly ScoredRows[]): number {
  const rows = parts.reduce((sum, part) => sum + part.labels.length, 0);
  const labels = new Uint8Array(rows);
  const scores = new Float64Array(rows);
  let at = 0;
  for (const part of parts) {
    labels.set(part.labels, at);
    scores.set(part.scores, at);
    at += part.labels.length;
  }
  return rocAuc(labels, scores);
}
