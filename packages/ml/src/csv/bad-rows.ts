import { Int64, makeData, type Table, Utf8, vectorFromArray } from "apache-arrow";
import { BadOptionError } from "../errors.js";
import { tableOf } from "../table/build.js";
import { bigintOf, INT32, NOT, numberKind, readBool, readNumber } from "./number.js";
import { fieldText, type Tokens } from "./tokens.js";
import type { CsvType } from "./types.js";

/**
 * What happens to a row that has too few or too many fields, or a value that is none of its column's type: an error
 * (`"error"`, the default), or it is left out of the table and set aside for `readBadRows` (`"collect"`). Quotes that are
 * never closed and bytes that are no UTF-8 are errors either way: nobody can say where the next row starts.
 */
export type OnBadRow = "error" | "collect";

/** A row that was set aside. */
export interface BadRow {
  readonly line: number;
  /** The column whose value does not fit; null for a row of too few or too many fields. */
  readonly column: string | null;
  /** The value, or the row: its first 200 characters. */
  readonly text: string;
}

/** @throws BadOptionError */
export function collects(onBadRow: OnBadRow | undefined): boolean {
  if (onBadRow === undefined || onBadRow === "error") return false;
  if (onBadRow === "collect") return true;
  throw new BadOptionError(`onBadRow is ${JSON.stringify(onBadRow)}; it may be "error" or "collect".`, {
    option: "onBadRow",
    value: onBadRow,
  });
}

/** A column of the file that is read. */
export interface TypedColumn {
  readonly name: string;
  readonly type: CsvType;
  /** Its place among the file's columns. */
  readonly index: number;
}

/** Takes the rows that do not fit out of `tokens`; returns them, in order. `line` is that of `bytes[from]`. */
export function setAside(
  bytes: Uint8Array,
  tokens: Tokens,
  columns: readonly TypedColumn[],
  from: number,
  line: number,
): BadRow[] {
  const checked = columns.filter(({ type }) => type !== "utf8");
  const bad: BadRow[] = [];
  let kept = 0;
  let counted = from;
  let at = line;
  for (let row = 0; row < tokens.rows; row++) {
    const base = row * tokens.columns;
    const wrong = checked.find(({ type, index }) => {
      const start = tokens.starts[base + index]!;
      const end = tokens.ends[base + index]!;
      return start !== end && !fits(type, bytes, start, end);
    });
    if (wrong === undefined) {
      if (kept !== row) moveRow(tokens, base, kept * tokens.columns);
      kept++;
      continue;
    }
    const field = base + wrong.index;
    const start = tokens.starts[field]!;
    for (; counted < start; counted++) if (bytes[counted] === 10) at++;
    const text = fieldText(bytes, start, tokens.ends[field]!, tokens.flags[field]!).slice(0, 200);
    bad.push({ line: at, column: wrong.name, text });
  }
  tokens.rows = kept;
  return bad;
}

function moveRow({ columns, starts, ends, flags }: Tokens, from: number, to: number): void {
  starts.copyWithin(to, from, from + columns);
  ends.copyWithin(to, from, from + columns);
  flags.copyWithin(to, from, from + columns);
}

function fits(type: CsvType, bytes: Uint8Array, start: number, end: number): boolean {
  switch (type) {
    case "utf8":
      return true;
    case "bool":
      return readBool(bytes, start, end) !== -1;
    case "int64":
      return (
        bigintOf(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1")) !== undefined
      );
    default:
      readNumber(bytes, start, end);
      return type === "int32" ? numberKind === INT32 : numberKind !== NOT;
  }
}

/** The rows as a table: file, line, column, text. */
export function badRowsTable(file: string, rows: readonly BadRow[]): Table {
  const lines = BigInt64Array.from(rows, ({ line }) => BigInt(line));
  const texts = (values: readonly (string | null)[]) => vectorFromArray(values, new Utf8()).data[0]!;
  return tableOf(
    ["file", "line", "column", "text"],
    [
      texts(rows.map(() => file)),
      makeData({ type: new Int64(), length: rows.length, nullCount: 0, nullBitmap: null, data: lines }),
      texts(rows.map(({ column }) => column)),
      texts(rows.map(({ text }) => text)),
    ],
    rows.length,
  );
}
