import type { Table } from "apache-arrow";
import { ColumnTypeError, MissingValueError } from "../errors.js";
import { numbersOf } from "../table/classes.js";
import { columnNames, flatColumn } from "../table/columns.js";
import { bitAt, type FlatColumn, type FlatText } from "../table/flat.js";
import { textCodes } from "../table/text-codes.js";

/** A column a model was trained on. */
export interface Feature {
  readonly name: string;
  /** Of a text column: its values in training, sorted; the model sees their positions. */
  readonly categories?: readonly string[];
}

/** Columns as a model computes with them: 32-bit floats, as scikit-learn's trees do. */
export interface FeatureColumns {
  readonly features: readonly Feature[];
  readonly columns: readonly Float32Array[];
}

/**
 * Every column of a table but `y` as features: numbers as they are, true as 1, texts as their position among the sorted
 * distinct values.
 *
 * @throws MissingValueError at a null, NaN or a number too large for 32 bits; ColumnTypeError for dates and nested
 * columns; TooManyCategoriesError for a text column that looks like an identifier.
 */
export function trainingFeatures(table: Table, y: string): FeatureColumns {
  const features: Feature[] = [];
  const columns: Float32Array[] = [];
  for (const name of columnNames(table)) {
    if (name === y) continue;
    const column = flatColumn(table, name);
    rejectNulls(column);
    if (column.kind === "text") {
      const { categories, codes } = textCodes(column);
      features.push({ name, categories });
      columns.push(Float32Array.from(codes));
    } else {
      features.push({ name });
      columns.push(asNumbers(column));
    }
  }
  return { features, columns };
}

/**
 * The columns a model needs, from a table that may hold others too. A text that training never saw becomes infinity: it
 * goes where the last category goes.
 *
 * @throws MissingColumnError, MissingValueError; ColumnTypeError if a column is text and was not in training, or the
 * other way round.
 */
export function predictionColumns(table: Table, features: readonly Feature[]): Float32Array[] {
  return features.map(({ name, categories }) => {
    const column = flatColumn(table, name);
    rejectNulls(column);
    if ((column.kind === "text") !== (categories !== undefined)) {
      const was = categories === undefined ? "numbers" : "text";
      throw new ColumnTypeError(`Column "${name}" is ${column.type}; the model was trained on ${was}.`, {
        column: name,
        type: String(column.type),
      });
    }
    return column.kind === "text" ? knownCodes(column, categories!) : asNumbers(column);
  });
}

function knownCodes(column: FlatText, categories: readonly string[]): Float32Array {
  const { categories: found, codes } = textCodes(column);
  const ranks = found.map((text) => {
    const rank = categories.indexOf(text);
    return rank === -1 ? Number.POSITIVE_INFINITY : rank;
  });
  return Float32Array.from(codes, (code) => ranks[code]!);
}

function asNumbers(column: Exclude<FlatColumn, FlatText>): Float32Array {
  const numbers = new Float32Array(column.length);
  if (column.kind === "bool") {
    for (let row = 0; row < column.length; row++) numbers[row] = bitAt(column.bits, row) ? 1 : 0;
    return numbers;
  }
  const values = numbersOf(column);
  if (typeof values[0] === "bigint") for (let row = 0; row < column.length; row++) numbers[row] = Number(values[row]);
  else numbers.set(values as ArrayLike<number>);
  for (let row = 0; row < numbers.length; row++) {
    // Finite numbers minus themselves are 0; NaN and infinities are not.
    if (numbers[row]! - numbers[row]! !== 0) throw missing(column.name, row, `no finite number (${values[row]})`);
  }
  return numbers;
}

function rejectNulls(column: FlatColumn): void {
  if (column.valid === undefined) return;
  for (let row = 0; row < column.length; row++) {
    if (!bitAt(column.valid, row)) throw missing(column.name, row, "no value");
  }
}

function missing(column: string, row: number, what: string): MissingValueError {
  return new MissingValueError(
    `Column "${column}" has ${what} in row ${row}; fill it, remove the row, or leave the column out.`,
    {
      column,
      row,
    },
  );
}
