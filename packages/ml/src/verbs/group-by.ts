import type { Table } from "apache-arrow";
import { quoted, withConnection } from "../duckdb/engine.js";
import { ask, sqlErrorsOf } from "../duckdb/query.js";
import { sendTable } from "../duckdb/send.js";
import { BadOptionError } from "../errors.js";
import { columnNames, columnOf } from "../table/columns.js";
import { freeName } from "./expressions.js";

/** What can be said of a column's values in a group; nulls are left out of all of them. */
export type AggregateName =
  | "count"
  | "sum"
  | "mean"
  | "min"
  | "max"
  | "std"
  | "var"
  | "median"
  | "distinct"
  | "first"
  | "last";

/** An aggregate of a column; `"count"` alone counts the rows. */
export type Aggregate = "count" | readonly [name: AggregateName, column: string];

/** Aggregates under the names of the columns that they give. */
export interface Aggregates {
  readonly [name: string]: Aggregate;
}

const SQL: { readonly [name in AggregateName]: (column: string, row: string) => string } = {
  count: (column) => `count(${column})`,
  sum: (column) => `sum(${column})`,
  mean: (column) => `avg(${column})`,
  min: (column) => `min(${column})`,
  max: (column) => `max(${column})`,
  std: (column) => `stddev_samp(${column})`,
  var: (column) => `var_samp(${column})`,
  median: (column) => `median(${column})`,
  distinct: (column) => `count(DISTINCT ${column})`,
  first: (column, row) => `arg_min(${column}, ${row})`,
  last: (column, row) => `arg_max(${column}, ${row})`,
};

/** The aggregates there are. */
export const AGGREGATES = Object.keys(SQL) as readonly AggregateName[];

/**
 * One row for each distinct combination of the keys, sorted by them (nulls last: they are a group too), with aggregates
 * of the group's rows. Counts and sums of whole numbers are int64, means float64, sums of decimals decimal. Without keys
 * one row of the whole table.
 *
 * @throws MissingColumnError, BadOptionError, ColumnTypeError; SqlError for a sum of texts and the like.
 * @example
 * const perType = await groupBy(table, ["type"], { n: "count", total: ["sum", "amount"], mean: ["mean", "amount"] });
 */
export async function groupBy(table: Table, keys: readonly string[], aggregates: Aggregates): Promise<Table> {
  const list = checkedAggregates(keys, aggregates);
  const columns = [...new Set([...keys, ...list.flatMap(({ column }) => (column === undefined ? [] : [column]))])];
  for (const column of columns) columnOf(table, column);
  const row = freeName(columnNames(table));
  const by = keys.map(quoted);
  const order = by.length === 0 ? "" : ` GROUP BY ${by.join(", ")} ORDER BY ${by.map((k) => `${k} NULLS LAST`)}`;
  const made = list.map(({ name, aggregate, column }) => {
    const text = column === undefined ? "count(*)" : SQL[aggregate](`t.${quoted(column)}`, `t.${quoted(row)}`);
    return `${text} AS ${quoted(name)}`;
  });
  const query = `SELECT ${[...by.map((key) => `t.${key} AS ${key}`), ...made].join(", ")} FROM t${order}`;
  return withConnection("tables", async (connection) => {
    await sqlErrorsOf(query, () => sendTable(connection, "t", table, columns, row));
    return ask(connection, query);
  });
}

interface Checked {
  readonly name: string;
  readonly aggregate: AggregateName;
  readonly column: string | undefined;
}

/** @throws BadOptionError for aggregates that there are not, names that are taken, and nothing at all. */
export function checkedAggregates(keys: readonly string[], aggregates: Aggregates): Checked[] {
  const list = Object.entries(aggregates).map(([name, asked]): Checked => {
    const [aggregate, column] = typeof asked === "string" ? [asked, undefined] : asked;
    if (!Object.hasOwn(SQL, aggregate) || (column === undefined && aggregate !== "count")) {
      throw new BadOptionError(
        `There is no aggregate ${JSON.stringify(asked)}; write ["sum", "column"] with one of ${AGGREGATES.join(", ")}, or "count" for rows.`,
        { option: name, value: asked },
      );
    }
    if (keys.includes(name)) {
      throw new BadOptionError(`Aggregate "${name}" has the name of a key; give it another.`, {
        option: name,
        value: asked,
      });
    }
    return { name, aggregate, column };
  });
  if (list.length + keys.length === 0) {
    throw new BadOptionError("groupBy has neither keys nor aggregates; name some.", { option: "aggregates" });
  }
  return list;
}
