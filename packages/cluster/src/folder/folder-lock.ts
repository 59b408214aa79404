import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { FolderLockedError } from "../errors.js";
import { mayRun, ownMark, readMark } from "./process-mark.js";

const LOCK = /^master-.*\.lock$/;

/** Folders that this process has locked. */
const held = new Set<string>();

/**
 * Locks a folder for this process, and gives what unlocks it. Whoever wants the lock first writes a file of its own and then
 * looks for others: of two at once the later one sees the earlier, and goes away. What a dead process left is removed.
 *
 * @throws FolderLockedError
 */
export function lockFolder(folder: string): () => void {
  const path = resolve(folder);
  const own = ownMark();
  if (held.has(path)) throw locked(path, `process ${own.pid}`);
  const name = `master-${own.pid}-${own.started}.lock`;
  const file = join(path, name);
  const release = (): void => {
    held.delete(path);
    rmSync(file, { force: true });
  };
  held.add(path);
  try {
    writeFileSync(file, JSON.stringify(own));
    for (const other of readdirSync(path)) if (LOCK.test(other) && other !== name) clearAway(path, other);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

function clearAway(path: string, name: string): void {
  const file = join(path, name);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return; // its owner has just unlocked
  }
  const mark = readMark(text);
  // an empty one is being written at this moment, or was when its machine lost power
  if (!mark) throw locked(path, `whoever wrote ${file} (remove that file where no master runs)`);
  if (mayRun(mark)) {
    const { machine, pid } = mark;
    const elsewhere = machine === ownMark().machine ? "" : ` on ${machine} (remove ${file} where that has ended)`;
    throw locked(path, `process ${pid}${elsewhere}`);
  }
  rmSync(file, { force: true });
}

function locked(folder: string, owner: string): FolderLockedError {
  return new FolderLockedError(
    `A master has its session in ${folder}: ${owner}. Stop that one, or choose another folder.`,
    { folder },
  );
}
