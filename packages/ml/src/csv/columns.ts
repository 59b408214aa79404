import { Bool, type Data, Float64, Int32, Int64, makeData, Utf8 } from "apache-arrow";
import { bigintOf, INT32, NOT, numberKind, readBool, readNumber } from "./number.js";
import { ESCAPED, QUOTED, type Tokens } from "./tokens.js";
import type { CsvType } from "./types.js";

/** Fills one Arrow column from fields, batch after batch. */
export interface ColumnBuilder {
  /** Adds a batch's rows; returns the first row (in the batch) whose field does not fit the type, or -1. */
  append(bytes: Uint8Array, tokens: Tokens, column: number): number;
  finish(): Data;
}

/** A builder for exactly `rows` values; an empty field is a null (in utf8, a quoted empty field is an empty text). */
export function createColumn(type: CsvType, rows: number): ColumnBuilder {
  switch (type) {
    case "bool":
      return boolColumn(rows);
    case "int32":
      return int32Column(rows);
    case "int64":
      return int64Column(rows);
    case "float64":
      return float64Column(rows);
    case "utf8":
      return utf8Column(rows);
  }
}

/** Which rows are missing. Arrow's bitmap (1 = valid) is made when there are any. */
interface Nulls {
  nullCount: number;
  nullBitmap: Uint8Array | null;
}

function markNull(nulls: Nulls, row: number, rows: number): void {
  nulls.nullBitmap ??= new Uint8Array(Math.ceil(rows / 64) * 8).fill(255);
  nulls.nullBitmap[row >> 3]! &= ~(1 << (row & 7));
  nulls.nullCount++;
}

/** What the columns of fixed width share: `read` stores one field's value and says whether it fits. */
function fixedColumn(
  rows: number,
  read: (bytes: Uint8Array, start: number, end: number, at: number) => boolean,
  finish: (nulls: Nulls) => Data,
): ColumnBuilder {
  const nulls: Nulls = { nullCount: 0, nullBitmap: null };
  let at = 0;
  return {
    append(bytes, { columns, rows: count, starts, ends }, column) {
      for (let row = 0, field = column; row < count; row++, field += columns, at++) {
        const start = starts[field]!;
        const end = ends[field]!;
        if (start === end) markNull(nulls, at, rows);
        else if (!read(bytes, start, end, at)) return row;
      }
      return -1;
    },
    finish: () => finish(nulls),
  };
}

function int32Column(rows: number): ColumnBuilder {
  const data = new Int32Array(rows);
  const read = (bytes: Uint8Array, start: number, end: number, at: number): boolean => {
    data[at] = readNumber(bytes, start, end);
    return numberKind === INT32;
  };
  return fixedColumn(rows, read, (nulls) => makeData({ type: new Int32(), length: rows, ...nulls, data }));
}

function float64Column(rows: number): ColumnBuilder {
  const data = new Float64Array(rows);
  const read = (bytes: Uint8Array, start: number, end: number, at: number): boolean => {
    data[at] = readNumber(bytes, start, end);
    return numberKind !== NOT;
  };
  return fixedColumn(rows, read, (nulls) => makeData({ type: new Float64(), length: rows, ...nulls, data }));
}

function int64Column(rows: number): ColumnBuilder {
  const data = new BigInt64Array(rows);
  const read = (bytes: Uint8Array, start: number, end: number, at: number): boolean => {
    const value = bigintOf(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1"));
    if (value !== undefined) data[at] = value;
    return value !== undefined;
  };
  return fixedColumn(rows, read, (nulls) => makeData({ type: new Int64(), length: rows, ...nulls, data }));
}

function boolColumn(rows: number): ColumnBuilder {
  const data = new Uint8Array(Math.ceil(rows / 64) * 8);
  const read = (bytes: Uint8Array, start: number, end: number, at: number): boolean => {
    const value = readBool(bytes, start, end);
    if (value === 1) data[at >> 3]! |= 1 << (at & 7);
    return value !== -1;
  };
  return fixedColumn(rows, read, (nulls) => makeData({ type: new Bool(), length: rows, ...nulls, data }));
}

/** Text goes from the file's bytes to Arrow's without becoming JavaScript strings. */
function utf8Column(rows: number): ColumnBuilder {
  const offsets = new Int32Array(rows + 1);
  const nulls: Nulls = { nullCount: 0, nullBitmap: null };
  let text = new Uint8Array(Math.max(64, rows * 12));
  let used = 0;
  let at = 0;
  return {
    append(bytes, { columns, rows: count, starts, ends, flags }, column) {
      for (let row = 0, field = column; row < count; row++, field += columns, at++) {
        const start = starts[field]!;
        const end = ends[field]!;
        const flag = flags[field]!;
        if (start === end && (flag & QUOTED) === 0) markNull(nulls, at, rows);
        if (used + end - start > text.length) {
          const grown = new Uint8Array(Math.max(text.length * 2, used + end - start));
          grown.set(text);
          text = grown;
        }
        for (let pos = start; pos < end; pos++) {
          const byte = bytes[pos]!;
          text[used++] = byte;
          if (byte === 34 && (flag & ESCAPED) !== 0) pos++; // the second of a doubled quote
        }
        offsets[at + 1] = used;
      }
      return -1;
    },
    finish: () =>
      makeData({
        type: new Utf8(),
        length: rows,
        ...nulls,
        valueOffsets: offsets,
        data: text.slice(0, used),
      }),
  };
}
