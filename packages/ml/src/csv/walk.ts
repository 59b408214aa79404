import type { FileHandle } from "node:fs/promises";
import { CsvEmptyError, CsvLongRowError } from "../errors.js";
import { checkUtf8, findHeader, type Header } from "./files.js";
import { createTokens, type Ragged, type Tokens, tokenize } from "./tokens.js";

const CHUNK = 1_048_576;

/** A row of more bytes than this is an error: it has to be in memory whole. */
export const LONGEST_ROW = 16_777_216;

/** What is done with a file's rows as they go by. */
export interface Visitor {
  /** The bytes as they were read, each once. */
  bytes?(bytes: Uint8Array): void;
  header(header: Header): void;
  /** Some rows: `bytes` start at `position` in the file, the rows at `from` in them and on that line. */
  rows(bytes: Uint8Array, tokens: Tokens, from: number, position: number, line: number): void;
  /** Rows of too few or too many fields; without it such a row is an error. */
  readonly ragged?: Ragged | undefined;
}

/** A run of whole rows in a file: where it starts and ends, on which line, and how many columns it has. */
export interface Range {
  readonly offset: number;
  readonly end: number;
  readonly line: number;
  readonly columns: number;
}

/**
 * Walks through a CSV file once, front to back, a megabyte at a time (more only for a row that is longer). Returns its size.
 *
 * @throws CsvEmptyError for a file without a header or without a row; CsvLongRowError, CsvHeaderError, CsvRaggedError,
 * CsvQuoteError, CsvEncodingError
 */
export async function walkCsv(file: string, handle: FileHandle, visitor: Visitor): Promise<number> {
  const { rows, end } = await walk(file, handle, undefined, visitor);
  if (rows > 0) return end;
  throw new CsvEmptyError(`${file} has column names and no rows; nothing can be read.`, { file });
}

/**
 * Walks through some of a file's rows in the same way; `end` is where the file ends, if it is too short. The bytes were
 * checked by whoever cut the file.
 *
 * @throws CsvLongRowError, CsvRaggedError, CsvQuoteError
 */
export function walkRange(
  file: string,
  handle: FileHandle,
  range: Range,
  visitor: Omit<Visitor, "header">,
): Promise<{ readonly rows: number; readonly end: number }> {
  return walk(file, handle, range, { ...visitor, header: () => {} });
}

async function walk(file: string, handle: FileHandle, range: Range | undefined, visitor: Visitor) {
  let tokens = range && createTokens(range.columns);
  let buffer = Buffer.allocUnsafe(CHUNK);
  let held = 0; // bytes of an unfinished row at the front of the buffer
  let position = range?.offset ?? 0; // where in the file the buffer starts
  let line = range?.line ?? 1;
  let rows = 0;
  for (let last = false; !last; ) {
    if (held === buffer.length) {
      if (held >= LONGEST_ROW) throw tooLong(file, buffer, line, tokens);
      const grown = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(grown, 0, 0, held);
      buffer = grown;
    }
    const at = position + held;
    const wanted = Math.min(buffer.length - held, (range?.end ?? Number.POSITIVE_INFINITY) - at);
    const bytesRead = wanted === 0 ? 0 : (await handle.read(buffer, held, wanted, at)).bytesRead;
    visitor.bytes?.(buffer.subarray(held, held + bytesRead));
    last = bytesRead === 0;
    const bytes = buffer.subarray(0, held + bytesRead);
    let used = 0;
    if (tokens === undefined) {
      const header = findHeader(file, bytes, last);
      if (header !== undefined) {
        used = header.next;
        line = header.line;
        tokens = createTokens(header.names.length);
        visitor.header(header);
      }
    }
    if (tokens !== undefined) {
      const from = used;
      const fromLine = line;
      for (;;) {
        const before = used;
        tokenize(bytes, used, bytes.length, last, tokens, { file, line, ragged: visitor.ragged });
        visitor.rows(bytes, tokens, before, position, line);
        rows += tokens.rows;
        used = tokens.next;
        line += tokens.lines;
        if (used === before) break;
      }
      if (range === undefined) checkUtf8(file, bytes.subarray(from, used), fromLine);
    }
    bytes.copy(buffer, 0, used);
    held = bytes.length - used;
    position += used;
  }
  return { rows, end: position + held };
}

/** Why a row does not end: a quote that is never closed says so itself. */
function tooLong(file: string, bytes: Uint8Array, line: number, tokens: Tokens | undefined): CsvLongRowError {
  if (tokens === undefined) findHeader(file, bytes, true);
  else tokenize(bytes, 0, bytes.length, true, tokens, { file, line, ragged: () => {} });
  return new CsvLongRowError(
    `${file}, line ${line}: the row has more than ${LONGEST_ROW} bytes; is this a CSV file with a line for each row?`,
    { file, line, limit: LONGEST_ROW },
  );
}
