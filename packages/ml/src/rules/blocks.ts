import { file, type Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { SchemaMismatchError } from "../errors.js";
import { cutJsonLines, inferJson, type JsonSchema } from "../sources/json-lines.js";
import { scanParquet } from "../sources/parquet.js";
import { ds } from "./ds.js";
import { withSources } from "./named-sources.js";

/** Where the session finds the file, where that is not its path here. */
export interface SourceName {
  /** Relative to the session's root, or `s3://…`, `https://…`. */
  readonly uri?: string;
}

/**
 * Cuts a Parquet file into blocks of whole row groups: one ref of `ds.parquetBlock` each. `path` may be a pattern
 * (`data/*.parquet`, files in the order of their names) or an address (`s3://…`, `https://…`): the file is fetched once
 * here, to be cut, and once by the session. The files' digests become params, so every worker reads the same bytes.
 *
 * @throws as `scanParquet`; SchemaMismatchError for files of different columns.
 * @example
 * const blocks = await parquetBlocks("trips-*.parquet", { blocks: 12, columns: ["city", "fare"] });
 */
export function parquetBlocks(
  path: string,
  options: SourceName & { readonly blocks?: number; readonly columns?: readonly string[] } = {},
): Promise<Ref<Table>[]> {
  return withSources(path, options.uri, async (sources) => {
    const share = shareOf(options.blocks, sources.length);
    const scans = await inTurn(sources, (each) => scanParquet(each.path, share));
    const columns = options.columns ?? scans[0]!.columns;
    scans.forEach((scan, i) => {
      checkSameColumns(sources[i]!.path, columns, scan.columns);
    });
    return scans.flatMap(({ sha256, size, blocks }, i) => {
      const source = file(sources[i]!.uri, { sha256, size });
      return blocks.map((block) => ds.parquetBlock(source, block, columns));
    });
  });
}

/** @throws SchemaMismatchError unless the file has all columns. */
export function checkSameColumns(path: string, columns: readonly string[], own: readonly string[]): void {
  const missing = columns.find((name) => !own.includes(name));
  if (missing === undefined) return;
  throw new SchemaMismatchError(`${path} has no column "${missing}"; files read together need the same columns.`, {
    column: missing,
    expected: columns.join(", "),
    found: own.join(", "),
  });
}

/**
 * Cuts a file of JSON lines into blocks of whole lines: one ref of `ds.jsonBlock` each. Types are those that fit all
 * values of the file, or given (`types: { day: "DATE" }`), and go with every block. `path` may be a pattern, with types that
 * fit all files, or an address.
 *
 * @throws as `scanJsonLines`.
 */
export function jsonBlocks(
  path: string,
  options: SourceName & {
    readonly blockSize?: number | string;
    readonly types?: { readonly [column: string]: string };
    readonly schema?: JsonSchema;
  } = {},
): Promise<Ref<Table>[]> {
  return withSources(path, options.uri, async (sources) => {
    const cuts = await inTurn(sources, (each) => cutJsonLines(each.path, options));
    const paths = sources.map((each) => each.path);
    const schema = options.schema ?? (await inferJson(paths, options.types ?? {}));
    return cuts.flatMap(({ sha256, size, blocks }, i) => {
      const source = file(sources[i]!.uri, { sha256, size });
      return blocks.map((block) => ds.jsonBlock(source, block, schema));
    });
  });
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
