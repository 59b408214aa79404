import { FLOAT, INT32, INT64, NOT, numberKind, readBool, readNumber } from "./number.js";
import type { Tokens } from "./tokens.js";
import type { CsvType } from "./types.js";

/** What is known of a column so far; `empty` until it shows a value. */
type Guess = CsvType | "empty";

/** The narrowest type that holds values of both. */
function widen(a: Guess, b: Guess): Guess {
  if (a === "empty" || a === b) return b;
  if (b === "empty") return a;
  const numeric: readonly Guess[] = ["int32", "int64", "float64"];
  const wider = Math.max(numeric.indexOf(a), numeric.indexOf(b));
  return numeric.includes(a) && numeric.includes(b) ? numeric[wider]! : "utf8";
}

/**
 * Narrows down the types of a file's columns, every row counted: a decimal in the last row makes the column float64.
 * Empty fields, quoted or not, say nothing; a column of nothing else is utf8.
 */
export interface Inference {
  add(bytes: Uint8Array, tokens: Tokens): void;
  types(): CsvType[];
}

export function createInference(columns: number): Inference {
  const guesses = new Array<Guess>(columns).fill("empty");
  return {
    add(bytes, tokens) {
      for (let column = 0; column < columns; column++)
        guesses[column] = inferColumn(guesses[column]!, bytes, tokens, column);
    },
    types: () => guesses.map((guess) => (guess === "empty" ? "utf8" : guess)),
  };
}

function inferColumn(known: Guess, bytes: Uint8Array, tokens: Tokens, column: number): Guess {
  if (known === "utf8") return known;
  const { columns, rows, starts, ends } = tokens;
  let seen = widen(known, known);
  let bits = 0; // number kinds seen
  for (let row = 0, field = column; row < rows; row++, field += columns) {
    const start = starts[field]!;
    const end = ends[field]!;
    if (start === end) continue;
    readNumber(bytes, start, end);
    if (numberKind !== NOT) {
      bits |= 1 << numberKind;
      continue;
    }
    if (readBool(bytes, start, end) === -1) return "utf8";
    seen = widen(seen, "bool");
    if (seen === "utf8") return seen;
  }
  if ((bits & (1 << INT32)) !== 0) seen = widen(seen, "int32");
  if ((bits & (1 << INT64)) !== 0) seen = widen(seen, "int64");
  if ((bits & (1 << FLOAT)) !== 0) seen = widen(seen, "float64");
  return seen;
}
