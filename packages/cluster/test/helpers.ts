import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The path of a fixture module. */
export const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** A folder that goes when the test ends. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a folder and gives the path of the first. */
export function write(folder: string, files: { readonly [name: string]: string }): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, Object.keys(files)[0]!);
}

/** Waits until something holds; fails loudly where it never does. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, patience = 10_000): Promise<void> {
  const end = performance.now() + patience;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await pause(5);
  }
}

/** Waits until a blocked job of that name has started so many times. */
export const started = (folder: string, name: string, times = 1): Promise<void> =>
  until(
    `${name} started ${times} times`,
    () => readdirSync(folder).filter((file) => file.startsWith(`${name}.`)).length >= times,
  );

/** Lets blocked jobs go on. */
export const go = (folder: string): void => writeFileSync(join(folder, "go"), "");

/** What a promise was rejected with. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: Error) => error,
  );
}

/** The line of a fixture that holds a text, from 1. */
export function lineOf(name: string, text: string): number {
  const lines = readFileSync(fixture(name), "utf8").split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}
