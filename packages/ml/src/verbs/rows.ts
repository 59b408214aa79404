import type { Random } from "@graphvm/engine";
import { type RecordBatch, Table } from "apache-arrow";
import { BadOptionError, SchemaMismatchError } from "../errors.js";
import { tableOf, toData } from "../table/build.js";
import { columnNames, flatColumn, takeRows } from "../table/columns.js";
import type { FlatColumn } from "../table/flat.js";

/** How much to draw: a number of rows, or a fraction of them. */
export type SampleSize = { readonly rows: number } | { readonly frac: number };

/**
 * Some rows of a table, drawn without replacement; they keep their order. A fraction of n rows gives round(frac n).
 *
 * @throws BadOptionError for a fraction outside [0, 1], or more rows than there are.
 * @example
 * const some = sample(table, { rows: 1_000 }, createRandom(7));
 */
export function sample(table: Table, size: SampleSize, random: Random): Table {
  const total = table.numRows;
  let wanted = rowsWanted(size, total);
  const chosen = new Int32Array(wanted);
  // Selection sampling: Knuth, TAOCP 2, 3.4.2, algorithm S.
  for (let row = 0, at = 0; wanted > 0; row++) {
    if (random.next() * (total - row) >= wanted) continue;
    chosen[at++] = row;
    wanted--;
  }
  return takeRows(table, chosen);
}

function rowsWanted(size: SampleSize, total: number): number {
  if ("frac" in size) {
    if (size.frac >= 0 && size.frac <= 1) return Math.round(size.frac * total);
    throw new BadOptionError(`frac is ${size.frac}; give a fraction from 0 to 1.`, {
      option: "frac",
      value: size.frac,
    });
  }
  if (Number.isSafeInteger(size.rows) && size.rows >= 0 && size.rows <= total) return size.rows;
  throw new BadOptionError(`rows is ${size.rows}; the table has ${total} to draw from.`, {
    option: "rows",
    value: size.rows,
  });
}

/**
 * The rows of all tables, one table after another. Columns must be the same, in the same order, of the same types (a
 * dictionary of texts counts as text); values are not copied.
 *
 * @throws BadOptionError without a table; SchemaMismatchError naming the column.
 */
export function concat(tables: readonly Table[]): Table {
  const [first] = tables;
  if (first === undefined) throw new BadOptionError("There is no table to concat; give one.", { option: "tables" });
  const names = columnNames(first);
  const types = names.map((name) => flatColumn(first, name).type);
  const batches = tables.map((table, i) => plainBatch(table, names, types, i));
  const filled = batches.filter((batch) => batch.numRows > 0);
  return new Table(batches[0]!.schema, filled.length === 0 ? batches.slice(0, 1) : filled);
}

/** The table as one batch of flat columns, of the given types: Arrow has two classes for some, Int32 and what it decodes. */
function plainBatch(
  table: Table,
  names: readonly string[],
  types: readonly FlatColumn["type"][],
  number: number,
): RecordBatch {
  const own = columnNames(table);
  const at = names.findIndex((name, i) => own[i] !== name);
  if (at !== -1 || own.length !== names.length) {
    const column = names[at] ?? own[names.length]!;
    throw mismatch(column, names.join(", "), `${own.join(", ")} (table ${number})`);
  }
  const columns = names.map((name, i) => {
    const column = flatColumn(table, name);
    const type = types[i]!;
    if (String(column.type) !== String(type)) throw mismatch(name, String(type), String(column.type));
    return toData({ ...column, type });
  });
  return tableOf(names, columns, table.numRows).batches[0]!;
}

function mismatch(column: string, expected: string, found: string): SchemaMismatchError {
  return new SchemaMismatchError(
    `Tables that go together must have equal columns: "${column}" is ${expected} in one and ${found} in another.`,
    { column, expected, found },
  );
}
