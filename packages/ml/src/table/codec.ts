import { type DigestSink, registerCodec } from "@graphvm/engine";
import { Table, tableFromIPC, tableToIPC } from "apache-arrow";
import { columnNames, flatColumn } from "./columns.js";
import { bitAt, type FlatColumn, type FlatFixed, type FlatText } from "./flat.js";

/**
 * Writes what a table means: names, types, which values are null, and the values. Chunks, slices, IPC layout,
 * dictionary encoding, and what lies in the slots of nulls make no difference; every NaN is the same; -0 is kept.
 *
 * @throws ColumnTypeError for nested columns.
 */
export function canonicalTable(table: Table, sink: DigestSink): void {
  const names = columnNames(table);
  sink.number(table.numRows);
  sink.number(names.length);
  for (const name of names) {
    const column = flatColumn(table, name);
    sink.string(name);
    sink.string(String(column.type));
    sink.number(column.nullCount);
    if (column.valid !== undefined) sink.bytes(column.valid);
    writeValues(column, sink);
  }
}

function writeValues(column: FlatColumn, sink: DigestSink): void {
  switch (column.kind) {
    case "bool": {
      const { valid } = column;
      sink.bytes(valid === undefined ? column.bits : column.bits.map((byte, i) => byte & valid[i]!));
      return;
    }
    case "fixed":
      sink.bytes(canonicalFixed(column));
      return;
    case "text":
      writeText(column, sink);
  }
}

function canonicalFixed(column: FlatFixed): Uint8Array {
  const { values, width, valid, length } = column;
  const oneNaN = hasNaN(values);
  if (valid === undefined && !oneNaN) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const copy = (values as Float64Array).slice();
  if (oneNaN) for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) copy[i] = Number.NaN;
  const bytes = new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength);
  if (valid !== undefined) {
    for (let row = 0; row < length; row++) if (!bitAt(valid, row)) bytes.fill(0, row * width, (row + 1) * width);
  }
  return bytes;
}

function hasNaN(values: ArrayBufferView): boolean {
  if (!(values instanceof Float64Array || values instanceof Float32Array)) return false;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) return true;
  return false;
}

/** Lengths, then the texts one after another; a null has length 0 and no text. */
function writeText({ offsets, bytes, valid, length }: FlatText, sink: DigestSink): void {
  const lengths = new Int32Array(length);
  let total = 0;
  let gaps = false;
  for (let row = 0; row < length; row++) {
    const size = offsets[row + 1]! - offsets[row]!;
    if (valid === undefined || bitAt(valid, row)) total += lengths[row] = size;
    else if (size > 0) gaps = true;
  }
  sink.bytes(new Uint8Array(lengths.buffer));
  const first = offsets[0] ?? 0;
  if (!gaps) {
    sink.bytes(bytes.subarray(first, first + total));
    return;
  }
  const text = new Uint8Array(total);
  let used = 0;
  for (let row = 0; row < length; row++) {
    const start = offsets[row]!;
    text.set(bytes.subarray(start, start + lengths[row]!), used);
    used += lengths[row]!;
  }
  sink.bytes(text);
}

/** A table as bytes: an Arrow IPC stream, which other Arrow libraries read too. */
export function encodeTable(table: Table): Uint8Array {
  return tableToIPC(table, "stream");
}

/**
 * Reads an Arrow IPC stream (or file) as a table. Its columns are views of `bytes`, which may lie in shared memory,
 * where the bytes are aligned to 8; so the bytes must not change afterwards.
 */
export function decodeTable(bytes: Uint8Array): Table {
  return tableFromIPC(bytes);
}

/** Tables as values of a graph: how they travel and what their digest is. Registered when the package loads. */
export const tableCodec = {
  tag: "arrow",
  is: (value: unknown): value is Table => value instanceof Table,
  encode: encodeTable,
  decode: decodeTable,
  digest: canonicalTable,
};

registerCodec(tableCodec);
