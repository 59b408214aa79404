import type { Table } from "apache-arrow";
import { quoted, withConnection } from "../duckdb/engine.js";
import { ask, sqlErrorsOf } from "../duckdb/query.js";
import { sendTable } from "../duckdb/send.js";
import { tableOf, toData } from "../table/build.js";
import { columnNames, flatColumn, takeRows } from "../table/columns.js";

/** A name that no column has. */
export function freeName(names: readonly string[]): string {
  let name = "row number";
  while (names.some((each) => each.toLowerCase() === name)) name += "_";
  return name;
}

/** Those columns whose names stand in a text: no more of a table need travel to SQL. */
export function namedIn(names: readonly string[], text: string): string[] {
  const lower = text.toLowerCase();
  return names.filter((name) => lower.includes(name.toLowerCase().replaceAll('"', '""')));
}

/**
 * The rows for which a SQL condition holds, in their order; where it is null the row is left out.
 *
 * @throws SqlError, ColumnTypeError
 * @example
 * const large = await filter(table, "amount > 1000 AND type IN ('CASH_OUT', 'TRANSFER')");
 */
export async function filter(table: Table, where: string): Promise<Table> {
  const names = columnNames(table);
  const row = freeName(names);
  const found = await withTable(table, namedIn(names, where), row, (t) => {
    return `SELECT ${quoted(row)} FROM ${t} WHERE (${where}\n) ORDER BY ${quoted(row)}`;
  });
  return takeRows(table, found.getChildAt(0)!.toArray() as Int32Array);
}

/**
 * The table with columns computed by SQL expressions from its others, each under its name: in the place of the column of
 * that name, or after all columns. An expression sees the table's columns as they were.
 *
 * @throws SqlError, ColumnTypeError
 * @example
 * const more = await derive(table, { drained: "oldbalanceOrg > 0 AND newbalanceOrig = 0", day: "step // 24" });
 */
export async function derive(table: Table, columns: { readonly [name: string]: string }): Promise<Table> {
  const added = Object.keys(columns);
  if (added.length === 0) return table;
  const names = columnNames(table);
  const row = freeName([...names, ...added]);
  const list = added.map((name) => `(${columns[name]}\n) AS ${quoted(name)}`);
  const found = await withTable(table, namedIn(names, Object.values(columns).join("\n")), row, (t) => {
    return `SELECT ${list.join(", ")} FROM ${t} ORDER BY ${quoted(row)}`;
  });
  const result = [...names, ...added.filter((name) => !names.includes(name))];
  const data = result.map((name) => toData(flatColumn(added.includes(name) ? found : table, name)));
  return tableOf(result, data, table.numRows);
}

/** Asks about some columns of a table and the numbers of its rows. */
function withTable(
  table: Table,
  columns: readonly string[],
  row: string,
  query: (name: string) => string,
): Promise<Table> {
  return withConnection("tables", async (connection) => {
    const text = query('"t"');
    await sqlErrorsOf(text, () => sendTable(connection, "t", table, columns, row));
    return ask(connection, text);
  });
}
