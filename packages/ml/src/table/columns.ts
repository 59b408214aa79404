import type { Schema, Table, Vector } from "apache-arrow";
import { MissingColumnError } from "../errors.js";
import { tableOf, toData } from "./build.js";
import { firstPlaces } from "./first-places.js";
import { type FlatColumn, flatten, gather } from "./flat.js";

/** The names of a table's columns, in order. */
export function columnNames(table: Table): string[] {
  return table.schema.fields.map((field) => field.name);
}

/** @throws MissingColumnError naming the columns there are. */
export function columnOf(table: Table, name: string): Vector {
  const place = placesOf(table.schema).get(name);
  if (place !== undefined) return table.getChildAt(place)!;
  const columns = columnNames(table);
  throw new MissingColumnError(`There is no column "${name}"; the table has ${columns.join(", ")}.`, {
    column: name,
    columns,
  });
}

const places = new WeakMap<Schema, ReadonlyMap<string, number>>();

/** Where each name stands first: of 10,000 columns nobody looks through all for each. */
function placesOf(schema: Schema): ReadonlyMap<string, number> {
  let found = places.get(schema);
  if (found === undefined) {
    found = firstPlaces(schema.fields.map(({ name }) => name));
    places.set(schema, found);
  }
  return found;
}

/** @throws MissingColumnError, ColumnTypeError */
export function flatColumn(table: Table, name: string): FlatColumn {
  return flatten(name, columnOf(table, name));
}

/**
 * The named columns, in the order of the names; no values are copied.
 *
 * @throws MissingColumnError
 */
export function select(table: Table, columns: readonly string[]): Table {
  for (const name of columns) columnOf(table, name);
  return table.select([...columns]);
}

/**
 * The rows with the given numbers (from 0), in that order, as a table of one batch.
 *
 * @throws ColumnTypeError for nested columns.
 */
export function takeRows(table: Table, rows: Int32Array): Table {
  const names = columnNames(table);
  const columns = names.map((name) => toData(gather(flatColumn(table, name), rows)));
  return tableOf(names, columns, rows.length);
}

/**
 * A table whose named column has its values in another order of rows; the others are as they are.
 *
 * @throws MissingColumnError; ColumnTypeError for nested columns.
 */
export function takeColumn(table: Table, name: string, rows: Int32Array): Table {
  const names = columnNames(table);
  const columns = names.map((each) => {
    const column = flatColumn(table, each);
    return toData(each === name ? gather(column, rows) : column);
  });
  return tableOf(names, columns, table.numRows);
}
