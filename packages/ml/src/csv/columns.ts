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

/**
 * A builder with room for `rows` values, and more where more come; an empty field is a null (in utf8, a quoted empty field
 * is an empty text).
 */
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
  const size = bitmapSize(rows);
  if (nulls.nullBitmap === null || nulls.nullBitmap.length < size) {
    const wider = new Uint8Array(size).fill(255);
    if (nulls.nullBitmap !== null) wider.set(nulls.nullBitmap);
    nulls.nullBitmap = wider;
  }
  nulls.nullBitmap[row >> 3]! &= ~(1 << (row & 7));
  nulls.nullCount++;
}

/** The bitmap for exactly that many rows. */
function finished({ nullCount, nullBitmap }: Nulls, rows: number): Nulls {
  if (nullBitmap === null || nullBitmap.length === bitmapSize(rows)) return { nullCount, nullBitmap };
  const exact = new Uint8Array(bitmapSize(rows)).fill(255);
  exact.set(nullBitmap.subarray(0, exact.length));
  return { nullCount, nullBitmap: exact };
}

const bitmapSize = (rows: number): number => Math.ceil(rows / 64) * 8;

/** A column of fixed width while it grows. */
interface Fixed {
  /** Makes room for so many values. */
  reserve(rows: number): void;
  /** Stores one field's value and says whether it fits. */
  read(bytes: Uint8Array, start: number, end: number, at: number): boolean;
  finish(rows: number, nulls: Nulls): Data;
}

function fixedColumn(rows: number, { reserve, read, finish }: Fixed): ColumnBuilder {
  const nulls: Nulls = { nullCount: 0, nullBitmap: null };
  let room = rows;
  let at = 0;
  return {
    append(bytes, { columns, rows: count, starts, ends }, column) {
      if (at + count > room) {
        room = Math.max(room * 2, at + count);
        reserve(room);
      }
      for (let row = 0, field = column; row < count; row++, field += columns, at++) {
        const start = starts[field]!;
        const end = ends[field]!;
        if (start === end) markNull(nulls, at, room);
        else if (!read(bytes, start, end, at)) return row;
      }
      return -1;
    },
    finish: () => finish(at, finished(nulls, at)),
  };
}

type Numbers = Int32Array | Float64Array | BigInt64Array | Uint8Array;

/** The same values with room for so many. */
function grown<T extends Numbers>(values: T, length: number): T {
  const wider = new (values.constructor as new (length: number) => T)(length);
  (wider as Float64Array).set(values as Float64Array);
  return wider;
}

/** The first values, without a copy where they are nearly all. */
function cut<T extends Numbers>(values: T, length: number): T {
  const most = length + (length >> 2); // a view keeps all of them in memory
  return (values.length > most ? values.slice(0, length) : values.subarray(0, length)) as T;
}

function int32Column(rows: number): ColumnBuilder {
  let data = new Int32Array(rows);
  return fixedColumn(rows, {
    reserve(room) {
      data = grown(data, room);
    },
    read(bytes, start, end, at) {
      data[at] = readNumber(bytes, start, end);
      return numberKind === INT32;
    },
    finish: (length, nulls) => makeData({ type: new Int32(), length, ...nulls, data: cut(data, length) }),
  });
}

function float64Column(rows: number): ColumnBuilder {
  let data = new Float64Array(rows);
  return fixedColumn(rows, {
    reserve(room) {
      data = grown(data, room);
    },
    read(bytes, start, end, at) {
      data[at] = readNumber(bytes, start, end);
      return numberKind !== NOT;
    },
    finish: (length, nulls) => makeData({ type: new Float64(), length, ...nulls, data: cut(data, length) }),
  });
}

function int64Column(rows: number): ColumnBuilder {
  let data = new BigInt64Array(rows);
  return fixedColumn(rows, {
    reserve(room) {
      data = grown(data, room);
    },
    read(bytes, start, end, at) {
      const value = bigintOf(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1"));
      if (value !== undefined) data[at] = value;
      return value !== undefined;
    },
    finish: (length, nulls) => makeData({ type: new Int64(), length, ...nulls, data: cut(data, length) }),
  });
}

function boolColumn(rows: number): ColumnBuilder {
  let data = new Uint8Array(bitmapSize(rows));
  return fixedColumn(rows, {
    reserve(room) {
      data = grown(data, bitmapSize(room));
    },
    read(bytes, start, end, at) {
      const value = readBool(bytes, start, end);
      if (value === 1) data[at >> 3]! |= 1 << (at & 7);
      return value !== -1;
    },
    finish: (length, nulls) =>
      makeData({ type: new Bool(), length, ...nulls, data: data.slice(0, bitmapSize(length)) }),
  });
}

/** Text goes from the file's bytes to Arrow's without becoming JavaScript strings. */
function utf8Column(rows: number): ColumnBuilder {
  let offsets = new Int32Array(rows + 1);
  const nulls: Nulls = { nullCount: 0, nullBitmap: null };
  let text = new Uint8Array(Math.max(64, rows * 12));
  let used = 0;
  let at = 0;
  return {
    append(bytes, { columns, rows: count, starts, ends, flags }, column) {
      if (at + count >= offsets.length) offsets = grown(offsets, Math.max(offsets.length * 2, at + count + 1));
      for (let row = 0, field = column; row < count; row++, field += columns, at++) {
        const start = starts[field]!;
        const end = ends[field]!;
        const flag = flags[field]!;
        if (start === end && (flag & QUOTED) === 0) markNull(nulls, at, offsets.length - 1);
        if (used + end - start > text.length) text = grown(text, Math.max(text.length * 2, used + end - start));
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
        length: at,
        ...finished(nulls, at),
        valueOffsets: cut(offsets, at + 1),
        data: cut(text, used),
      }),
  };
}
