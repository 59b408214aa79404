import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { openFile } from "../csv/files.js";
import { literal, withConnection } from "../duckdb/engine.js";
import { ask } from "../duckdb/query.js";
import { FileMissingError, TableFileError } from "../errors.js";

/** A file's identity, as `file(uri, { sha256, size })` takes it. */
export interface Fingerprint {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
}

/** Reads a file once for its sha-256 and size, a megabyte at a time; `each` sees the bytes go by. */
export async function fingerprint(path: string, each?: (bytes: Uint8Array) => void): Promise<Fingerprint> {
  const handle = await openFile(path);
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(1_048_576);
    let size = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, size);
      if (bytesRead === 0) return { sha256: hash.digest("hex"), size };
      const bytes = buffer.subarray(0, bytesRead);
      hash.update(bytes);
      each?.(bytes);
      size += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/**
 * The files that a path names: itself, or what matches its `*`, `?`, `[abc]` and `**`, sorted by code units.
 *
 * @throws FileMissingError if nothing matches.
 */
export async function filesOf(path: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(path) || (await exists(path))) return [path];
  const found = await withConnection("files", (connection) =>
    ask(connection, `SELECT file FROM glob(${literal(path)})`),
  );
  if (found.numRows === 0) throw new FileMissingError(`No file matches ${path}; check the path.`, { file: path });
  return (Array.from(found.getChildAt(0)!) as string[]).sort();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Does something with a file through DuckDB, its errors made ours. */
export async function fileErrorsOf<T>(file: string, kind: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const words = (error as { readonly fields?: { readonly why?: string } }).fields?.why;
    if (words === undefined) throw error;
    const why = words.split("\n")[0]!.trim(); // what follows is our own query
    const told = /\bin line (\d+)/i.exec(why)?.[1];
    if (told === undefined) throw unreadable(file, file, kind, why, {}, error);
    // Of text that is no JSON at all, DuckDB 1.5 names the line after it.
    const line = Number(told) - (why.includes("Malformed JSON") ? 1 : 0);
    throw unreadable(file, `${file}, line ${line}`, kind, why.replace(/ in line \d+/i, ""), { line }, error);
  }
}

function unreadable(
  file: string,
  place: string,
  kind: string,
  why: string,
  fields: { readonly line?: number },
  cause: unknown,
): TableFileError {
  return new TableFileError(
    `${place}: this is no ${kind} that can be read. ${why}`,
    { file, why, ...fields },
    { cause },
  );
}
