import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "apache-arrow";
import { SqlError } from "../errors.js";
import { withConnection } from "./engine.js";
import { receiveTable } from "./receive.js";
import { sendTable } from "./send.js";

/** What a query sees. */
export interface SqlInput {
  /** Tables by the names that the query uses. */
  readonly tables?: { readonly [name: string]: Table };
  /** What `random()` in the query draws from: 0 by default. A whole number. */
  readonly seed?: number;
}

/**
 * A table from SQL (DuckDB's) over the given tables; nothing else is in reach: no files, no network, no settings. One
 * thread does the work, so the same query on the same tables gives the same rows in the same order; but only ORDER BY
 * says which order that is. Dates, timestamps, decimals, int64 and nulls come and go as they are; a sum of whole numbers
 * is int64, an error where it does not fit.
 *
 * @throws SqlError with DuckDB's words; ColumnTypeError for types that one of the sides does not have.
 * @example
 * const means = await sql("SELECT type, avg(amount) AS mean FROM t GROUP BY type ORDER BY type", { tables: { t: table } });
 */
export async function sql(query: string, input: SqlInput = {}): Promise<Table> {
  return withConnection("tables", async (connection) => {
    await sqlErrorsOf(query, async () => {
      for (const [name, table] of Object.entries(input.tables ?? {})) await sendTable(connection, name, table);
    });
    await connection.run(`SELECT setseed(${seedOf(input.seed ?? 0)})`);
    return ask(connection, query);
  });
}

/** A fraction from 0 to 1 that differs for different seeds. */
function seedOf(seed: number): number {
  return (seed >>> 0) / 0x1_0000_0000;
}

/** One query's result, with DuckDB's errors made ours; `expected` rows, where their number is known. */
export function ask(connection: DuckDBConnection, query: string, expected?: number): Promise<Table> {
  return sqlErrorsOf(query, async () => receiveTable(await connection.stream(query), expected));
}

/** Does something for a query, with DuckDB's errors made ours. */
export async function sqlErrorsOf<T>(query: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw sqlError(query, error);
  }
}

function sqlError(query: string, error: unknown): unknown {
  if (!(error instanceof Error) || "code" in error) return error;
  const why = error.message.trim();
  return new SqlError(`The query failed: ${why}`, { query: query.slice(0, 1000), why }, { cause: error });
}
