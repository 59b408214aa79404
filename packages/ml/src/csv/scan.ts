import { createHash } from "node:crypto";
import { BadOptionError, CsvValueError, MissingColumnError } from "../errors.js";
import { firstPlaces } from "../table/first-places.js";
import { collects, type OnBadRow } from "./bad-rows.js";
import { byteSize } from "./byte-size.js";
import { openFile } from "./files.js";
import { createInference, type Inference } from "./infer.js";
import type { Tokens } from "./tokens.js";
import type { CsvBlock, CsvScan, CsvSchema, CsvType } from "./types.js";
import { walkCsv } from "./walk.js";

/** How to cut a file: blocks of about that many bytes, or that many blocks of about equal size. */
export type CsvBlockOptions = (
  | { readonly blockSize: number | string; readonly blocks?: undefined }
  | { readonly blocks: number; readonly blockSize?: undefined }
) & {
  /** Types of columns, by name, instead of what their values look like. */
  readonly types?: { readonly [column: string]: CsvType };
  /** Which columns to read, in the order the tables shall have them: all by default. Others are not looked at. */
  readonly columns?: readonly string[];
  /** What happens to rows that do not fit: see `OnBadRow`. */
  readonly onBadRow?: OnBadRow;
};

/**
 * Reads a CSV file once, from front to back, and finds its sha-256, its size, the narrowest type of each column over all
 * rows, and where to cut it into blocks of whole rows: never inside a quoted field. A block ends with the row that
 * reaches the next multiple of the block size (counted from the first row), so blocks are about equal; with `blocks: n`
 * there are n of them, or fewer if rows are few or very long. Needs about a megabyte, whatever the size of the file.
 *
 * @throws CsvValueError for a few texts in a column of numbers; FileMissingError, CsvEmptyError, CsvHeaderError, CsvRaggedError, CsvQuoteError, CsvEncodingError,
 * BadOptionError
 * @example
 * const scan = await scanCsv("transactions.csv", { blockSize: "5 MB" });
 * const first = await readCsvBlock("transactions.csv", scan.blocks[0]!, scan.schema);
 */
export async function scanCsv(path: string, options: CsvBlockOptions): Promise<CsvScan> {
  return (await scanOne(path, options)).scan;
}

/** A scan, and the columns that have no value: their type is a guess. */
export interface ScanOne {
  readonly scan: CsvScan;
  readonly empty: readonly string[];
}

/** @throws as `scanCsv`. */
export async function scanOne(path: string, options: CsvBlockOptions): Promise<ScanOne> {
  const wanted = blockTarget(options);
  const collect = collects(options.onBadRow);
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const hash = createHash("sha256");
    let wantedNames: readonly string[] = [];
    let places: readonly number[] = [];
    let inference: Inference | undefined;
    let cutter: Cutter | undefined;
    const read = await walkCsv(path, handle, {
      bytes: (bytes) => hash.update(bytes),
      header(found) {
        wantedNames = options.columns ?? found.names;
        places = placesIn(path, wantedNames, found.names);
        inference = createInference(found.names.length, places);
        const blockSize = wanted.blocks === 0 ? wanted.size : Math.max(1, (size - found.next) / wanted.blocks);
        cutter = createCutter(found.next, found.line, blockSize);
      },
      rows(bytes, tokens, from, position, line) {
        inference!.add(bytes, tokens, from, line);
        cutter!.add(bytes, tokens, position, from, line);
      },
      ragged: collect ? () => {} : undefined,
    });
    const blocks = cutter!.finish(read);
    const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
    const schema = chooseTypes(path, wantedNames, places, inference!, options.types ?? {}, collect);
    const empty = schema.flatMap(({ name }, i) => (inference!.isEmpty(places[i]!) ? [name] : []));
    return { scan: { sha256: hash.digest("hex"), size: read, rows, schema, blocks }, empty };
  } finally {
    await handle.close();
  }
}

/**
 * The types of the columns. A column of numbers with a few texts among them is more likely a mistake than a column of
 * text, and trained on it a model would take every number for a category.
 */
function chooseTypes(
  file: string,
  names: readonly string[],
  places: readonly number[],
  inference: Inference,
  given: { readonly [column: string]: CsvType },
  collect: boolean,
): CsvSchema {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new MissingColumnError(`${file} has no column "${unknown}" to give a type; it has ${names.join(", ")}.`, {
      file,
      column: unknown,
      columns: names,
    });
  }
  const types = inference.types();
  return names.map((name, at) => {
    const i = places[at]!;
    const type = Object.hasOwn(given, name) ? given[name]! : types[i]!;
    const stray = Object.hasOwn(given, name) ? undefined : inference.stray(i);
    if (!stray) return { name, type };
    if (collect) return { name, type: inference.numbers(i) };
    const { line, text, texts, numbers } = stray;
    throw new CsvValueError(
      `${file}, line ${line}: ${JSON.stringify(text.slice(0, 80))} in column "${name}" is no number, and ${numbers} others are; correct ${texts === 1 ? "it" : `the ${texts} texts`}, or read the column as text with types: { ${JSON.stringify(name)}: "utf8" }.`,
      { file, line, column: name, type: "number", text: text.slice(0, 200) },
    );
  });
}

function placesIn(file: string, wanted: readonly string[], names: readonly string[]): number[] {
  const places = firstPlaces(names);
  return wanted.map((name) => {
    const place = places.get(name);
    if (place !== undefined) return place;
    throw new MissingColumnError(`${file} has no column "${name}"; it has ${names.join(", ")}.`, {
      file,
      column: name,
      columns: names,
    });
  });
}

function blockTarget(options: CsvBlockOptions): { size: number; blocks: number } {
  if (options.blockSize !== undefined) return { size: byteSize(options.blockSize), blocks: 0 };
  const { blocks } = options;
  if (Number.isSafeInteger(blocks) && blocks >= 1) return { size: 0, blocks };
  throw new BadOptionError(`blocks is ${blocks}; ask for 1 block or more.`, { option: "blocks", value: blocks });
}

/** Cuts rows into blocks as they go by. */
interface Cutter {
  add(bytes: Uint8Array, tokens: Tokens, position: number, from: number, line: number): void;
  finish(end: number): CsvBlock[];
}

function createCutter(start: number, startLine: number, blockSize: number): Cutter {
  const blocks: CsvBlock[] = [];
  let offset = start;
  let line = startLine;
  let rows = 0;
  let target = start + blockSize;
  const close = (end: number, endLine: number): void => {
    if (rows === 0) return; // what lies there goes with the next block
    blocks.push({ offset, bytes: end - offset, line, rows });
    offset = end;
    line = endLine;
    rows = 0;
    while (target <= end) target += blockSize;
  };
  return {
    add(bytes, tokens, position, from, firstLine) {
      if (position + tokens.next < target) {
        rows += tokens.rows;
        return;
      }
      // Some row of this batch reaches the target: the first that ends at or after it closes the block.
      const { columns, starts, flags } = tokens;
      let counted = from;
      let at = firstLine;
      for (let row = 0; row < tokens.rows; row++) {
        const next = (row + 1) * columns;
        const end = row + 1 < tokens.rows ? starts[next]! - (flags[next]! & 1) : tokens.next;
        rows++;
        if (position + end < target) continue;
        for (; counted < end; counted++) if (bytes[counted] === 10) at++;
        close(position + end, at);
      }
    },
    finish(end) {
      close(end, line);
      const last = blocks.at(-1);
      if (last !== undefined) blocks[blocks.length - 1] = { ...last, bytes: end - last.offset };
      return blocks;
    },
  };
}
