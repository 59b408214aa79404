import { type RecordBatch, Table } from "apache-arrow";
import { CsvBlockError, CsvLongRowError } from "../errors.js";
import { type BadRow, badRowsTable, collects, type OnBadRow } from "./bad-rows.js";
import { findHeader, type Header, openFile, readFully } from "./files.js";
import { createParser } from "./parse.js";
import { scanCsv } from "./scan.js";
import type { CsvBlock, CsvSchema } from "./types.js";
import { LONGEST_ROW, walkCsv, walkRange } from "./walk.js";

/** A whole file is read in pieces of this size: one Arrow record batch each. */
const PIECE = 67_108_864;

/** How to read. */
export interface CsvReadOptions {
  /** `"collect"` leaves rows that do not fit out: see `OnBadRow`. */
  readonly onBadRow?: OnBadRow;
}

/**
 * Reads a whole CSV file into a table, rows in file order. Without a schema the columns get the narrowest types that
 * hold all their values, which takes a pass of its own; with one, exactly its columns are read, in its order.
 *
 * @throws everything that `scanCsv` and `readCsvBlock` throw.
 * @example
 * const table = await readCsv("transactions.csv");
 * table.getChild("amount")!.toArray(); // Float64Array
 */
export async function readCsv(path: string, schema?: CsvSchema, options: CsvReadOptions = {}): Promise<Table> {
  const types = schema ?? (await scanCsv(path, { blockSize: PIECE, ...options })).schema;
  const collect = collects(options.onBadRow);
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const batches: RecordBatch[] = [];
    let header: Header | undefined;
    let parser: ReturnType<typeof createParser> | undefined;
    let start = 0; // of the batch, in the file
    await walkCsv(path, handle, {
      header(found) {
        header = found;
        start = found.next;
      },
      rows(bytes, tokens, from, position, line) {
        if (tokens.rows === 0) return;
        const used = position + tokens.next - start;
        parser ??= createParser(path, header!, types, expectedRows(tokens.rows, used, size - start), collect);
        parser.add(bytes, tokens, from, line);
        if (used < PIECE) return;
        batches.push(...parser.finish().batches);
        parser = undefined;
        start = position + tokens.next;
      },
      ragged: collect ? () => {} : undefined,
    });
    if (parser !== undefined || batches.length === 0) {
      parser ??= createParser(path, header!, types, 0, collect);
      batches.push(...parser.finish().batches);
    }
    return new Table(batches[0]!.schema, batches);
  } finally {
    await handle.close();
  }
}

/** Rows of the next batch, a few more rather than fewer, judged by the first ones. */
function expectedRows(rows: number, bytes: number, left: number): number {
  return Math.ceil((rows / bytes) * Math.min(left, PIECE) * 1.05) + 1;
}

/**
 * Reads one block of a CSV file into a table of exactly the schema's columns, in the schema's order; columns of the file
 * that the schema leaves out are skipped. An empty field is a null. Reads the header and the block's bytes, nothing else.
 *
 * @throws FileMissingError; MissingColumnError if the header lacks a column of the schema; CsvValueError (file, line,
 * column) at the first value that does not fit; CsvRaggedError, CsvQuoteError; CsvBlockError if the block does not lie
 * on this file's rows.
 */
export async function readCsvBlock(
  path: string,
  block: CsvBlock,
  schema: CsvSchema,
  options: CsvReadOptions = {},
): Promise<Table> {
  return (await readBlock(path, block, schema, collects(options.onBadRow))).table;
}

/**
 * The rows of a block that `readCsvBlock` leaves out with `onBadRow: "collect"`, a row each: `file` (as it is called in
 * `name`), `line`, `column` (null for a row of too few or too many fields) and `text`, the first 200 characters of the
 * value, or of the row.
 *
 * @throws as `readCsvBlock`.
 */
export async function readBadRows(path: string, block: CsvBlock, schema: CsvSchema, name = path): Promise<Table> {
  return badRowsTable(name, (await readBlock(path, block, schema, true)).bad);
}

async function readBlock(
  path: string,
  block: CsvBlock,
  schema: CsvSchema,
  collect: boolean,
): Promise<{ readonly table: Table; readonly bad: readonly BadRow[] }> {
  const handle = await openFile(path);
  try {
    const header = await readHeader(path, (bytes) => readFully(handle, bytes, 0));
    const parser = createParser(path, header, schema, block.rows, collect);
    const { offset, line } = block;
    const end = offset + block.bytes;
    let rows = 0;
    const read = await walkRange(
      path,
      handle,
      { offset, end, line, columns: header.names.length },
      {
        rows(bytes, tokens, from, _position, at) {
          rows += tokens.rows;
          if (rows > block.rows) throw misplaced(path, block);
          parser.add(bytes, tokens, from, at);
        },
        ragged: collect ? parser.ragged : undefined,
      },
    );
    if (rows !== block.rows || read.end !== end) throw misplaced(path, block);
    return { table: parser.finish(), bad: parser.bad() };
  } finally {
    await handle.close();
  }
}

async function readHeader(path: string, read: (bytes: Uint8Array) => Promise<number>): Promise<Header> {
  for (let size = 16_384; ; size *= 4) {
    const bytes = Buffer.allocUnsafe(size);
    const filled = await read(bytes);
    const header = findHeader(path, bytes.subarray(0, filled), filled < size);
    if (header !== undefined) return header;
    if (size >= LONGEST_ROW) {
      throw new CsvLongRowError(`${path}, line 1: the column names take more than ${size} bytes; is this a CSV file?`, {
        file: path,
        line: 1,
        limit: LONGEST_ROW,
      });
    }
  }
}

function misplaced(file: string, block: CsvBlock): CsvBlockError {
  return new CsvBlockError(
    `${file}: the block at byte ${block.offset} does not hold ${block.rows} rows; the file has changed, scan it again.`,
    { file, offset: block.offset },
  );
}
