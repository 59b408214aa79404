import type { Random } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { BadOptionError, MissingValueError } from "../errors.js";
import { classesOf } from "../table/classes.js";
import { takeRows } from "../table/columns.js";
import { cellsOf, labelsOf } from "./cells.js";

/** How rows are dealt to parts. */
export interface SplitOptions {
  /** The share of each part, above 0; they are scaled to sum to 1. */
  readonly parts: readonly number[];
  /** A class column of which each part has the same share, up to a row a class. */
  readonly stratify?: string;
  /** A column of numbers or texts by which the first part has the earliest rows; nothing is drawn. */
  readonly time?: string;
}

/** How rows are dealt to folds. */
export interface FoldOptions {
  readonly folds: number;
  readonly stratify?: string;
}

/**
 * Deals the rows of a table to parts: which part each row is in.
 *
 * By time, rows of the same time stay together, in the later part.
 *
 * @throws BadOptionError, MissingColumnError, MissingValueError
 * @example
 * const parts = assignParts(table, { parts: [0.6, 0.2, 0.2], stratify: "survived" }, createRandom(1));
 * const [train, validation, test] = [0, 1, 2].map((part) => rowsOfPart(table, parts, part));
 */
export function assignParts(table: Table, options: SplitOptions, random: Random): Int32Array {
  const { parts, stratify, time } = options;
  checkParts(parts);
  if (time === undefined) return deal(strata(table, stratify), table.numRows, shares(parts), random);
  if (stratify === undefined) return byTime(table, time, parts);
  throw new BadOptionError("time and stratify don't go together; give one of them.", { option: "time", value: time });
}

/**
 * Deals the rows of a table to folds of equal size, up to a row (a class, if stratified).
 *
 * @throws BadOptionError, MissingColumnError, MissingValueError
 */
export function assignFolds(table: Table, { folds, stratify }: FoldOptions, random: Random): Int32Array {
  if (!Number.isSafeInteger(folds) || folds < 2 || folds > Math.max(2, table.numRows)) {
    throw new BadOptionError(`folds is ${folds}; give a whole number from 2 up to the ${table.numRows} rows.`, {
      option: "folds",
      value: folds,
    });
  }
  // Rows go round the folds, class after class, so that sizes differ by one at most.
  const codes = new Int32Array(table.numRows);
  let next = 0;
  for (const rows of strata(table, stratify)) for (const row of shuffled(rows, random)) codes[row] = next++ % folds;
  return codes;
}

/** The rows of one part or fold, in their order. */
export function rowsOfPart(table: Table, parts: Int32Array, part: number): Table {
  return takeRows(
    table,
    where(parts, (each) => each === part),
  );
}

/** The rows outside of one part or fold, in their order. */
export function rowsOutside(table: Table, parts: Int32Array, part: number): Table {
  return takeRows(
    table,
    where(parts, (each) => each !== part),
  );
}

function where(parts: Int32Array, test: (part: number) => boolean): Int32Array {
  return Int32Array.from(parts.keys()).filter((row) => test(parts[row]!));
}

function checkParts(parts: readonly number[]): void {
  const bad = parts.find((part) => !(part > 0 && Number.isFinite(part)));
  if (parts.length >= 2 && bad === undefined) return;
  throw new BadOptionError(`parts is ${JSON.stringify(parts)}; give the shares of two or more, each above 0.`, {
    option: "parts",
    value: parts,
  });
}

/** Where each part ends, as a share of all. */
function shares(parts: readonly number[]): Float64Array {
  const all = parts.reduce((a, b) => a + b, 0);
  let sum = 0;
  return Float64Array.from(parts, (part) => {
    sum += part;
    return sum / all;
  });
}

function strata(table: Table, column: string | undefined): readonly Int32Array[] {
  if (column === undefined) return [Int32Array.from({ length: table.numRows }, (_, row) => row)];
  const { classes, codes } = classesOf(table, column);
  return classes.map((_, k) => where(codes, (code) => code === k));
}

function deal(groups: readonly Int32Array[], rows: number, ends: Float64Array, random: Random): Int32Array {
  const parts = new Int32Array(rows);
  for (const group of groups) {
    shuffled(group, random);
    let from = 0;
    ends.forEach((end, part) => {
      const to = part === ends.length - 1 ? group.length : Math.round(end * group.length);
      for (; from < to; from++) parts[group[from]!] = part;
    });
  }
  return parts;
}

/** Puts rows in random order, in place (Fisher and Yates). */
export function shuffled(rows: Int32Array, random: Random): Int32Array {
  for (let i = rows.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const row = rows[i]!;
    rows[i] = rows[j]!;
    rows[j] = row;
  }
  return rows;
}

function byTime(table: Table, time: string, parts: readonly number[]): Int32Array {
  const times = labelsOf(cellsOf(table, time));
  const missing = times.indexOf(null);
  if (missing >= 0) {
    throw new MissingValueError(`Column "${time}" has no value in row ${missing}; remove the row or fill the value.`, {
      column: time,
      row: missing,
    });
  }
  const rows = Int32Array.from(times.keys());
  rows.sort((a, b) => (times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : a - b));
  const codes = new Int32Array(rows.length);
  shares(parts).forEach((end, part, all) => {
    if (part === all.length - 1) return;
    let from = Math.round(end * rows.length);
    while (from > 0 && from < rows.length && times[rows[from]!] === times[rows[from - 1]!]) from--;
    for (let i = from; i < rows.length; i++) codes[rows[i]!] = part + 1;
  });
  return codes;
}
