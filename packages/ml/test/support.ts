import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GraphvmError } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { afterAll } from "vitest";

let folder: string | undefined;
let files = 0;

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** A path in a folder that is removed when the test file is done. */
export function tempPath(name = `${files++}.csv`): string {
  folder ??= mkdtempSync(join(tmpdir(), "graphvm-ml-"));
  return join(folder, name);
}

/** A file with that content; returns its path. */
export function tempFile(content: string | Uint8Array, name?: string): string {
  const path = tempPath(name);
  writeFileSync(path, content);
  return path;
}

/** What is thrown: its class name, code, fields and sentence. */
export async function failure(work: () => unknown): Promise<GraphvmError> {
  try {
    await work();
  } catch (error) {
    return error as GraphvmError;
  }
  throw new Error("nothing was thrown");
}

/** A table's rows as plain arrays, BigInts as texts. */
export function rowsOf(table: Table): unknown[][] {
  const columns = table.schema.fields.map((field) => [...table.getChild(field.name)!]);
  return Array.from({ length: table.numRows }, (_, row) =>
    columns.map((column) => (typeof column[row] === "bigint" ? `${column[row]}n` : column[row])),
  );
}
