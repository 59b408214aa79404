import fs from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { currentAtom } from "./current-atom.js";
import { found, watch, watchAsync } from "./watch.js";

const LOOKS = ["readFile", "readdir", "opendir", "stat", "lstat", "access", "readlink", "realpath", "statfs"] as const;
const WRITES = ["writeFile", "appendFile", "mkdir"] as const;
const COPIES = ["copyFile", "cp", "rename", "link"] as const;

const sync = (names: readonly string[]): string[] => names.map((name) => `${name}Sync`);

/** Sees what atoms read from the file system: `node:fs` in its three forms. What an atom wrote itself it may read. */
export function watchFiles(): void {
  const { promises } = fs;
  for (const [on, target, names] of [
    [watch, fs, [...LOOKS, "exists", "watch", "watchFile", "createReadStream", ...sync([...LOOKS, "exists"])]],
    [watchAsync, promises, LOOKS],
    [watch, promises, ["watch"]],
  ] as const) {
    on(target, names, ([path]) => look(path));
  }
  watch(fs, ["open", "openSync"], ([path, flags]) => open(path, flags));
  watchAsync(promises, ["open"], ([path, flags]) => open(path, flags));
  watch(fs, [...WRITES, ...sync(WRITES), "createWriteStream"], ([path]) => wrote(path));
  watchAsync(promises, WRITES, ([path]) => wrote(path));
  watch(fs, ["mkdtemp", "mkdtempSync"], ([prefix]) => wrote(prefix, true));
  watchAsync(promises, ["mkdtemp"], ([prefix]) => wrote(prefix, true));
  const copy = ([from, to]: readonly unknown[]): void => {
    look(from);
    wrote(to);
  };
  watch(fs, [...COPIES, ...sync(COPIES)], copy);
  watchAsync(promises, COPIES, copy);
}

function open(path: unknown, flags: unknown): void {
  if (
    typeof flags === "string" ? /^[wa]/.test(flags) : typeof flags === "number" && (flags & fs.constants.O_TRUNC) !== 0
  )
    wrote(path);
  else look(path);
}

function look(path: unknown): void {
  const name = pathOf(path);
  if (name !== undefined && !currentAtom()!.mayRead(name)) found("file", name);
}

function wrote(path: unknown, made = false): void {
  const name = pathOf(path);
  if (name !== undefined) currentAtom()!.wrote(name, made);
}

/** The absolute path an argument names; undefined for a descriptor, whose opening was seen, and for what Node refuses. */
function pathOf(path: unknown): string | undefined {
  try {
    if (typeof path === "string") return resolve(path);
    if (path instanceof URL) return fileURLToPath(path);
    if (Buffer.isBuffer(path)) return resolve(path.toString());
  } catch {
    // Node says what is wrong with it
  }
  return undefined;
}
