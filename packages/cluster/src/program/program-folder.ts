import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string | undefined;

/** Where this thread keeps programs while they are loaded. A process's folder goes when it ends. */
export function programFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "graphvm-programs-"));
    folder = made;
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  return folder;
}

/** A folder for a thread of this process. A thread that is ended runs no more code: whoever ends it removes the folder. */
export function threadFolder(): string {
  return mkdtempSync(join(programFolder(), "thread-"));
}

/** Said in a thread before it loads programs. */
export function useProgramFolder(path: string): void {
  folder = path;
}
