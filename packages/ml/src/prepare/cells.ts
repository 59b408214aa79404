import { Bool, type Data, Float64, makeData, type Table, Utf8 } from "apache-arrow";
import { ShapeError } from "../errors.js";
import { tableOf, toData } from "../table/build.js";
import { type Label, numbersOf } from "../table/classes.js";
import { columnNames, flatColumn } from "../table/columns.js";
import { bitAt, bitmapSize, type FlatColumn } from "../table/flat.js";
import { textAt } from "../table/text-codes.js";

/** A column's values as JavaScript has them. What is missing (null, NaN) is NaN among numbers and null elsewhere. */
export type Cells =
  | { readonly kind: "number"; readonly values: Float64Array }
  | { readonly kind: "text"; readonly values: readonly (string | null)[] }
  | { readonly kind: "bool"; readonly values: readonly (boolean | null)[] };

/**
 * The values of a column. Whole numbers of 64 bits beyond 2^53 lose digits.
 *
 * @throws MissingColumnError; ColumnTypeError for dates and nested columns.
 */
export function cellsOf(table: Table, name: string): Cells {
  const column = flatColumn(table, name);
  const rows = Array.from({ length: column.length }, (_, row) => row);
  switch (column.kind) {
    case "text":
      return { kind: "text", values: rows.map((row) => (isThere(column, row) ? textAt(column, row) : null)) };
    case "bool":
      return { kind: "bool", values: rows.map((row) => (isThere(column, row) ? bitAt(column.bits, row) : null)) };
    case "fixed": {
      const from = numbersOf(column);
      const values = new Float64Array(column.length);
      for (let row = 0; row < values.length; row++) values[row] = isThere(column, row) ? Number(from[row]) : Number.NaN;
      return { kind: "number", values };
    }
  }
}

function isThere({ valid }: FlatColumn, row: number): boolean {
  return valid === undefined || bitAt(valid, row);
}

/** The value of each row, null where there is none. */
export function labelsOf(cells: Cells): readonly (Label | null)[] {
  return cells.kind === "number"
    ? Array.from(cells.values, (value) => (Number.isNaN(value) ? null : value + 0))
    : cells.values;
}

/** The distinct values of a column, sorted: numbers by value, texts by code units, false before true. */
export function distinctOf(labels: Iterable<Label | null>): Label[] {
  const found = [...new Set(labels)].filter((label) => label !== null);
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Values as an Arrow column: 64-bit floats (NaN becomes null), text or truth values. */
export function dataOf(cells: Cells): Data {
  const length = cells.values.length;
  const present = cells.kind === "number" ? (i: number) => !Number.isNaN(cells.values[i]!) : presentIn(cells.values);
  const nullBitmap = new Uint8Array(bitmapSize(length));
  let there = 0;
  for (let i = 0; i < length; i++) {
    if (!present(i)) continue;
    nullBitmap[i >> 3]! |= 1 << (i & 7);
    there++;
  }
  const base = { length, nullCount: length - there, nullBitmap: there === length ? null : nullBitmap };
  switch (cells.kind) {
    case "number":
      return makeData({
        ...base,
        type: new Float64(),
        data: cells.values.map((value) => (Number.isNaN(value) ? 0 : value)),
      });
    case "bool": {
      const data = new Uint8Array(bitmapSize(length));
      for (let i = 0; i < length; i++) if (cells.values[i] === true) data[i >> 3]! |= 1 << (i & 7);
      return makeData({ ...base, type: new Bool(), data });
    }
    case "text":
      return makeData({ ...base, type: new Utf8(), ...textBytes(cells.values) });
  }
}

function presentIn(values: readonly unknown[]): (i: number) => boolean {
  return (i) => values[i] !== null;
}

function textBytes(values: readonly (string | null)[]): { valueOffsets: Int32Array; data: Uint8Array } {
  const pieces = values.map((value) => Buffer.from(value ?? "", "utf8"));
  const valueOffsets = new Int32Array(values.length + 1);
  pieces.forEach((piece, i) => {
    valueOffsets[i + 1] = valueOffsets[i]! + piece.length;
  });
  return { valueOffsets, data: new Uint8Array(Buffer.concat(pieces)) };
}

/**
 * A table with other columns in the place of those of the same name, and new ones behind; the rest is shared.
 *
 * @throws ShapeError if a column is not as long as the table.
 */
export function withColumns(table: Table, columns: ReadonlyMap<string, Data>, without: readonly string[] = []): Table {
  for (const [name, { length }] of columns) {
    if (length === table.numRows) continue;
    throw new ShapeError(`Column "${name}" has ${length} rows and the table ${table.numRows}; make them equal.`, {
      expected: table.numRows,
      found: length,
    });
  }
  const old = columnNames(table);
  const names = [...old, ...[...columns.keys()].filter((name) => !old.includes(name))].filter(
    (name) => !without.includes(name),
  );
  return tableOf(
    names,
    names.map((name) => columns.get(name) ?? toData(flatColumn(table, name))),
    table.numRows,
  );
}

/** The middle of some numbers: of an even count, the mean of the two in the middle; NaN of none. */
export function medianOf(values: Float64Array): number {
  return quantileOf(Float64Array.from(values).sort(), 0.5);
}

/** The value at a part of sorted numbers, with a straight line between two, as numpy's default. */
export function quantileOf(sorted: Float64Array, part: number): number {
  const at = part * (sorted.length - 1);
  const low = Math.floor(at);
  const from = sorted[low] ?? Number.NaN;
  return at === low ? from : from + (sorted[low + 1]! - from) * (at - low);
}

/** The most frequent value, the first in sort order of equally frequent ones; null where there is none. */
export function modeOf(labels: Iterable<Label | null>): Label | null {
  const counts = new Map<Label, number>();
  for (const label of labels) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  let best: Label | null = null;
  for (const label of distinctOf(counts.keys())) {
    if (best === null || counts.get(label)! > counts.get(best)!) best = label;
  }
  return best;
}

/** The numbers that are there. */
export function presentNumbers(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value));
}

/** The mean; NaN of none. */
export function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
