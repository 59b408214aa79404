import { type Data, type DataType, Type, type Vector } from "apache-arrow";
import { ColumnTypeError } from "../errors.js";

type Values = Exclude<ArrayBufferView, DataView> & { readonly BYTES_PER_ELEMENT: number };

/** What every flat column has: one run of rows from 0, whatever chunks, slices and dictionaries the Arrow column has. */
interface FlatBase {
  readonly name: string;
  /** The type of the values; for a dictionary column, of the dictionary's values. */
  readonly type: DataType;
  readonly length: number;
  readonly nullCount: number;
  /** One bit a row, 1 = there is a value; undefined if no row is null. Bits after the last row are 0. */
  readonly valid: Uint8Array | undefined;
}

/** Numbers, dates and other values of one width: `width` bytes each. What a null row's slot holds is undefined. */
export interface FlatFixed extends FlatBase {
  readonly kind: "fixed";
  readonly values: Values;
  readonly width: number;
}

/** Truth values, one bit each. */
export interface FlatBool extends FlatBase {
  readonly kind: "bool";
  readonly bits: Uint8Array;
}

/** Text (UTF-8) or bytes: row i is `bytes[offsets[i], offsets[i + 1])`. */
export interface FlatText extends FlatBase {
  readonly kind: "text";
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

export type FlatColumn = FlatFixed | FlatBool | FlatText;

/** The memory of a column's values, as bytes. */
export function bytesOf(values: Values): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Bytes for that many bits. */
export function bitmapSize(bits: number): number {
  return (bits + 7) >> 3;
}

/** Whether bit `i` is set. */
export function bitAt(bits: Uint8Array, i: number): boolean {
  return (bits[i >> 3]! & (1 << (i & 7))) !== 0;
}

/**
 * An Arrow column as flat arrays: views of its memory where it is one chunk, copies otherwise.
 *
 * @throws ColumnTypeError for nested types (lists, structs, maps, unions).
 */
export function flatten(name: string, vector: Vector): FlatColumn {
  const chunks = vector.data as readonly Data[];
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (vector.type.typeId === Type.Dictionary) return undictionary(name, chunks, length);
  const base = { name, type: vector.type as DataType, length, ...validity(chunks, length) };
  switch (vector.type.typeId) {
    case Type.Bool:
      return { kind: "bool", ...base, bits: flatBits(chunks, length) };
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      return { kind: "text", ...base, ...flatText(chunks, length) };
    case Type.Int:
    case Type.Float:
    case Type.Decimal:
    case Type.Date:
    case Type.Time:
    case Type.Timestamp:
    case Type.Duration:
    case Type.Interval:
      return { kind: "fixed", ...base, ...flatFixed(chunks, length) };
    default:
      throw new ColumnTypeError(`Column "${name}" is ${vector.type}; only plain columns are taken: unnest it first.`, {
        column: name,
        type: String(vector.type),
      });
  }
}

function validity(chunks: readonly Data[], length: number): { nullCount: number; valid: Uint8Array | undefined } {
  const nullCount = chunks.reduce((sum, chunk) => sum + chunk.nullCount, 0);
  if (nullCount === 0) return { nullCount, valid: undefined };
  const valid = new Uint8Array(bitmapSize(length));
  let at = 0;
  for (const chunk of chunks) {
    const whole = chunk.nullCount === 0;
    for (let i = 0; i < chunk.length; i++, at++) {
      if (whole || bitAt(chunk.nullBitmap, chunk.offset + i)) valid[at >> 3]! |= 1 << (at & 7);
    }
  }
  return { nullCount, valid };
}

function flatBits(chunks: readonly Data[], length: number): Uint8Array {
  const bits = new Uint8Array(bitmapSize(length));
  let at = 0;
  for (const chunk of chunks) {
    const values = chunk.values as Uint8Array;
    for (let i = 0; i < chunk.length; i++, at++) {
      if (bitAt(values, chunk.offset + i)) bits[at >> 3]! |= 1 << (at & 7);
    }
  }
  return bits;
}

function flatFixed(chunks: readonly Data[], length: number): { values: Values; width: number } {
  const views = chunks.map((chunk) => {
    const all = chunk.values as Values & { subarray(from: number, to: number): Values };
    return all.subarray(0, chunk.length * chunk.stride);
  });
  const first = views[0]!;
  const width = first.BYTES_PER_ELEMENT * chunks[0]!.stride;
  if (views.length === 1) return { values: first, width };
  const bytes = new Uint8Array(length * width);
  let at = 0;
  for (const view of views) {
    bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at);
    at += view.byteLength;
  }
  const make = first.constructor as new (buffer: ArrayBuffer) => Values;
  return { values: new make(bytes.buffer), width };
}

function flatText(chunks: readonly Data[], length: number): { offsets: Int32Array; bytes: Uint8Array } {
  const only = chunks.length === 1 ? chunks[0]! : undefined;
  if (only?.valueOffsets instanceof Int32Array) {
    return { offsets: only.valueOffsets.subarray(0, length + 1), bytes: only.values as Uint8Array };
  }
  const offsets = new Int32Array(length + 1);
  const pieces = chunks.map((chunk) => {
    const from = Number(chunk.valueOffsets[0] ?? 0);
    return (chunk.values as Uint8Array).subarray(from, Number(chunk.valueOffsets[chunk.length] ?? from));
  });
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let row = 0;
  let used = 0;
  chunks.forEach((chunk, c) => {
    const from = Number(chunk.valueOffsets[0] ?? 0);
    for (let i = 1; i <= chunk.length; i++) offsets[++row] = used + Number(chunk.valueOffsets[i]) - from;
    bytes.set(pieces[c]!, used);
    used += pieces[c]!.length;
  });
  return { offsets, bytes };
}

/** Looks every row up in its chunk's dictionary. */
function undictionary(name: string, chunks: readonly Data[], length: number): FlatColumn {
  const parts = chunks.map((chunk) => {
    const dictionary = flatten(name, chunk.dictionary!);
    const rows = new Int32Array(chunk.length).fill(-1);
    for (let i = 0; i < chunk.length; i++) {
      if (chunk.nullCount === 0 || bitAt(chunk.nullBitmap, chunk.offset + i)) rows[i] = Number(chunk.values[i]);
    }
    return gather(dictionary, rows);
  });
  return parts.length === 1 ? parts[0]! : join(name, parts, length);
}

function join(name: string, parts: readonly FlatColumn[], length: number): FlatColumn {
  const first = parts[0]!;
  const valid = new Uint8Array(bitmapSize(length));
  let nullCount = 0;
  let at = 0;
  for (const part of parts) {
    nullCount += part.nullCount;
    for (let i = 0; i < part.length; i++, at++) {
      if (part.valid === undefined || bitAt(part.valid, i)) valid[at >> 3]! |= 1 << (at & 7);
    }
  }
  if (first.kind !== "text") {
    throw new ColumnTypeError(`Column "${name}" is a dictionary of ${first.type}; only text dictionaries are taken.`, {
      column: name,
      type: String(first.type),
    });
  }
  const texts = parts as readonly FlatText[];
  const offsets = new Int32Array(length + 1);
  const bytes = new Uint8Array(texts.reduce((sum, part) => sum + part.bytes.length, 0));
  let row = 0;
  let used = 0;
  for (const part of texts) {
    for (let i = 1; i <= part.length; i++) offsets[++row] = used + part.offsets[i]!;
    bytes.set(part.bytes, used);
    used += part.bytes.length;
  }
  return {
    kind: "text",
    name,
    type: first.type,
    length,
    nullCount,
    valid: nullCount > 0 ? valid : undefined,
    offsets,
    bytes,
  };
}

/** The rows of a column in the given order; row -1 gives a null. Offsets of the result start at 0. */
export function gather(column: FlatColumn, rows: Int32Array): FlatColumn {
  const length = rows.length;
  const valid = new Uint8Array(bitmapSize(length));
  let nullCount = 0;
  for (let i = 0; i < length; i++) {
    const row = rows[i]!;
    if (row < 0 || (column.valid !== undefined && !bitAt(column.valid, row))) nullCount++;
    else valid[i >> 3]! |= 1 << (i & 7);
  }
  const { name, type } = column;
  const base = { name, type, length, nullCount, valid: nullCount > 0 ? valid : undefined };
  switch (column.kind) {
    case "bool": {
      const bits = new Uint8Array(bitmapSize(length));
      for (let i = 0; i < length; i++) if (rows[i]! >= 0 && bitAt(column.bits, rows[i]!)) bits[i >> 3]! |= 1 << (i & 7);
      return { kind: "bool", ...base, bits };
    }
    case "text": {
      const offsets = new Int32Array(length + 1);
      const from = column.offsets;
      for (let i = 0; i < length; i++) {
        const row = rows[i]!;
        offsets[i + 1] = offsets[i]! + (row < 0 ? 0 : from[row + 1]! - from[row]!);
      }
      const bytes = new Uint8Array(offsets[length]!);
      for (let i = 0; i < length; i++) {
        const row = rows[i]!;
        if (row < 0) continue;
        const end = from[row + 1]!;
        for (let pos = from[row]!, to = offsets[i]!; pos < end; pos++, to++) bytes[to] = column.bytes[pos]!;
      }
      return { kind: "text", ...base, offsets, bytes };
    }
    case "fixed":
      return { kind: "fixed", ...base, width: column.width, values: gatherFixed(column, rows) };
  }
}

function gatherFixed({ values, width }: FlatFixed, rows: Int32Array): Values {
  const bytes = new Uint8Array(rows.length * width);
  const make = values.constructor as new (buffer: ArrayBuffer) => Values;
  const result = new make(bytes.buffer);
  if (width === values.BYTES_PER_ELEMENT) {
    const from = values as unknown as { [row: number]: number };
    const to = result as unknown as { [row: number]: number };
    for (let i = 0; i < rows.length; i++) if (rows[i]! >= 0) to[i] = from[rows[i]!]!;
    return result;
  }
  const source = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row >= 0) bytes.set(source.subarray(row * width, (row + 1) * width), i * width);
  }
  return result;
}
