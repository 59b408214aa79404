import { type DataType, type Table, Type } from "apache-arrow";
import { ColumnTypeError, ShapeError } from "../errors.js";
import { missing, rejectNulls } from "../model/features.js";
import { encodeTable } from "../table/codec.js";
import { columnNames, columnOf, flatColumn, select } from "../table/columns.js";

const TAKEN: ReadonlySet<Type> = new Set([Type.Int, Type.Float, Type.Bool, Type.Utf8, Type.LargeUtf8, Type.Decimal]);

/**
 * The named columns as Python gets them: an Arrow stream.
 *
 * @throws MissingColumnError; ColumnTypeError for what is neither number, text nor truth value
 */
export function pythonColumns(table: Table, names: readonly string[]): Uint8Array {
  for (const name of names) {
    const type = columnOf(table, name).type as DataType;
    const values = type.typeId === Type.Dictionary ? (type as unknown as { dictionary: DataType }).dictionary : type;
    if (TAKEN.has(values.typeId)) continue;
    throw new ColumnTypeError(
      `Column "${name}" is ${type}; estimators take numbers, text or true and false. Turn it into one of these, or leave it out.`,
      { column: name, type: String(type) },
    );
  }
  return encodeTable(select(table, names));
}

/**
 * All columns, to train on.
 *
 * @throws as `pythonColumns`; ShapeError for a table without rows or features; MissingValueError for a target that is
 * missing, NaN or infinite
 */
export function trainingTable(table: Table, y: string | null): Uint8Array {
  if (y !== null) columnOf(table, y);
  const names = columnNames(table);
  const features = names.length - (y === null ? 0 : 1);
  if (table.numRows === 0 || features === 0) {
    throw new ShapeError(`Training needs rows and features; there are ${table.numRows} rows of ${features} features.`, {
      expected: 1,
      found: 0,
    });
  }
  const bytes = pythonColumns(table, names);
  if (y !== null) checkTarget(table, y);
  return bytes;
}

/** @throws MissingValueError at the first row whose target is null, NaN or infinite */
export function checkTarget(table: Table, y: string): void {
  const column = flatColumn(table, y);
  rejectNulls(column);
  if (column.kind !== "fixed" || !(column.values instanceof Float64Array || column.values instanceof Float32Array))
    return;
  const row = column.values.findIndex((value) => !Number.isFinite(value));
  if (row !== -1) throw missing(y, row, `no finite number (${column.values[row]})`);
}
