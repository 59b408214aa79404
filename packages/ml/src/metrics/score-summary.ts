import type { Table } from "apache-arrow";
import { ClassCountError, ShapeError } from "../errors.js";
import { mostProbable } from "../model/fit.js";
import { badOption, isWhole } from "../model/options.js";
import type { Probabilities } from "../model/probabilities.js";
import { scoredRows } from "../model/scored-rows.js";
import { targetNumbers } from "../model/targets.js";
import { classesOf, type Label } from "../table/classes.js";
import { accuracy, type Confusion, confusion, f1Score, logLoss } from "./classification.js";
import type { Metric } from "./metrics.js";
import { mae, rmse } from "./regression.js";
import { aucOfCounts, countScores, mergeCounts, prAucOfCounts, type ScoreCounts } from "./score-counts.js";

/** What measuring keeps of rows and their predicted classes. */
export interface ClassSummary {
  readonly kind: "classes";
  readonly rows: number;
  readonly confusion: Confusion;
  /** Sum over the rows. */
  readonly logLoss: number;
  /** Of two classes: rows by the score of the greater one. Null for more classes. */
  readonly counts: ScoreCounts | null;
  /** How many distinct scores are told apart. */
  readonly limit: number;
}

/** What measuring keeps of rows and the numbers predicted for them. */
export interface NumberSummary {
  readonly kind: "numbers";
  readonly rows: number;
  /** Sums of absolute and of squared errors. */
  readonly absolute: number;
  readonly squared: number;
  /** Of the true numbers: their mean, and the sum of their squared distances from it. */
  readonly mean: number;
  readonly spread: number;
}

/** What measuring keeps of rows: of any number of them in bounded memory. */
export type ScoreSummary = ClassSummary | NumberSummary;

/** How exact a summary is. */
export interface SummaryOptions {
  /** Distinct scores to tell apart (default 65,536); of more, they are rounded. Matters to AUC, Gini and PR AUC only. */
  readonly limit?: number;
}

/**
 * What is needed of a block of rows to measure predictions for it, or for it together with others: `mergeSummaries`, then
 * `measureSummary`.
 *
 * @throws as `measure`; BadOptionError
 */
export function scoreSummary(
  predicted: Probabilities | Float64Array,
  table: Table,
  y: string,
  { limit = 65_536 }: SummaryOptions = {},
): ScoreSummary {
  if (!isWhole(limit, 16)) throw badOption("limit", limit, "give a whole number from 16 up");
  return predicted instanceof Float64Array
    ? numbersOf(predicted, targetNumbers(table, y))
    : classesSummary(predicted, table, y, limit);
}

function classesSummary(predicted: Probabilities, table: Table, y: string, limit: number): ClassSummary {
  const truth = classesOf(table, y);
  const rows = truth.codes.length;
  const said = mostProbable(predicted);
  const known = confusion(truth, said);
  const scored = known.classes.length > 2 ? undefined : scoredRows(predicted, table, y);
  return {
    kind: "classes",
    rows,
    confusion: known,
    logLoss: logLoss(truth, predicted) * rows,
    counts: scored === undefined ? null : countScores(scored.labels, scored.scores, limit),
    limit,
  };
}

function numbersOf(said: Float64Array, truth: Float64Array): NumberSummary {
  const rows = truth.length;
  const root = rmse(truth, said);
  const first = truth[0]!;
  const mean = first + truth.reduce((sum, value) => sum + (value - first), 0) / rows;
  const spread = truth.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  return { kind: "numbers", rows, absolute: mae(truth, said) * rows, squared: root * root * rows, mean, spread };
}

/**
 * The summary of all rows of several. Counts and classes don't depend on the order; sums may in their last digit.
 *
 * @throws ShapeError without any, or if some are of classes and some of numbers; ClassCountError if blocks of one class
 * each, text classes among them, leave open which is the positive one.
 */
export function mergeSummaries(all: readonly ScoreSummary[]): ScoreSummary {
  const [first, ...rest] = all;
  if (first === undefined) throw new ShapeError("There are no scores to merge; pass at least one.", { found: 0 });
  return rest.reduce(mergeTwo, first);
}

/** Two of them. */
export function mergeTwo(a: ScoreSummary, b: ScoreSummary): ScoreSummary {
  if (a.kind === "classes" && b.kind === "classes") return mergeClasses(a, b);
  if (a.kind === "numbers" && b.kind === "numbers") return mergeNumbers(a, b);
  throw new ShapeError("Scores of classes and scores of numbers can't be merged.", { expected: 1, found: 2 });
}

function mergeClasses(a: ClassSummary, b: ClassSummary): ClassSummary {
  const classes = [...new Set([...a.confusion.classes, ...b.confusion.classes])].sort((x, y) => (x < y ? -1 : 1));
  const limit = Math.min(a.limit, b.limit);
  const isTwo = a.counts !== null && b.counts !== null && classes.length <= 2;
  if (isTwo) for (const each of [a, b]) checkPositive(each, classes);
  return {
    kind: "classes",
    rows: a.rows + b.rows,
    confusion: mergeConfusions(classes, [a.confusion, b.confusion]),
    logLoss: a.logLoss + b.logLoss,
    counts: isTwo ? mergeCounts(a.counts, b.counts, limit) : null,
    limit,
  };
}

/** A block that knew one class took it for the negative one, or, if it is 1 or true, for the positive one. */
function checkPositive({ confusion: { classes } }: ClassSummary, all: readonly Label[]): void {
  const [only] = classes;
  if (all.length < 2 || classes.length > 1) return;
  const tookForPositive = only === 1 || only === true;
  if ((only === all[1]) === tookForPositive) return;
  throw new ClassCountError(
    `A block knows class ${only} alone, and which of ${all.join(" and ")} is positive can't be seen in it; use 0 and 1.`,
    { classes: 1 },
  );
}

function mergeConfusions(classes: readonly Label[], all: readonly Confusion[]): Confusion {
  const n = classes.length;
  const counts = new Float64Array(n * n);
  for (const { classes: own, counts: from } of all) {
    const place = own.map((label) => classes.indexOf(label));
    from.forEach((count, i) => {
      counts[place[Math.floor(i / own.length)]! * n + place[i % own.length]!]! += count;
    });
  }
  return { classes, counts };
}

/** Means and spreads merge by Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm". */
function mergeNumbers(a: NumberSummary, b: NumberSummary): NumberSummary {
  const rows = a.rows + b.rows;
  const apart = b.mean - a.mean;
  return {
    kind: "numbers",
    rows,
    absolute: a.absolute + b.absolute,
    squared: a.squared + b.squared,
    mean: a.mean + (apart * b.rows) / rows,
    spread: a.spread + b.spread + ((apart * apart * a.rows) / rows) * b.rows,
  };
}

type OfKind<S> = { readonly [metric: string]: (summary: S) => number };

const OF_CLASSES: OfKind<ClassSummary> = {
  auc: (summary) => aucOfCounts(countsOf(summary)).auc,
  gini: (summary) => 2 * aucOfCounts(countsOf(summary)).auc - 1,
  prAuc: (summary) => prAucOfCounts(countsOf(summary)),
  logLoss: ({ logLoss: sum, rows }) => sum / rows,
  accuracy: (summary) => accuracy(summary.confusion),
  f1: (summary) => f1Score(summary.confusion),
};

const OF_NUMBERS: OfKind<NumberSummary> = {
  rmse: ({ squared, rows }) => Math.sqrt(squared / rows),
  mae: ({ absolute, rows }) => absolute / rows,
  r2: ({ squared, spread }) => (spread === 0 ? Number(squared === 0) : 1 - squared / spread),
};

/**
 * A metric over all rows of a summary: to the bit that of `measure` for counts (AUC and Gini of up to `limit` distinct
 * scores, accuracy, F1), to 1e-12 for sums.
 *
 * @throws as `measure`.
 */
export function measureSummary(metric: Metric, summary: ScoreSummary): number {
  const known: OfKind<never> = summary.kind === "classes" ? OF_CLASSES : OF_NUMBERS;
  if (Object.hasOwn(known, metric)) return known[metric]!(summary as never);
  throw badOption("metric", metric, `for these predictions it is one of ${Object.keys(known).join(", ")}`);
}

/**
 * How far the AUC of a summary may be from that of the exact scores: 0 up to `limit` distinct scores. Gini: twice that.
 *
 * @throws as `measureSummary` for "auc".
 */
export function aucWithin(summary: ClassSummary): number {
  return aucOfCounts(countsOf(summary)).within;
}

function countsOf({ counts, confusion: { classes } }: ClassSummary): ScoreCounts {
  if (counts !== null) return counts;
  throw new ClassCountError(`There are ${classes.length} classes; this score is for two.`, { classes: classes.length });
}
