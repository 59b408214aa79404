import { TooManyCategoriesError } from "../errors.js";
import { bitAt, type FlatText } from "./flat.js";

/** More distinct values than this and a text column is an identifier, not a category. */
export const MAX_CATEGORIES = 1000;

/** The distinct values of a text column and, for each row, which one it has (-1: null). */
export interface TextCodes {
  /** Sorted by UTF-16 code units, as `Array.prototype.sort` does. */
  readonly categories: readonly string[];
  readonly codes: Int32Array;
}

/**
 * Numbers a text column's distinct values. Rows are compared as bytes; only distinct values become strings.
 *
 * @throws TooManyCategoriesError above MAX_CATEGORIES.
 */
export function textCodes(column: FlatText): TextCodes {
  const { length, offsets, bytes, valid, name } = column;
  const codes = new Int32Array(length);
  const firstRow: number[] = []; // of each distinct value
  const byHash = new Map<number, number[]>();
  for (let row = 0; row < length; row++) {
    if (valid !== undefined && !bitAt(valid, row)) {
      codes[row] = -1;
      continue;
    }
    let hash = 0x811c9dc5; // FNV-1a
    for (let pos = offsets[row]!; pos < offsets[row + 1]!; pos++) hash = Math.imul(hash ^ bytes[pos]!, 0x01000193);
    let list = byHash.get(hash);
    if (list === undefined) {
      list = [];
      byHash.set(hash, list);
    }
    let code = -1;
    for (let i = 0; i < list.length && code < 0; i++) if (sameText(column, firstRow[list[i]!]!, row)) code = list[i]!;
    if (code < 0) {
      code = firstRow.length;
      if (code === MAX_CATEGORIES) throw tooMany(name);
      firstRow.push(row);
      list.push(code);
    }
    codes[row] = code;
  }
  const found = firstRow.map((row, code) => ({ text: textAt(column, row), code }));
  found.sort((a, b) => (a.text < b.text ? -1 : 1));
  const rank = new Int32Array(found.length);
  found.forEach(({ code }, i) => {
    rank[code] = i;
  });
  for (let row = 0; row < length; row++) if (codes[row]! >= 0) codes[row] = rank[codes[row]!]!;
  return { categories: found.map(({ text }) => text), codes };
}

/** The text of a row that is not null. */
export function textAt({ offsets, bytes }: FlatText, row: number): string {
  const start = offsets[row]!;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, offsets[row + 1]! - start).toString("utf8");
}

function sameText({ offsets, bytes }: FlatText, a: number, b: number): boolean {
  let at = offsets[a]!;
  let other = offsets[b]!;
  const end = offsets[a + 1]!;
  if (end - at !== offsets[b + 1]! - other) return false;
  for (; at < end; at++, other++) if (bytes[at] !== bytes[other]) return false;
  return true;
}

function tooMany(column: string): TooManyCategoriesError {
  return new TooManyCategoriesError(
    `Text column "${column}" has more than ${MAX_CATEGORIES} distinct values: it looks like an identifier; select the other columns.`,
    { column, limit: MAX_CATEGORIES },
  );
}
