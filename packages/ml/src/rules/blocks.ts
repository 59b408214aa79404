import { file, type Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { BadOptionError, SchemaMismatchError } from "../errors.js";
import { filesOf } from "../sources/files.js";
import { type JsonSchema, scanJsonLines } from "../sources/json-lines.js";
import { scanParquet } from "../sources/parquet.js";
import { ds } from "./ds.js";

/** Where the session finds the file, where that is not its path here. */
export interface SourceName {
  /** Relative to the session's root, or `s3://…`, `https://…`. */
  readonly uri?: string;
}

/**
 * Cuts a Parquet file, or all that match a pattern (`data/*.parquet`, in the order of their names), into blocks of whole
 * row groups: one ref of `ds.parquetBlock` each. The files' digests become params, so every worker reads the same bytes.
 *
 * @throws as `scanParquet`; SchemaMismatchError for files of different columns.
 * @example
 * const blocks = await parquetBlocks("trips-*.parquet", { blocks: 12, columns: ["city", "fare"] });
 */
export async function parquetBlocks(
  path: string,
  options: SourceName & { readonly blocks?: number; readonly columns?: readonly string[] } = {},
): Promise<Ref<Table>[]> {
  const paths = await namedFiles(path, options.uri);
  const scans = await inTurn(paths, (each) => scanParquet(each, shareOf(options.blocks, paths.length)));
  const columns = options.columns ?? scans[0]!.columns;
  scans.forEach((scan, i) => {
    const missing = columns.find((name) => !scan.columns.includes(name));
    if (missing === undefined) return;
    throw new SchemaMismatchError(
      `${paths[i]} has no column "${missing}"; files read together need the same columns.`,
      {
        column: missing,
        expected: columns.join(", "),
        found: scan.columns.join(", "),
      },
    );
  });
  return scans.flatMap(({ sha256, size, blocks }, i) => {
    const source = file(options.uri ?? paths[i]!, { sha256, size });
    return blocks.map((block) => ds.parquetBlock(source, block, columns));
  });
}

/**
 * Cuts a file of JSON lines into blocks of whole lines: one ref of `ds.jsonBlock` each. Types are those that fit all
 * values of the file, or given (`types: { day: "DATE" }`), and go with every block.
 *
 * @throws as `scanJsonLines`.
 */
export async function jsonBlocks(
  path: string,
  options: SourceName & {
    readonly blockSize?: number | string;
    readonly types?: { readonly [column: string]: string };
    readonly schema?: JsonSchema;
  } = {},
): Promise<Ref<Table>[]> {
  const { sha256, size, schema, blocks } = await scanJsonLines(path, options);
  const source = file(options.uri ?? path, { sha256, size });
  return blocks.map((block) => ds.jsonBlock(source, block, options.schema ?? schema));
}

/** @throws BadOptionError for a pattern with one name for all its files. */
export async function namedFiles(path: string, uri: string | undefined): Promise<readonly string[]> {
  const paths = await filesOf(path);
  if (uri === undefined || (paths.length === 1 && paths[0] === path)) return paths;
  throw new BadOptionError("A pattern can have no uri: each file has its own name.", { option: "uri", value: uri });
}

/** So many of all blocks as one of several files gets. */
export function shareOf(blocks: number | undefined, files: number): { readonly blocks?: number } {
  return blocks === undefined ? {} : { blocks: files === 1 ? blocks : Math.max(1, Math.round(blocks / files)) };
}

/** One after another: files are read to their ends. */
export async function inTurn<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
