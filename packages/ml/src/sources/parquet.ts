import { rename, rm } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "apache-arrow";
import { openFile } from "../csv/files.js";
import { literal, quoted, withConnection } from "../duckdb/engine.js";
import { ask, sqlErrorsOf } from "../duckdb/query.js";
import { sendTable } from "../duckdb/send.js";
import { BadOptionError, MissingColumnError, TableFileError } from "../errors.js";
import { concat } from "../verbs/rows.js";
import { type Fingerprint, fileErrorsOf, fingerprint } from "./files.js";

/** A run of whole row groups. Plain data, so that it can be a rule's param. */
export interface ParquetBlock {
  /** Number of the first row in the file, from 0. */
  readonly from: number;
  readonly rows: number;
}

/** What a Parquet file says of itself, and how it was cut. */
export interface ParquetScan extends Fingerprint {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly blocks: readonly ParquetBlock[];
}

/**
 * A Parquet file's digest, columns and rows, and blocks of whole row groups: `blocks` of about equal rows, or fewer where
 * there are fewer row groups; without it one for each row group.
 *
 * @throws FileMissingError, BadOptionError; TableFileError for a file that is broken or no Parquet.
 */
export async function scanParquet(path: string, options: { readonly blocks?: number } = {}): Promise<ParquetScan> {
  const { blocks } = options;
  if (blocks !== undefined && !(Number.isSafeInteger(blocks) && blocks >= 1)) {
    throw new BadOptionError(`blocks is ${blocks}; ask for 1 block or more.`, { option: "blocks", value: blocks });
  }
  const print = await fingerprint(path);
  const { sizes, columns } = await fileErrorsOf(path, "Parquet file", () =>
    withConnection("files", async (connection) => ({
      sizes: await groupSizes(connection, path),
      columns: await ask(connection, `SELECT column_name FROM (DESCRIBE SELECT * FROM ${reading(path)})`),
    })),
  );
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const names = Array.from(columns.getChildAt(0)!) as string[];
  return { ...print, rows, columns: names, blocks: cutGroups(sizes, rows, blocks ?? sizes.length) };
}

/** The rows of each row group. */
async function groupSizes(connection: DuckDBConnection, path: string): Promise<number[]> {
  const groups = await ask(
    connection,
    `SELECT any_value(row_group_num_rows) AS n FROM parquet_metadata(${literal(path)}) GROUP BY row_group_id ORDER BY row_group_id`,
  );
  return Array.from(groups.getChildAt(0)!, Number);
}

/** A block ends with the row group that reaches the next multiple of an equal share. */
function cutGroups(sizes: readonly number[], total: number, blocks: number): ParquetBlock[] {
  const found: ParquetBlock[] = [];
  let from = 0;
  let at = 0;
  for (const size of sizes) {
    at += size;
    const due = (total * (found.length + 1)) / blocks;
    if (at > from && (at >= due || at === total)) {
      found.push({ from, rows: at - from });
      from = at;
    }
  }
  return found;
}

/** A whole Parquet file, or some columns of it, as a table; rows in file order. @throws as `scanParquet`. */
export function readParquet(path: string, columns?: readonly string[]): Promise<Table> {
  return readRows(path, undefined, columns);
}

/**
 * One block of a Parquet file; only its row groups are read.
 *
 * @throws as `scanParquet`; TableFileError if the file has not the block's rows.
 */
export function readParquetBlock(path: string, block: ParquetBlock, columns?: readonly string[]): Promise<Table> {
  return readRows(path, block, columns);
}

/** So many rows are worth a second thread. */
const MANY_ROWS = 200_000;

async function readRows(
  path: string,
  block: ParquetBlock | undefined,
  columns: readonly string[] | undefined,
): Promise<Table> {
  await (await openFile(path)).close(); // a missing file is told as everywhere
  const table = await fileErrorsOf(path, "Parquet file", async () => {
    const ranges = await withConnection("files", async (connection) => {
      if (columns !== undefined) {
        const there = await ask(connection, `SELECT column_name FROM (DESCRIBE SELECT * FROM ${reading(path)})`);
        checkColumns(path, columns, Array.from(there.getChildAt(0)!) as string[]);
      }
      return block === undefined ? halves(await groupSizes(connection, path)) : [block];
    });
    return concat(await Promise.all(ranges.map((range) => readRange(path, range, columns))));
  });
  if (block === undefined || table.numRows === block.rows) return table;
  throw new TableFileError(
    `${path}: the block from row ${block.from} has ${table.numRows} rows instead of ${block.rows}; the file has changed, scan it again.`,
    { file: path, why: "rows" },
  );
}

/** Large files are read by two threads of DuckDB, while this one copies what they made. */
function halves(sizes: readonly number[]): readonly ParquetBlock[] {
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  return rows < MANY_ROWS ? [{ from: 0, rows }] : cutGroups(sizes, rows, 2);
}

/** On a connection of its own, so that several go on side by side. */
function readRange(path: string, { from, rows }: ParquetBlock, columns: readonly string[] | undefined): Promise<Table> {
  const number = "file_row_number";
  const list = columns === undefined ? `* EXCLUDE (${number})` : columns.map(quoted).join(", ");
  const where = `${number} >= ${from} AND ${number} < ${from + rows}`;
  const query = `SELECT ${list} FROM ${reading(path, `, ${number} = true`)} WHERE ${where}`;
  return withConnection("files", (connection) => ask(connection, query, rows));
}

function reading(path: string, options = ""): string {
  return `read_parquet(${literal(path)}${options})`;
}

function checkColumns(file: string, wanted: readonly string[], columns: readonly string[]): void {
  const missing = wanted.find((name) => !columns.includes(name));
  if (missing === undefined) return;
  throw new MissingColumnError(`${file} has no column "${missing}"; it has ${columns.join(", ")}.`, {
    file,
    column: missing,
    columns,
  });
}

/** How to write a Parquet file. */
export interface ParquetOptions {
  /** Rows of a row group, which is what blocks are made of: 122,880 by default. DuckDB makes it a multiple of 2,048. */
  readonly rowGroupRows?: number;
}

/**
 * Writes a table as a Parquet file (Snappy), under another name first: whoever reads the path sees all of it or nothing
 * of it. Equal tables give equal bytes. What is there already is replaced.
 *
 * @throws ColumnTypeError; TableFileError if the place can't be written.
 */
export async function writeParquet(table: Table, path: string, options: ParquetOptions = {}): Promise<void> {
  const { rowGroupRows = 122_880 } = options;
  if (!(Number.isSafeInteger(rowGroupRows) && rowGroupRows >= 1)) {
    throw new BadOptionError(`rowGroupRows is ${rowGroupRows}; give a number of rows.`, {
      option: "rowGroupRows",
      value: rowGroupRows,
    });
  }
  const unfinished = `${path}.${process.pid}.unfinished`;
  const query = `COPY t TO ${literal(unfinished)} (FORMAT parquet, ROW_GROUP_SIZE ${rowGroupRows})`;
  try {
    await withConnection("files", (connection) =>
      sqlErrorsOf(query, async () => {
        await sendTable(connection, "t", table);
        await connection.run(query);
      }),
    );
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    const why = (error as { readonly fields?: { readonly why?: string } }).fields?.why;
    if (why === undefined) throw error;
    throw new TableFileError(`${path} cannot be written: ${why}`, { file: path, why }, { cause: error });
  }
}
