import type { Table } from "apache-arrow";
import { ColumnTypeError, MissingValueError, TooManyCategoriesError } from "../errors.js";
import { flatColumn } from "./columns.js";
import { bitAt, type FlatBool, type FlatColumn, type FlatFixed } from "./flat.js";
import { MAX_CATEGORIES, textCodes } from "./text-codes.js";

/** A class, as its column holds it. */
export type Label = number | string | boolean;

/** The classes of a target column. */
export interface Classes {
  /** Sorted: numbers by value, texts by code units, false before true. */
  readonly classes: readonly Label[];
  /** For each row, which class it has. */
  readonly codes: Int32Array;
}

/**
 * The classes in column `y` of a table.
 *
 * @throws MissingColumnError; MissingValueError at a null or NaN; TooManyCategoriesError if it is no class column;
 * ColumnTypeError for dates and other types that are neither numbers, texts nor truth values.
 */
export function classesOf(table: Table, y: string): Classes {
  const column = flatColumn(table, y);
  if (column.valid !== undefined) {
    for (let row = 0; row < column.length; row++) if (!bitAt(column.valid, row)) throw missing(y, row);
  }
  switch (column.kind) {
    case "text": {
      const { categories, codes } = textCodes(column);
      return { classes: categories, codes };
    }
    case "bool":
      return boolClasses(column);
    case "fixed":
      return numberClasses(column, numbersOf(column));
  }
}

/** The column's values as an array of numbers, or of BigInts that become numbers one by one. */
export function numbersOf(column: FlatFixed): ArrayLike<number | bigint> {
  const { typeId } = column.type;
  if (typeId === 2 || (typeId === 3 && column.width > 2)) return column.values as unknown as ArrayLike<number | bigint>;
  throw wrongType(column);
}

/** The error for a column that is no number, text or truth value. */
export function wrongType(column: FlatColumn): ColumnTypeError {
  return new ColumnTypeError(`Column "${column.name}" is ${column.type}; use numbers, text or true and false.`, {
    column: column.name,
    type: String(column.type),
  });
}

function boolClasses(column: FlatBool): Classes {
  let trues = 0;
  for (let row = 0; row < column.length; row++) if (bitAt(column.bits, row)) trues++;
  const classes = [false, true].filter((value) => (value ? trues > 0 : trues < column.length));
  const codes = Int32Array.from({ length: column.length }, (_, row) => classes.indexOf(bitAt(column.bits, row)));
  return { classes, codes };
}

function numberClasses(column: FlatFixed, values: ArrayLike<number | bigint>): Classes {
  const codes = new Int32Array(column.length);
  const known = new Map<number, number>();
  for (let row = 0; row < column.length; row++) {
    const value = Number(values[row]!);
    if (Number.isNaN(value)) throw missing(column.name, row);
    let code = known.get(value);
    if (code === undefined) {
      code = known.size;
      if (code === MAX_CATEGORIES) {
        throw new TooManyCategoriesError(
          `Column "${column.name}" has more than ${MAX_CATEGORIES} distinct values: it is no class column.`,
          { column: column.name, limit: MAX_CATEGORIES },
        );
      }
      known.set(value, code);
    }
    codes[row] = code;
  }
  const found = [...known.keys()];
  const classes = Float64Array.from(found).sort();
  const rank = Int32Array.from(found, (value) => classes.indexOf(value));
  for (let row = 0; row < codes.length; row++) codes[row] = rank[codes[row]!]!;
  return { classes: Array.from(classes), codes };
}

function missing(column: string, row: number): MissingValueError {
  return new MissingValueError(`Column "${column}" has no value in row ${row}; remove the row or fill the value.`, {
    column,
    row,
  });
}
