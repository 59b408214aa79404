import { createHash } from "node:crypto";
import { BadOptionError, CsvEmptyError, CsvValueError, MissingColumnError } from "../errors.js";
import { byteSize } from "./byte-size.js";
import { checkUtf8, findHeader, type Header, openFile } from "./files.js";
import { createInference, type Inference } from "./infer.js";
import { createTokens, type Tokens, tokenize } from "./tokens.js";
import type { CsvBlock, CsvScan, CsvSchema, CsvType } from "./types.js";

const CHUNK = 1_048_576;

/** How to cut a file: blocks of about that many bytes, or that many blocks of about equal size. */
export type CsvBlockOptions = (
  | { readonly blockSize: number | string; readonly blocks?: undefined }
  | { readonly blocks: number; readonly blockSize?: undefined }
) & {
  /** Types of columns, by name, instead of what their values look like. */
  readonly types?: { readonly [column: string]: CsvType };
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
  const wanted = blockTarget(options);
  const handle = await openFile(path);
  try {
    const size = (await handle.stat()).size;
    const hash = createHash("sha256");
    let header: Header | undefined;
    let tokens: Tokens | undefined;
    let inference: Inference | undefined;
    let cutter: Cutter | undefined;
    let buffer = Buffer.allocUnsafe(CHUNK);
    let held = 0; // bytes of an unfinished row at the front of the buffer
    let position = 0; // where in the file the buffer starts
    let line = 1;
    for (let last = false; !last; ) {
      if (held === buffer.length) {
        const grown = Buffer.allocUnsafe(buffer.length * 2);
        buffer.copy(grown, 0, 0, held);
        buffer = grown;
      }
      const { bytesRead } = await handle.read(buffer, held, buffer.length - held, position + held);
      hash.update(buffer.subarray(held, held + bytesRead));
      last = bytesRead === 0;
      const bytes = buffer.subarray(0, held + bytesRead);
      let used = 0;
      if (header === undefined) {
        header = findHeader(path, bytes, last);
        if (header !== undefined) {
          used = header.next;
          line = header.line;
          tokens = createTokens(header.names.length);
          inference = createInference(header.names.length);
          const blockSize = wanted.blocks === 0 ? wanted.size : Math.max(1, (size - header.next) / wanted.blocks);
          cutter = createCutter(header.next, header.line, blockSize);
        }
      }
      if (tokens !== undefined && inference !== undefined && cutter !== undefined) {
        const from = used;
        const fromLine = line;
        for (;;) {
          const before = used;
          tokenize(bytes, used, bytes.length, last, tokens, { file: path, line });
          inference.add(bytes, tokens, before, line);
          cutter.add(bytes, tokens, position, used, line);
          used = tokens.next;
          line += tokens.lines;
          if (used === before) break;
        }
        checkUtf8(path, bytes.subarray(from, used), fromLine);
      }
      bytes.copy(buffer, 0, used);
      held = bytes.length - used;
      position += used;
    }
    const blocks = cutter!.finish(position);
    const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
    if (rows === 0)
      throw new CsvEmptyError(`${path} has column names and no rows; nothing can be read.`, { file: path });
    const schema = chooseTypes(path, header!.names, inference!, options.types ?? {});
    return { sha256: hash.digest("hex"), size: position + held, rows, schema, blocks };
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
  inference: Inference,
  given: { readonly [column: string]: CsvType },
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
  return names.map((name, i) => {
    const type = Object.hasOwn(given, name) ? given[name]! : types[i]!;
    const stray = Object.hasOwn(given, name) ? undefined : inference.stray(i);
    if (!stray) return { name, type };
    const { line, text, texts, numbers } = stray;
    throw new CsvValueError(
      `${file}, line ${line}: ${JSON.stringify(text.slice(0, 80))} in column "${name}" is no number, and ${numbers} others are; correct ${texts === 1 ? "it" : `the ${texts} texts`}, or read the column as text with types: { ${JSON.stringify(name)}: "utf8" }.`,
      { file, line, column: name, type: "number", text: text.slice(0, 200) },
    );
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
    if (rows > 0) blocks.push({ offset, bytes: end - offset, line, rows });
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
      return blocks;
    },
  };
}
