import { FLOAT, INT32, INT64, NOT, numberKind, readBool, readNumber } from "./number.js";
import type { Tokens } from "./tokens.js";
import type { CsvType } from "./types.js";

/** What is known of a column so far; `empty` until it shows a value. */
export type Guess = CsvType | "empty";

/** The narrowest type that holds values of both. */
export function widen(a: Guess, b: Guess): Guess {
  if (a === "empty" || a === b) return b;
  if (b === "empty") return a;
  const numeric: readonly Guess[] = ["int32", "int64", "float64"];
  const wider = Math.max(numeric.indexOf(a), numeric.indexOf(b));
  return numeric.includes(a) && numeric.includes(b) ? numeric[wider]! : "utf8";
}

/** A text among numbers: where the first one stands. */
export interface Stray {
  readonly line: number;
  readonly text: string;
  /** How many texts there are, and how many numbers. */
  readonly texts: number;
  readonly numbers: number;
}

/**
 * Narrows down the types of a file's columns, every row counted: a decimal in the last row makes the column float64.
 * Empty fields, quoted or not, say nothing; a column of nothing else is utf8.
 */
export interface Inference {
  /** @param from where in `bytes` the tokens begin, and which line that is */
  add(bytes: Uint8Array, tokens: Tokens, from: number, line: number): void;
  types(): CsvType[];
  /** Of a column that is text because of a few fields among many numbers, the first such field. */
  stray(column: number): Stray | undefined;
  /** The type of a column without its texts. */
  numbers(column: number): CsvType;
  /** Whether a column has shown no value. */
  isEmpty(column: number): boolean;
}

/** So many numbers, and at most one text to so many of them, make a text look like a mistake. */
const LEAST_NUMBERS = 20;
const NUMBERS_A_TEXT = 20;

/** @param wanted which columns are looked at: all by default; what is said of others means nothing */
export function createInference(columns: number, wanted?: readonly number[]): Inference {
  const looked = wanted ?? Array.from({ length: columns }, (_, i) => i);
  const found = Array.from(
    { length: columns },
    (): Column => ({ guess: "empty", kind: NOT, numbers: 0, texts: 0, first: undefined }),
  );
  return {
    add(bytes, tokens, from, line) {
      for (const column of looked) inferColumn(found[column]!, bytes, tokens, column, from, line);
    },
    types: () => found.map(({ guess }) => (guess === "empty" ? "utf8" : guess)),
    stray: (column) => {
      const { numbers, texts, first } = found[column]!;
      return first && numbers >= LEAST_NUMBERS && texts * NUMBERS_A_TEXT <= numbers
        ? { ...first, texts, numbers }
        : undefined;
    },
    numbers: (column) => NUMBER_TYPES[found[column]!.kind] ?? "utf8",
    isEmpty: (column) => found[column]!.guess === "empty",
  };
}

/** By the widest kind of number that was seen. */
const NUMBER_TYPES: { readonly [kind: number]: CsvType } = { [INT32]: "int32", [INT64]: "int64", [FLOAT]: "float64" };

interface Column {
  guess: Guess;
  /** The widest kind of number. */
  kind: number;
  numbers: number;
  texts: number;
  first: { readonly line: number; readonly text: string } | undefined;
}

/** Once texts outnumber numbers a column is text for good, and its fields are not looked at any more. */
function inferColumn(
  known: Column,
  bytes: Uint8Array,
  tokens: Tokens,
  column: number,
  from: number,
  line: number,
): void {
  if (known.texts > known.numbers) return;
  const { columns, rows, starts, ends } = tokens;
  let seen = known.guess;
  let bits = 0; // number kinds seen
  for (let row = 0, field = column; row < rows; row++, field += columns) {
    const start = starts[field]!;
    const end = ends[field]!;
    if (start === end) continue;
    readNumber(bytes, start, end);
    if (numberKind !== NOT) {
      bits |= 1 << numberKind;
      known.numbers++;
      continue;
    }
    seen = readBool(bytes, start, end) === -1 ? "utf8" : widen(seen, "bool");
    if (seen === "bool") continue;
    known.texts++;
    known.first ??= { line: lineAt(bytes, from, start, line), text: text.decode(bytes.subarray(start, end)) };
    if (known.texts > known.numbers) break;
  }
  if (bits !== 0) known.kind = Math.max(known.kind, 31 - Math.clz32(bits));
  if ((bits & (1 << INT32)) !== 0) seen = widen(seen, "int32");
  if ((bits & (1 << INT64)) !== 0) seen = widen(seen, "int64");
  if ((bits & (1 << FLOAT)) !== 0) seen = widen(seen, "float64");
  known.guess = seen;
}

const text = new TextDecoder();

function lineAt(bytes: Uint8Array, from: number, to: number, line: number): number {
  let at = line;
  for (let pos = from; pos < to; pos++) if (bytes[pos] === 10) at++;
  return at;
}
