import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { makeTempFolder } from "../temp-folders.js";

let folder: string | undefined;

/** Where this thread keeps programs while they are loaded. */
export function programFolder(): string {
  folder ??= makeTempFolder("graphvm-programs-");
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
