import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** What a connection may do: read and write files for us, or answer a user's query over the tables that it was given. */
export type Access = "files" | "tables";

/** Above this DuckDB spills to the temporary folder: a worker has several threads, and values of its own to hold. */
const MEMORY = "768MB";

/** Instances are made once a thread: one takes 40 ms. */
const instances = new Map<Access, Promise<DuckDBInstance>>();

/**
 * Runs `work` with a connection of its own; what it leaves in temporary tables goes with the connection.
 *
 * DuckDB loads when it is first needed, so programs without SQL or Parquet never pay for it. One thread and UTC: results
 * must not depend on how many processors a machine has, nor on where it stands. With access "tables" no file is in reach
 * and no setting can be changed: all that a query can see are its tables.
 */
export async function withConnection<T>(
  access: Access,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  let instance = instances.get(access);
  if (instance === undefined) {
    instance = open(access);
    instances.set(access, instance);
  }
  const connection = await (await instance).connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
  }
}

async function open(access: Access): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: MEMORY,
    temp_directory: join(tmpdir(), `graphvm-duckdb-${process.pid}`),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  if (access === "tables") {
    await connection.run("SET GLOBAL enable_external_access = false");
    await connection.run("SET GLOBAL lock_configuration = true");
  }
  connection.closeSync();
  return instance;
}

/** A column or table name as SQL takes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL takes it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
