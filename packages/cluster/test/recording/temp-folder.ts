import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const made: string[] = [];
afterAll(() => Promise.all(made.splice(0).map((path) => rm(path, { recursive: true, force: true }))));

/** A new empty folder, removed after the tests of the file. */
export async function tempFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "graphvm-recording-"));
  made.push(path);
  return path;
}
