import { readFileSync } from "node:fs";
import { FileArgumentError } from "../errors.js";

/** Reads a file that was named on the command line. @throws FileArgumentError */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FileArgumentError(`The ${what} ${path} can't be read: check the path.`, { path }, { cause });
  }
}
