import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "apache-arrow";
import { ColumnTypeError } from "../errors.js";
import { columnNames, flatColumn } from "../table/columns.js";
import { bitAt, bitmapSize, type FlatColumn, type FlatText } from "../table/flat.js";
import { quoted } from "./engine.js";
import { type Sending, sendingOf } from "./types.js";

/** Rows of a DuckDB vector. */
const CHUNK = 2048;

/** DuckDB's texts take 16 bytes each; those of up to 12 bytes lie in them whole. */
const TEXT = 16;
const INLINE = 12;

type Bindings = typeof import("@duckdb/node-bindings");
type Vector = ReturnType<Bindings["data_chunk_get_vector"]>;

/**
 * Copies some columns of a table into a temporary table of the connection, rows in order. `rowColumn` names a column to
 * add that counts the rows from 0.
 *
 * @throws MissingColumnError; ColumnTypeError for types that DuckDB does not have.
 */
export async function sendTable(
  connection: DuckDBConnection,
  name: string,
  table: Table,
  columns: readonly string[] = columnNames(table),
  rowColumn?: string,
): Promise<void> {
  const sent = columns.map((column) => columnToSend(flatColumn(table, column)));
  const fields = sent.map(({ column, sending }) => `${quoted(column.name)} ${sending.sql}`);
  if (rowColumn !== undefined) fields.push(`${quoted(rowColumn)} INTEGER`);
  // A table has at least one column in SQL.
  if (fields.length === 0) fields.push('"" BOOLEAN');
  await connection.run(`CREATE TEMP TABLE ${quoted(name)} (${fields.join(", ")})`);
  if (table.numRows === 0 || (sent.length === 0 && rowColumn === undefined)) return;

  const { DuckDBDataChunk } = await import("@duckdb/node-api");
  const { default: bindings } = await import("@duckdb/node-bindings");
  const appender = await connection.createAppender(name);
  const types = fields.map((_, i) => appender.columnType(i));
  const scratch = new ArrayBuffer(CHUNK * TEXT);
  for (let from = 0; from < table.numRows; from += CHUNK) {
    const rows = Math.min(CHUNK, table.numRows - from);
    const chunk = DuckDBDataChunk.create(types, rows);
    sent.forEach(({ column, sending }, i) => {
      const vector = bindings.data_chunk_get_vector(chunk.chunk, i);
      sendRows(bindings, vector, column, sending, from, rows, scratch);
      sendNulls(bindings, vector, column, from, rows, scratch);
    });
    if (rowColumn !== undefined) {
      const numbers = new Int32Array(scratch, 0, rows);
      for (let i = 0; i < rows; i++) numbers[i] = from + i;
      const vector = bindings.data_chunk_get_vector(chunk.chunk, sent.length);
      bindings.copy_data_to_vector(vector, 0, scratch, 0, numbers.byteLength);
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

function columnToSend(column: FlatColumn): { readonly column: FlatColumn; readonly sending: Sending } {
  const sending = sendingOf(column.type);
  if (sending !== undefined) return { column, sending };
  throw new ColumnTypeError(
    `Column "${column.name}" is ${column.type}, which SQL does not take here; leave it out with select, or convert it.`,
    { column: column.name, type: String(column.type) },
  );
}

function sendRows(
  bindings: Bindings,
  vector: Vector,
  column: FlatColumn,
  sending: Sending,
  from: number,
  rows: number,
  scratch: ArrayBuffer,
): void {
  const bytes = new Uint8Array(scratch);
  if (column.kind === "text") {
    sendTexts(bindings, vector, column, from, rows, bytes);
    return;
  }
  let size = rows;
  if (column.kind === "bool") {
    for (let i = 0; i < rows; i++) bytes[i] = bitAt(column.bits, from + i) ? 1 : 0;
  } else {
    const { values, width } = column;
    const source = new Uint8Array(values.buffer, values.byteOffset + from * width, rows * width);
    if (sending.kind === "low") {
      size = rows * sending.width;
      for (let i = 0; i < rows; i++) {
        for (let b = 0; b < sending.width; b++) bytes[i * sending.width + b] = source[i * width + b]!;
      }
    } else if (sending.kind === "times") {
      size = rows * 8;
      const from64 = values as unknown as ArrayLike<number | bigint>;
      const to = new BigInt64Array(scratch, 0, rows);
      for (let i = 0; i < rows; i++) to[i] = BigInt(from64[from + i]!) * sending.factor;
    } else {
      size = rows * width;
      bytes.set(source);
    }
  }
  bindings.copy_data_to_vector(vector, 0, scratch, 0, size);
}

/** Short texts are written as DuckDB holds them, all at once; long ones one by one into memory of its own. */
function sendTexts(
  bindings: Bindings,
  vector: Vector,
  { offsets, bytes, valid }: FlatText,
  from: number,
  rows: number,
  slots: Uint8Array,
): void {
  slots.fill(0, 0, rows * TEXT);
  const long: number[] = [];
  for (let i = 0; i < rows; i++) {
    const row = from + i;
    if (valid !== undefined && !bitAt(valid, row)) continue;
    const start = offsets[row]!;
    const length = offsets[row + 1]! - start;
    if (length > INLINE) {
      long.push(i);
      continue;
    }
    slots[i * TEXT] = length;
    for (let b = 0; b < length; b++) slots[i * TEXT + 4 + b] = bytes[start + b]!;
  }
  bindings.copy_data_to_vector(vector, 0, slots.buffer as ArrayBuffer, slots.byteOffset, rows * TEXT);
  for (const i of long) {
    // A copy, since the bytes may lie in shared memory.
    const text = bytes.slice(offsets[from + i]!, offsets[from + i + 1]!);
    bindings.vector_assign_string_element_len(vector, i, text);
  }
}

function sendNulls(
  bindings: Bindings,
  vector: Vector,
  { valid }: FlatColumn,
  from: number,
  rows: number,
  scratch: ArrayBuffer,
): void {
  if (valid === undefined) return;
  const words = Math.ceil(rows / 64) * 8;
  const bits = new Uint8Array(scratch, 0, words).fill(0);
  bits.set(valid.subarray(from >> 3, (from >> 3) + bitmapSize(rows))); // `from` is a multiple of 8
  bindings.vector_ensure_validity_writable(vector);
  bindings.copy_data_to_vector_validity(vector, 0, scratch, 0, words);
}
