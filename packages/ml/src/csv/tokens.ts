import { CsvQuoteError, CsvRaggedError } from "../errors.js";

const QUOTE = 34;
const COMMA = 44;
const LF = 10;
const CR = 13;

/** The field was written in quotes. */
export const QUOTED = 1;
/** The field has doubled quotes inside. */
export const ESCAPED = 2;

/** Where the fields of some rows lie: field `row * columns + column`. Made once and filled again and again. */
export interface Tokens {
  readonly columns: number;
  readonly maxRows: number;
  /** First byte of each field, after its opening quote. */
  readonly starts: Int32Array;
  /** The byte after each field's last one, before its closing quote. */
  readonly ends: Int32Array;
  /** QUOTED and ESCAPED bits. */
  readonly flags: Uint8Array;
  /** Complete rows found by the last call. */
  rows: number;
  /** The first byte that the last call did not use. */
  next: number;
  /** Line ends in the bytes that the last call used, those inside quotes too. */
  lines: number;
}

/** Room for about 64 thousand fields: it stays in the processor's cache. */
export function createTokens(columns: number): Tokens {
  const maxRows = Math.max(1, Math.floor(65_536 / columns));
  const fields = maxRows * columns;
  return {
    columns,
    maxRows,
    starts: new Int32Array(fields),
    ends: new Int32Array(fields),
    flags: new Uint8Array(fields),
    rows: 0,
    next: 0,
    lines: 0,
  };
}

/** Is told of a row of too few or too many fields: its line, how many it has, and its bytes. */
export type Ragged = (line: number, found: number, bytes: Uint8Array, start: number, end: number) => void;

/** Where the bytes come from, for messages. */
export interface Place {
  readonly file: string;
  /** Line of the first byte that is looked at. */
  readonly line: number;
  /** Takes rows of too few or too many fields, which are then left out. */
  readonly ragged?: Ragged | undefined;
}

/**
 * Finds the fields of whole rows in `bytes[from, to)` (RFC 4180: commas, CRLF or LF, quotes doubled inside quotes; a
 * quote inside an unquoted field is text). Stops after `maxRows` rows or before a row that is not complete; `last` says
 * that no bytes follow, so that the last row needs no line end. Empty lines are skipped, except in a one-column file.
 *
 * @throws CsvRaggedError unless `place.ragged` takes such rows; CsvQuoteError
 */
export function tokenize(
  bytes: Uint8Array,
  from: number,
  to: number,
  last: boolean,
  tokens: Tokens,
  place: Place,
): void {
  const { columns, maxRows, starts, ends, flags } = tokens;
  let pos = from;
  let rows = 0;
  let lines = 0;
  let done = from;
  let doneLines = 0;
  scan: while (rows < maxRows && pos < to) {
    if (columns > 1) {
      if (bytes[pos] === LF) {
        done = ++pos;
        doneLines = ++lines;
        continue;
      }
      if (bytes[pos] === CR && bytes[pos + 1] === LF && pos + 1 < to) {
        pos += 2;
        done = pos;
        doneLines = ++lines;
        continue;
      }
    }
    const rowLine = place.line + lines;
    const rowStart = pos;
    const base = rows * columns;
    let count = 0;
    for (;;) {
      let start = pos;
      let end: number;
      let flag = 0;
      if (pos < to && bytes[pos] === QUOTE) {
        const quoteLine = place.line + lines;
        flag = QUOTED;
        start = ++pos;
        for (;;) {
          if (pos >= to) {
            if (last) throw unclosed(place.file, quoteLine);
            break scan;
          }
          const byte = bytes[pos];
          if (byte === QUOTE) {
            if (pos + 1 >= to && !last) break scan;
            if (pos + 1 >= to || bytes[pos + 1] !== QUOTE) break;
            flag = QUOTED | ESCAPED;
            pos += 2;
            continue;
          }
          if (byte === LF) lines++;
          pos++;
        }
        end = pos++;
        if (pos < to && bytes[pos] === CR) {
          if (pos + 1 >= to && !last) break scan;
          if (pos + 1 >= to || bytes[pos + 1] === LF) pos++;
        }
        if (pos < to && bytes[pos] !== COMMA && bytes[pos] !== LF) throw afterQuote(place.file, place.line + lines);
      } else {
        let byte = 0;
        while (pos < to) {
          byte = bytes[pos]!;
          // letters and digits come after the comma: one comparison for each
          if (byte <= COMMA && (byte === COMMA || byte === LF)) break;
          pos++;
        }
        end = pos;
        if (end > start && bytes[end - 1] === CR && (pos >= to || byte === LF)) end--;
      }
      if (pos >= to && !last) break scan;
      if (count < columns) {
        starts[base + count] = start;
        ends[base + count] = end;
        flags[base + count] = flag;
      }
      count++;
      if (pos < to && bytes[pos] === COMMA) {
        pos++;
        continue;
      }
      if (pos < to) {
        pos++;
        lines++;
      }
      break;
    }
    if (count === columns) rows++;
    else if (place.ragged === undefined) throw ragged(place.file, rowLine, columns, count);
    else place.ragged(rowLine, count, bytes, rowStart, pos);
    done = pos;
    doneLines = lines;
  }
  tokens.rows = rows;
  tokens.next = done;
  tokens.lines = doneLines;
}

function unclosed(file: string, line: number): CsvQuoteError {
  return new CsvQuoteError(`${file}, line ${line}: a quoted field starts here and is never closed; add the quote.`, {
    file,
    line,
  });
}

function afterQuote(file: string, line: number): CsvQuoteError {
  return new CsvQuoteError(
    `${file}, line ${line}: there is text after a closing quote; write a quote inside a quoted field twice.`,
    { file, line },
  );
}

function ragged(file: string, line: number, expected: number, found: number): CsvRaggedError {
  return new CsvRaggedError(
    `${file}, line ${line}: ${found} fields where the header has ${expected}; correct or remove the row.`,
    { file, line, expected, found },
  );
}

/** The text of one field, with doubled quotes made single. */
export function fieldText(bytes: Uint8Array, start: number, end: number, flag: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
  return (flag & ESCAPED) === 0 ? text : text.replaceAll('""', '"');
}
