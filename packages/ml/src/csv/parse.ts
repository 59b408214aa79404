import type { Table } from "apache-arrow";
import { CsvValueError, MissingColumnError } from "../errors.js";
import { tableOf } from "../table/build.js";
import { firstPlaces } from "../table/first-places.js";
import { type BadRow, setAside } from "./bad-rows.js";
import { createColumn } from "./columns.js";
import type { Header } from "./files.js";
import { fieldText, type Ragged, type Tokens } from "./tokens.js";
import type { CsvSchema } from "./types.js";

/** Makes a table of rows as they go by. */
export interface Parser {
  /**
   * Adds the rows in `tokens`, which are those of `bytes` from `from` on; `line` is that byte's.
   *
   * @throws CsvValueError at the first value that does not fit, unless such rows are set aside.
   */
  add(bytes: Uint8Array, tokens: Tokens, from: number, line: number): void;
  /** Sets a row of too few or too many fields aside. */
  readonly ragged: Ragged;
  /** The rows that were set aside, in the file's order. */
  bad(): readonly BadRow[];
  finish(): Table;
}

/**
 * A parser for the schema's columns; `rows` are about to come.
 *
 * @throws MissingColumnError if the header lacks one.
 */
export function createParser(file: string, header: Header, schema: CsvSchema, rows: number, collect: boolean): Parser {
  const places = firstPlaces(header.names);
  const columns = schema.map(({ name, type }) => {
    const index = places.get(name);
    if (index !== undefined) return { name, type, index, builder: createColumn(type, rows) };
    throw new MissingColumnError(`${file} has no column "${name}"; it has ${header.names.join(", ")}.`, {
      file,
      column: name,
      columns: header.names,
    });
  });
  const bad: BadRow[] = [];
  let added = 0;
  return {
    add(bytes, tokens, from, line) {
      if (collect) for (const row of setAside(bytes, tokens, columns, from, line)) bad.push(row);
      for (const { name, type, index, builder } of columns) {
        const wrong = builder.append(bytes, tokens, index);
        if (wrong === -1) continue;
        const field = wrong * tokens.columns + index;
        const start = tokens.starts[field]!;
        let at = line;
        for (let pos = from; pos < start; pos++) if (bytes[pos] === 10) at++;
        throw misfit(file, at, name, type, fieldText(bytes, start, tokens.ends[field]!, tokens.flags[field]!));
      }
      added += tokens.rows;
    },
    ragged(line, _found, bytes, start, end) {
      const text = fieldText(bytes, start, Math.min(end, start + 800), 0).replace(/\r?\n$/, "");
      bad.push({ line, column: null, text: text.slice(0, 200) });
    },
    bad: () => bad.sort((a, b) => a.line - b.line),
    finish: () =>
      tableOf(
        columns.map(({ name }) => name),
        columns.map(({ builder }) => builder.finish()),
        added,
      ),
  };
}

function misfit(file: string, line: number, column: string, type: string, text: string): CsvValueError {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
  return new CsvValueError(
    `${file}, line ${line}: ${shown} in column "${column}" is no ${type}; correct the value or read the column as utf8.`,
    { file, line, column, type, text: text.slice(0, 200) },
  );
}
