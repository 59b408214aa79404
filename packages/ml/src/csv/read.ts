import { type RecordBatch, Table } from "apache-arrow";
import { CsvBlockError, CsvValueError, MissingColumnError } from "../errors.js";
import { tableOf } from "../table/build.js";
import { createColumn } from "./columns.js";
import { findHeader, type Header, openFile, readFully } from "./files.js";
import { scanCsv } from "./scan.js";
import { createTokens, fieldText, tokenize } from "./tokens.js";
import type { CsvBlock, CsvSchema } from "./types.js";

/** A whole file is read in pieces of this size: one Arrow record batch each. */
const PIECE = 67_108_864;

/**
 * Reads a whole CSV file into a table, rows in file order. Without a schema the columns get the narrowest types that
 * hold all their values; with one, exactly its columns are read, in its order.
 *
 * @throws everything that `scanCsv` and `readCsvBlock` throw.
 * @example
 * const table = await readCsv("transactions.csv");
 * table.getChild("amount")!.toArray(); // Float64Array
 */
export async function readCsv(path: string, schema?: CsvSchema): Promise<Table> {
  const scan = await scanCsv(path, { blockSize: PIECE });
  const batches: RecordBatch[] = [];
  for (const block of scan.blocks) batches.push(...(await readCsvBlock(path, block, schema ?? scan.schema)).batches);
  return new Table(batches[0]!.schema, batches);
}

/**
 * Reads one block of a CSV file into a table of exactly the schema's columns, in the schema's order; columns of the file
 * that the schema leaves out are skipped. An empty field is a null. Reads the header and the block's bytes, nothing else.
 *
 * @throws FileMissingError; MissingColumnError if the header lacks a column of the schema; CsvValueError (file, line,
 * column) at the first value that does not fit; CsvRaggedError, CsvQuoteError; CsvBlockError if the block does not lie
 * on this file's rows.
 */
export async function readCsvBlock(path: string, block: CsvBlock, schema: CsvSchema): Promise<Table> {
  const handle = await openFile(path);
  try {
    const header = await readHeader(path, (bytes) => readFully(handle, bytes, 0));
    const bytes = Buffer.allocUnsafe(block.bytes);
    if ((await readFully(handle, bytes, block.offset)) < block.bytes) throw misplaced(path, block);
    return parseBlock(path, header, bytes, block, schema);
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
  }
}

function parseBlock(path: string, header: Header, bytes: Uint8Array, block: CsvBlock, schema: CsvSchema): Table {
  const columns = schema.map(({ name, type }) => {
    const index = header.names.indexOf(name);
    if (index !== -1) return { name, type, index, builder: createColumn(type, block.rows) };
    throw new MissingColumnError(`${path} has no column "${name}"; it has ${header.names.join(", ")}.`, {
      file: path,
      column: name,
      columns: header.names,
    });
  });
  const tokens = createTokens(header.names.length);
  let used = 0;
  let line = block.line;
  let rows = 0;
  while (used < bytes.length) {
    tokenize(bytes, used, bytes.length, true, tokens, { file: path, line });
    rows += tokens.rows;
    if (rows > block.rows) throw misplaced(path, block);
    for (const { name, type, index, builder } of columns) {
      const bad = builder.append(bytes, tokens, index);
      if (bad === -1) continue;
      const field = bad * tokens.columns + index;
      const text = fieldText(bytes, tokens.starts[field]!, tokens.ends[field]!, tokens.flags[field]!);
      for (let pos = used; pos < tokens.starts[field]!; pos++) if (bytes[pos] === 10) line++;
      throw misfit(path, line, name, type, text);
    }
    used = tokens.next;
    line += tokens.lines;
  }
  if (rows !== block.rows) throw misplaced(path, block);
  const data = columns.map(({ builder }) => builder.finish());
  return tableOf(
    columns.map(({ name }) => name),
    data,
    rows,
  );
}

function misplaced(file: string, block: CsvBlock): CsvBlockError {
  return new CsvBlockError(
    `${file}: the block at byte ${block.offset} does not hold ${block.rows} rows; the file has changed, scan it again.`,
    { file, offset: block.offset },
  );
}

function misfit(file: string, line: number, column: string, type: string, text: string): CsvValueError {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
  return new CsvValueError(
    `${file}, line ${line}: ${shown} in column "${column}" is no ${type}; correct the value or read the column as utf8.`,
    { file, line, column, type, text: text.slice(0, 200) },
  );
}
