import type { Pairs } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { BadOptionError } from "../errors.js";
import { flatColumn, takeRows } from "../table/columns.js";
import { bitAt, bytesOf, type FlatColumn } from "../table/flat.js";
import { compareColumn, type SortKey } from "../verbs/order-by.js";
import { concat } from "../verbs/rows.js";

/** One table for each pipe, under the pipe's number; what `mr` shuffles. */
export type Parts = Pairs<number, Table>;

/** @throws BadOptionError unless it is a whole number above 0. */
export function checkPipes(pipes: number): number {
  if (Number.isSafeInteger(pipes) && pipes >= 1 && pipes <= 65_536) return pipes;
  throw new BadOptionError(`blocks is ${pipes}; ask for 1 to 65536.`, { option: "blocks", value: pipes });
}

/** The rows of each pipe, in their order; a pipe without rows gets an empty table, so that its columns are known. */
export function partsOf(table: Table, pipeOfRow: Int32Array, pipes: number): Parts {
  const counts = new Int32Array(pipes);
  for (const pipe of pipeOfRow) counts[pipe]!++;
  const rows = Array.from(counts, (count) => new Int32Array(count));
  const used = new Int32Array(pipes);
  for (let row = 0; row < pipeOfRow.length; row++) {
    const pipe = pipeOfRow[row]!;
    rows[pipe]![used[pipe]!++] = row;
  }
  return rows.map((list, pipe) => [pipe, takeRows(table, list)] as const);
}

/** Rows by the hash of their keys: equal keys of equal types go to the same pipe, in every table and on every machine. */
export function hashParts(table: Table, keys: readonly string[], pipes: number): Parts {
  const hashes = new Int32Array(table.numRows).fill(0x811c9dc5);
  for (const key of keys) hashColumn(flatColumn(table, key), hashes);
  for (let row = 0; row < hashes.length; row++) hashes[row] = (mixed(hashes[row]!) >>> 0) % pipes;
  return partsOf(table, hashes, pipes);
}

/** FNV-1a over the bytes of each row's value. */
function hashColumn(column: FlatColumn, hashes: Int32Array): void {
  const { valid } = column;
  const step = (row: number, byte: number) => {
    hashes[row] = Math.imul(hashes[row]! ^ byte, 0x01000193);
  };
  const bytes = column.kind === "text" ? column.bytes : column.kind === "fixed" ? plainBytes(column) : column.bits;
  for (let row = 0; row < hashes.length; row++) {
    if (valid !== undefined && !bitAt(valid, row)) {
      step(row, 255);
      continue;
    }
    if (column.kind === "bool") step(row, bitAt(bytes, row) ? 1 : 0);
    else if (column.kind === "fixed") {
      for (let at = row * column.width, end = at + column.width; at < end; at++) step(row, bytes[at]!);
    } else {
      const end = column.offsets[row + 1]!;
      for (let at = column.offsets[row]!; at < end; at++) step(row, bytes[at]!);
      step(row, 254); // no byte of UTF-8: "a", "bc" is not "ab", "c"
    }
  }
}

/** One zero and one NaN. */
function plainBytes(column: FlatColumn & { readonly kind: "fixed" }): Uint8Array {
  const { values } = column;
  if (!(values instanceof Float64Array || values instanceof Float32Array)) return bytesOf(values);
  return bytesOf((values as Float64Array).map((value) => (Number.isNaN(value) ? Number.NaN : value === 0 ? 0 : value)));
}

/** The finalizer of MurmurHash3. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Runs of rows, so that of all blocks together each pipe gets an equal share, in order. */
export function spreadParts(table: Table, at: number, counts: readonly number[], pipes: number): Parts {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let from = 0;
  for (let i = 0; i < at; i++) from += counts[i]!;
  const share = Math.max(1, total);
  const pipeOfRow = Int32Array.from({ length: table.numRows }, (_, row) => Math.floor(((from + row) * pipes) / share));
  return partsOf(table, pipeOfRow, pipes);
}

/** Rows by where their sort keys lie between the bounds: a row goes before the first bound that it is smaller than. */
export function rangeParts(table: Table, by: readonly SortKey[], bounds: Table, pipes: number): Parts {
  const rows = table.numRows;
  const compares = comparesOf(concat([table.select(keyNames(by)), bounds]), by);
  const pipeOfRow = Int32Array.from({ length: rows }, (_, row) => {
    let low = 0;
    let high = bounds.numRows;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(compares, row, rows + middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  });
  return partsOf(table, pipeOfRow, pipes);
}

/** The names of sort keys, each once. */
export function keyNames(by: readonly SortKey[]): string[] {
  return [...new Set(by.map((key) => (typeof key === "string" ? key : key.column)))];
}

type Compares = ((a: number, b: number) => number)[];

function comparesOf(table: Table, by: readonly SortKey[]): Compares {
  return by.map((key) => {
    const { column, desc } = typeof key === "string" ? { column: key, desc: false } : key;
    return compareColumn(flatColumn(table, column), desc === true);
  });
}

function isBefore(compares: Compares, a: number, b: number): boolean {
  for (const compare of compares) {
    const order = compare(a, b);
    if (order !== 0) return order < 0;
  }
  return false;
}

/** So many rows of a sorted table (fewer where it has fewer): the middles of equal runs. */
export function middles(table: Table, count: number): Table {
  const rows = Math.min(count, table.numRows);
  return takeRows(
    table,
    Int32Array.from({ length: rows }, (_, i) => Math.floor(((i + 0.5) * table.numRows) / rows)),
  );
}

/** The rows of a sorted table with which the second and later ones of so many equal runs start. */
export function starts(table: Table, runs: number): Table {
  const rows = table.numRows === 0 ? 0 : runs - 1;
  return takeRows(
    table,
    Int32Array.from({ length: rows }, (_, i) => Math.floor(((i + 1) * table.numRows) / runs)),
  );
}
