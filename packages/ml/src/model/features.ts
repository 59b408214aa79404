import type { Table } from "apache-arrow";
import { ColumnTypeError, MissingValueError } from "../errors.js";
import { numbersOf } from "../table/classes.js";
import { columnNames, flatColumn } from "../table/columns.js";
import { bitAt, type FlatColumn, type FlatText } from "../table/flat.js";
import { textCodes } from "../table/text-codes.js";
import type { Algorithm, Column } from "./algorithm.js";

/** A column a model was trained on. */
export interface Feature {
  readonly name: string;
  /** Of a text column: its values in training, sorted; the model sees their positions. */
  readonly categories?: readonly string[];
}

/** Columns as a model computes with them. */
export interface FeatureColumns {
  readonly features: readonly Feature[];
  readonly columns: readonly Column[];
}

/** What columns a model computes with; see `Algorithm`. */
export type ColumnKind = Algorithm<unknown, unknown>["columns"];

/**
 * Every column of a table but `y` as features: numbers as they are, true as 1, texts as their position among the sorted
 * distinct values.
 *
 * @throws MissingValueError at a null, NaN or a number too large for 32 bits, where the model has no use for them;
 * ColumnTypeError for dates and nested columns, and for texts where the model takes numbers only; TooManyCategoriesError
 * for a text column that looks like an identifier.
 */
export function trainingFeatures(table: Table, y: string | null, kind: ColumnKind): FeatureColumns {
  const features: Feature[] = [];
  const columns: Column[] = [];
  for (const name of columnNames(table)) {
    if (name === y) continue;
    const column = flatColumn(table, name);
    if (kind !== "missing") rejectNulls(column);
    if (column.kind === "text") {
      if (kind === "double") throw noText(column);
      const { categories, codes } = textCodes(column);
      features.push({ name, categories });
      columns.push(kind === "single" ? Float32Array.from(codes) : codesOrMissing(codes));
    } else {
      features.push({ name });
      columns.push(asNumbers(column, kind));
    }
  }
  return { features, columns };
}

/**
 * The columns a model needs, from a table that may hold others too. A text that training never saw becomes infinity (it
 * goes where the last category goes), or counts as missing where the model has a place for that.
 *
 * @throws MissingColumnError, MissingValueError; ColumnTypeError if a column is text and was not in training, or the
 * other way round.
 */
export function predictionColumns(table: Table, features: readonly Feature[], kind: ColumnKind): Column[] {
  return features.map(({ name, categories }) => {
    const column = flatColumn(table, name);
    if (kind !== "missing") rejectNulls(column);
    if ((column.kind === "text") !== (categories !== undefined)) {
      const was = categories === undefined ? "numbers" : "text";
      throw new ColumnTypeError(`Column "${name}" is ${column.type}; the model was trained on ${was}.`, {
        column: name,
        type: String(column.type),
      });
    }
    return column.kind === "text" ? knownCodes(column, categories!, kind) : asNumbers(column, kind);
  });
}

function knownCodes(column: FlatText, categories: readonly string[], kind: ColumnKind): Column {
  const { categories: found, codes } = textCodes(column);
  const known = new Map(categories.map((text, rank) => [text, rank]));
  const ranks = found.map((text) => known.get(text) ?? (kind === "missing" ? Number.NaN : Number.POSITIVE_INFINITY));
  const rankOf = (code: number): number => (code < 0 ? Number.NaN : ranks[code]!);
  return kind === "single" ? Float32Array.from(codes, rankOf) : Float64Array.from(codes, rankOf);
}

function codesOrMissing(codes: Int32Array): Float64Array {
  return Float64Array.from(codes, (code) => (code < 0 ? Number.NaN : code));
}

function asNumbers(column: Exclude<FlatColumn, FlatText>, kind: ColumnKind): Column {
  const numbers = kind === "single" ? new Float32Array(column.length) : new Float64Array(column.length);
  if (column.kind === "bool") {
    for (let row = 0; row < column.length; row++) numbers[row] = bitAt(column.bits, row) ? 1 : 0;
  } else {
    const values = numbersOf(column);
    if (typeof values[0] === "bigint") for (let row = 0; row < column.length; row++) numbers[row] = Number(values[row]);
    else numbers.set(values as ArrayLike<number>);
  }
  if (kind === "missing") {
    const { valid } = column;
    if (valid !== undefined)
      for (let row = 0; row < column.length; row++) if (!bitAt(valid, row)) numbers[row] = Number.NaN;
    return numbers;
  }
  for (let row = 0; row < numbers.length; row++) {
    // Finite numbers minus themselves are 0; NaN and infinities are not.
    if (numbers[row]! - numbers[row]! !== 0)
      throw missing(column.name, row, `no finite number (${valueAt(column, row)})`);
  }
  return numbers;
}

function valueAt(column: Exclude<FlatColumn, FlatText>, row: number): unknown {
  return column.kind === "fixed" ? numbersOf(column)[row] : undefined;
}

/** @throws MissingValueError at the first null. */
export function rejectNulls(column: FlatColumn): void {
  if (column.valid === undefined) return;
  for (let row = 0; row < column.length; row++) {
    if (!bitAt(column.valid, row)) throw missing(column.name, row, "no value");
  }
}

function noText(column: FlatText): ColumnTypeError {
  return new ColumnTypeError(
    `Column "${column.name}" is text, and this model takes numbers; turn it into numbers, or leave it out.`,
    { column: column.name, type: String(column.type) },
  );
}

/** The error for a row without a number to compute with. */
export function missing(column: string, row: number, what: string): MissingValueError {
  return new MissingValueError(
    `Column "${column}" has ${what} in row ${row}; fill it, remove the row, or leave the column out.`,
    { column, row },
  );
}
