import type { Table } from "apache-arrow";
import { Type } from "apache-arrow";
import { ColumnTypeError } from "../errors.js";
import { flatColumn, takeRows } from "../table/columns.js";
import { bitAt, bytesOf, type FlatColumn, type FlatFixed, type FlatText } from "../table/flat.js";

/** A column to sort by: its name, or with `desc: true` from large to small. */
export type SortKey = string | { readonly column: string; readonly desc?: boolean };

/** Less than 0 where row `a` comes before row `b`. */
export type CompareRows = (a: number, b: number) => number;

/**
 * The rows sorted by one or more columns. Equal rows keep their order. Numbers by value, texts by their bytes (the order
 * of code points), false before true; NaN after all numbers and nulls last, whichever way the column is sorted.
 *
 * @throws MissingColumnError; ColumnTypeError for types without an order.
 * @example
 * const largest = orderBy(table, [{ column: "amount", desc: true }, "nameOrig"]);
 */
export function orderBy(table: Table, by: readonly SortKey[]): Table {
  return takeRows(table, sortedRows(table, by));
}

/** The row numbers in sorted order. */
export function sortedRows(table: Table, by: readonly SortKey[]): Int32Array {
  const compares = by.map((key) => {
    const { column, desc } = typeof key === "string" ? { column: key, desc: false } : key;
    return compareColumn(flatColumn(table, column), desc === true);
  });
  const rows = Int32Array.from({ length: table.numRows }, (_, row) => row);
  return rows.sort((a, b) => {
    for (const compare of compares) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return a - b;
  });
}

/** Compares rows of one column. */
export function compareColumn(column: FlatColumn, desc: boolean): CompareRows {
  const compare = compareValues(column, desc ? -1 : 1);
  const { valid } = column;
  if (valid === undefined) return compare;
  return (a, b) => {
    const hasA = bitAt(valid, a);
    const hasB = bitAt(valid, b);
    if (hasA && hasB) return compare(a, b);
    return Number(hasB) - Number(hasA);
  };
}

function compareValues(column: FlatColumn, sign: 1 | -1): CompareRows {
  switch (column.kind) {
    case "text":
      return (a, b) => sign * compareTexts(column, a, b);
    case "bool":
      return (a, b) => sign * (Number(bitAt(column.bits, a)) - Number(bitAt(column.bits, b)));
    case "fixed":
      return compareFixed(column, sign);
  }
}

function compareTexts({ offsets, bytes }: FlatText, a: number, b: number): number {
  let at = offsets[a]!;
  let other = offsets[b]!;
  const lengthA = offsets[a + 1]! - at;
  const lengthB = offsets[b + 1]! - other;
  for (let left = Math.min(lengthA, lengthB); left > 0; left--) {
    const order = bytes[at++]! - bytes[other++]!;
    if (order !== 0) return order;
  }
  return lengthA - lengthB;
}

function compareFixed(column: FlatFixed, sign: 1 | -1): CompareRows {
  const { typeId } = column.type;
  if (typeId === Type.Decimal) {
    const words = new BigInt64Array(new Uint8Array(bytesOf(column.values)).buffer); // a copy is aligned
    return (a, b) => sign * compareDecimals(words, a, b);
  }
  if (typeId === Type.Interval || String(column.type) === "Float16") {
    throw new ColumnTypeError(`Column "${column.name}" is ${column.type}, which has no order here; sort by another.`, {
      column: column.name,
      type: String(column.type),
    });
  }
  const values = column.values as unknown as ArrayLike<number>;
  return (a, b) => {
    const x = values[a]!;
    const y = values[b]!;
    if (x < y) return -sign;
    if (x > y) return sign;
    return x === y ? 0 : Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  };
}

/** 128-bit whole numbers: the upper half with its sign, then the lower one without. */
function compareDecimals(words: BigInt64Array, a: number, b: number): number {
  const high = words[a * 2 + 1]! - words[b * 2 + 1]!;
  if (high !== 0n) return high < 0n ? -1 : 1;
  const low = BigInt.asUintN(64, words[a * 2]!) - BigInt.asUintN(64, words[b * 2]!);
  return low === 0n ? 0 : low < 0n ? -1 : 1;
}
