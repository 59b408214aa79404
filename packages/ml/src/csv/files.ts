import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { CsvEmptyError, CsvEncodingError, CsvHeaderError, FileMissingError } from "../errors.js";
import { firstPlaces } from "../table/first-places.js";
import { createTokens, fieldText, type Tokens, tokenize } from "./tokens.js";

/**
 * Opens a file for reading.
 *
 * @throws FileMissingError if it is not there, is a folder or may not be read.
 */
export async function openFile(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, "r");
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    throw new FileMissingError(`${file} is not a file; name one.`, { file });
  } catch (error) {
    if (error instanceof FileMissingError) throw error;
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "cannot be opened";
    throw new FileMissingError(`${file} ${why}; check the path.`, { file }, { cause: error });
  }
}

/** Reads until `bytes` is full or the file ends; returns how many bytes it read. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** A CSV file's first row. */
export interface Header {
  readonly names: readonly string[];
  /** Where the second row starts. */
  readonly next: number;
  /** Its line. */
  readonly line: number;
}

/**
 * Finds the header in a file's first bytes; undefined if they do not hold all of it and more bytes follow. A byte-order
 * mark is skipped; a column without a name is called `column` and its position from 1.
 *
 * @throws CsvEmptyError, CsvHeaderError, CsvEncodingError, CsvQuoteError
 */
export function findHeader(file: string, bytes: Uint8Array, last: boolean): Header | undefined {
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let line = 1;
  while (bytes[start] === 10 || bytes[start] === 13) if (bytes[start++] === 10) line++;
  if (start >= bytes.length) {
    if (last) throw new CsvEmptyError(`${file} is empty; a CSV file starts with a line of column names.`, { file });
    return undefined;
  }
  const columns = countColumns(bytes, start, last);
  if (columns === 0) return undefined;
  const tokens: Tokens = { ...createTokens(columns), maxRows: 1 };
  tokenize(bytes, start, bytes.length, last, tokens, { file, line });
  if (tokens.rows === 0) return undefined;
  checkUtf8(file, bytes.subarray(start, tokens.next), line);
  if (bytes.subarray(start, tokens.next).includes(0)) throw noText(file, line); // UTF-16 without a mark is UTF-8 too
  const names = Array.from({ length: columns }, (_, i) => {
    const name = fieldText(bytes, tokens.starts[i]!, tokens.ends[i]!, tokens.flags[i]!);
    return name === "" ? `column${i + 1}` : name;
  });
  const places = firstPlaces(names);
  const twice = names.find((name, i) => places.get(name) !== i);
  if (twice !== undefined) {
    throw new CsvHeaderError(`${file}, line ${line}: two columns are named "${twice}"; rename one.`, {
      file,
      line,
      column: twice,
    });
  }
  return { names, next: tokens.next, line: line + tokens.lines };
}

/** Fields of the row that starts at `start` (commas outside quotes, and one), or 0 if it does not end here. */
function countColumns(bytes: Uint8Array, start: number, last: boolean): number {
  let count = 1;
  let quoted = false;
  for (let pos = start; pos < bytes.length; pos++) {
    const byte = bytes[pos];
    if (byte === 34) quoted = !quoted;
    else if (!quoted && byte === 44) count++;
    else if (!quoted && byte === 10) return count;
  }
  return last ? count : 0;
}

/** @throws CsvEncodingError naming the first line that is not UTF-8. */
export function checkUtf8(file: string, bytes: Uint8Array, line: number): void {
  if (isUtf8(bytes)) return;
  let start = 0;
  let at = line;
  for (;;) {
    const end = bytes.indexOf(10, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end + 1))) break;
    start = end + 1;
    at++;
  }
  throw noText(file, at);
}

function noText(file: string, line: number): CsvEncodingError {
  return new CsvEncodingError(`${file}, line ${line}: the text is not UTF-8; convert the file (iconv -t UTF-8).`, {
    file,
    line,
  });
}
