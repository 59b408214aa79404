import type { Table } from "apache-arrow";
import { ColumnTypeError } from "../errors.js";
import { numbersOf } from "../table/classes.js";
import { flatColumn } from "../table/columns.js";
import { missing, rejectNulls } from "./features.js";

/**
 * The numbers of column `y`, which a regressor learns.
 *
 * @throws MissingColumnError; MissingValueError at a null, NaN or infinity; ColumnTypeError unless it holds numbers.
 */
export function targetNumbers(table: Table, y: string): Float64Array {
  const column = flatColumn(table, y);
  if (column.kind !== "fixed") {
    throw new ColumnTypeError(`Column "${y}" is ${column.type}; a model of numbers learns a column of numbers.`, {
      column: y,
      type: String(column.type),
    });
  }
  rejectNulls(column);
  const values = Float64Array.from({ length: column.length }, (_, row) => Number(numbersOf(column)[row]));
  return finite(values, y);
}

/** @throws MissingValueError at the first value that is no finite number. */
export function finite(values: Float64Array, name: string): Float64Array {
  const row = values.findIndex((value) => !Number.isFinite(value));
  if (row !== -1) throw missing(name, row, `no finite number (${values[row]})`);
  return values;
}
