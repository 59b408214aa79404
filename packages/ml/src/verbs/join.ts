import type { Table } from "apache-arrow";
import { quoted, withConnection } from "../duckdb/engine.js";
import { ask, sqlErrorsOf } from "../duckdb/query.js";
import { sendTable } from "../duckdb/send.js";
import { BadOptionError, SchemaMismatchError } from "../errors.js";
import { tableOf, toData } from "../table/build.js";
import { columnNames, flatColumn } from "../table/columns.js";
import { bitAt, type FlatColumn, type FlatFixed, gather } from "../table/flat.js";
import { freeName } from "./expressions.js";

/** How to join two tables. */
export interface JoinOptions {
  /** Columns that must be equal: names that both tables have, or pairs of names. */
  readonly on: readonly (string | readonly [left: string, right: string])[];
  /** `inner` (the default) leaves out rows of the left table that match nothing; `left` keeps them, with nulls. */
  readonly how?: "inner" | "left";
  /** Put after the names of right columns that the left table has too: "_right" by default. */
  readonly suffix?: string;
}

/**
 * The rows of two tables that have equal keys: the left table's columns, then the right one's without its keys. Rows come
 * in the left table's order; where one matches several, in the right one's. A null matches nothing.
 *
 * @throws MissingColumnError, BadOptionError; SchemaMismatchError for keys of different types.
 * @example
 * const known = await join(payments, customers, { on: [["nameOrig", "id"]], how: "left" });
 */
export async function join(left: Table, right: Table, options: JoinOptions): Promise<Table> {
  const on = joinKeys(left, right, options);
  const pairs = await matches(left, right, on, options.how === "left");
  const leftRows = pairs.getChildAt(0)!.toArray() as Int32Array;
  const rightRows = rowsOrNone(flatColumn(pairs, "r"));

  const names = columnNames(left);
  const suffix = options.suffix ?? "_right";
  const extra = columnNames(right).filter((name) => !on.some(([, key]) => key === name));
  const extraNames = extra.map((name) => (names.includes(name) ? `${name}${suffix}` : name));
  const all = [...names, ...extraNames];
  const twice = all.find((name, i) => all.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new BadOptionError(`The joined table would have two columns "${twice}"; give another suffix.`, {
      option: "suffix",
      value: suffix,
    });
  }
  const data = [
    ...names.map((name) => toData(gather(flatColumn(left, name), leftRows))),
    ...extra.map((name) => toData(gather(flatColumn(right, name), rightRows))),
  ];
  return tableOf(all, data, pairs.numRows);
}

/** Row numbers, -1 where there is none. */
function rowsOrNone(column: FlatColumn): Int32Array {
  const { values, valid, length } = column as FlatFixed & { readonly values: Int32Array };
  return valid === undefined ? values : Int32Array.from({ length }, (_, i) => (bitAt(valid, i) ? values[i]! : -1));
}

/** @throws as `join`. */
export function joinKeys(left: Table, right: Table, options: JoinOptions): (readonly [string, string])[] {
  const { how } = options;
  if (how !== undefined && how !== "inner" && how !== "left") {
    throw new BadOptionError(`how is ${JSON.stringify(how)}; it may be "inner" or "left".`, {
      option: "how",
      value: how,
    });
  }
  const on = options.on.map((key) => (typeof key === "string" ? ([key, key] as const) : key));
  if (on.length === 0) throw new BadOptionError("on is empty; name the columns that must be equal.", { option: "on" });
  for (const [a, b] of on) {
    const expected = String(flatColumn(left, a).type);
    const found = String(flatColumn(right, b).type);
    if (expected === found) continue;
    throw new SchemaMismatchError(
      `Keys must be of one type: "${a}" is ${expected} on the left and "${b}" ${found} on the right; convert one with derive.`,
      { column: a, expected, found },
    );
  }
  return on;
}

/** Pairs of row numbers (l, r), r null where nothing matches. Only the keys travel. */
function matches(
  left: Table,
  right: Table,
  on: readonly (readonly [string, string])[],
  outer: boolean,
): Promise<Table> {
  const l = freeName(columnNames(left));
  const r = freeName(columnNames(right));
  const equal = on.map(([a, b]) => `a.${quoted(a)} = b.${quoted(b)}`).join(" AND ");
  const query = `SELECT a.${quoted(l)} AS l, b.${quoted(r)} AS r FROM a ${outer ? "LEFT" : "INNER"} JOIN b ON ${equal} ORDER BY l, r`;
  return withConnection("tables", async (connection) => {
    await sqlErrorsOf(query, async () => {
      await sendTable(connection, "a", left, [...new Set(on.map(([a]) => a))], l);
      await sendTable(connection, "b", right, [...new Set(on.map(([, b]) => b))], r);
    });
    return ask(connection, query);
  });
}
