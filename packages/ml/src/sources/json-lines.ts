import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "apache-arrow";
import { byteSize } from "../csv/byte-size.js";
import { openFile, readFully } from "../csv/files.js";
import { literal, withConnection } from "../duckdb/engine.js";
import { ask } from "../duckdb/query.js";
import { CsvEmptyError, TableFileError } from "../errors.js";
import { type Fingerprint, fileErrorsOf, fingerprint } from "./files.js";

/** A column and its SQL type: "BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP". */
export interface JsonColumn {
  readonly name: string;
  readonly type: string;
}

/** The columns to read, in the order the table shall have. Plain data, so that it can be a rule's param. */
export type JsonSchema = readonly JsonColumn[];

/** A run of whole lines. Plain data, so that it can be a rule's param. */
export interface JsonBlock {
  readonly offset: number;
  readonly bytes: number;
  /** Line of the first byte in the file, from 1. */
  readonly line: number;
}

/** What one pass over a file of JSON lines finds. */
export interface JsonScan extends Fingerprint {
  readonly schema: JsonSchema;
  readonly blocks: readonly JsonBlock[];
}

/** A line of more bytes than this is an error: it would have to be in memory whole. */
const LONGEST_LINE = 16_777_216;

/**
 * Reads a file of JSON lines (one object a line): its digest, the types that fit all its values, and blocks of whole
 * lines of about `blockSize` bytes.
 *
 * @throws FileMissingError; CsvEmptyError for a file without a line; TableFileError with file and line.
 */
export async function scanJsonLines(
  path: string,
  options: { readonly blockSize?: number | string; readonly types?: { readonly [column: string]: string } } = {},
): Promise<JsonScan> {
  return { ...(await cutJsonLines(path, options)), schema: await inferJson([path], options.types ?? {}) };
}

/** Cuts a file into blocks of whole lines, whatever is in them. @throws as `scanJsonLines`. */
export async function cutJsonLines(
  path: string,
  options: { readonly blockSize?: number | string } = {},
): Promise<Omit<JsonScan, "schema">> {
  const wanted = byteSize(options.blockSize ?? "64 MB");
  const blocks: JsonBlock[] = [];
  let position = 0;
  let lines = 1;
  let start = { offset: 0, line: 1 };
  let lineStart = 0;
  let content = false;
  const print = await fingerprint(path, (bytes) => {
    content ||= bytes.some((byte) => byte > 32);
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, end + 1)) {
      const next = position + end + 1;
      if (next - lineStart > LONGEST_LINE) break;
      lineStart = next;
      lines++;
      if (next - start.offset < wanted) continue;
      blocks.push({ ...start, bytes: next - start.offset });
      start = { offset: next, line: lines };
    }
    position += bytes.length;
    if (position - lineStart > LONGEST_LINE) throw tooLong(path, lines);
  });
  if (start.offset < print.size) blocks.push({ ...start, bytes: print.size - start.offset });
  if (!content) {
    throw new CsvEmptyError(`${path} has no rows; a file of JSON lines has an object on each line.`, { file: path });
  }
  return { ...print, blocks };
}

function tooLong(file: string, line: number): TableFileError {
  return new TableFileError(
    `${file}, line ${line}: the line has more than ${LONGEST_LINE} bytes; JSON lines have an object on each line.`,
    { file, line, why: "line" },
  );
}

/** The columns of some files together, of types that fit all their values. @throws TableFileError */
export async function inferJson(
  paths: readonly string[],
  types: { readonly [column: string]: string },
): Promise<JsonSchema> {
  // Where several can't be read together, what one of them is by itself says which.
  if (paths.length > 1) for (const path of paths) await describeJson([path]);
  const found = await describeJson(paths);
  const names = Array.from(found.getChildAt(0)!) as string[];
  const inferred = Array.from(found.getChildAt(1)!) as string[];
  return names.map((name, i) => ({ name, type: Object.hasOwn(types, name) ? types[name]! : plainType(inferred[i]!) }));
}

function describeJson(paths: readonly string[]): Promise<Table> {
  const all = "sample_size = -1, maximum_sample_files = 1000000, union_by_name = true";
  const query = `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${reading(paths, all)})`;
  return fileErrorsOf(paths[0]!, "file of JSON lines", () =>
    withConnection("files", (connection) => ask(connection, query)),
  );
}

/** Objects, lists and identifiers are kept as their texts. */
function plainType(type: string): string {
  return /^(JSON|UUID|STRUCT|MAP)|\[\]$/.test(type) ? "VARCHAR" : type;
}

/** A whole file of JSON lines as a table. @throws as `scanJsonLines`. */
export async function readJsonLines(path: string, schema?: JsonSchema): Promise<Table> {
  await (await openFile(path)).close();
  return readJson(path, path, 1, schema ?? (await scanJsonLines(path)).schema);
}

/**
 * One block of a file of JSON lines as a table of exactly the schema's columns; what a line does not have is null.
 *
 * @throws TableFileError with the file and the line in it.
 */
export async function readJsonBlock(path: string, block: JsonBlock, schema: JsonSchema): Promise<Table> {
  const handle = await openFile(path);
  const folder = await mkdtemp(join(tmpdir(), "graphvm-json-"));
  try {
    const bytes = Buffer.allocUnsafe(block.bytes);
    if ((await readFully(handle, bytes, block.offset)) < block.bytes) {
      throw new TableFileError(`${path}: the block at byte ${block.offset} is not there; scan the file again.`, {
        file: path,
        why: "bytes",
      });
    }
    const part = join(folder, "block.jsonl");
    await writeFile(part, bytes); // DuckDB reads files, not ranges of them
    return await readJson(part, path, block.line, schema);
  } finally {
    await handle.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function readJson(path: string, file: string, firstLine: number, schema: JsonSchema): Promise<Table> {
  const columns = schema.map(({ name, type }) => `${literal(name)}: ${literal(type)}`).join(", ");
  const query = `SELECT * FROM ${reading([path], `columns = {${columns}}`)}`;
  return fileErrorsOf(file, "file of JSON lines", async () => {
    try {
      return await withConnection("files", (connection) => ask(connection, query));
    } catch (error) {
      throw placed(error, path, file, firstLine);
    }
  });
}

/** The error with the place in the user's file instead of that in the block. */
function placed(error: unknown, path: string, file: string, firstLine: number): unknown {
  const fields = (error as { readonly fields?: { readonly why?: string } }).fields;
  if (fields?.why === undefined) return error;
  const why = fields.why
    .replaceAll(path, file)
    .replace(/\bin line (\d+)/i, (_, line: string) => `in line ${Number(line) + firstLine - 1}`);
  return Object.assign(new Error(why), { fields: { why } });
}

function reading(paths: readonly string[], options: string): string {
  return `read_json([${paths.map(literal).join(", ")}], format = 'newline_delimited', records = true, maximum_object_size = ${LONGEST_LINE}, ${options})`;
}
