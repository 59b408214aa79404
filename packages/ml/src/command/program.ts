import { createHash } from "node:crypto";
import { createReadStream, realpathSync, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { CommandFailedError } from "../errors.js";
import { ownWork } from "../own-work.js";
import { onPath } from "../python/find-python.js";

/** A program on this machine. */
export interface Program {
  readonly path: string;
  /** sha-256 of its file: another program of the same name is another tool. */
  readonly sha256: string;
}

const known = new Map<string, Promise<string>>();

/** @throws CommandFailedError where there is no such program */
export async function findProgram(command: string): Promise<Program> {
  // which program it is is not the atom's to declare: it is told, as a tool
  const path = ownWork(() => onPath(command, process.env.PATH ?? ""));
  if (path === undefined) {
    throw new CommandFailedError(`There is no program ${command} on this worker: install it there, or give its path.`, {
      command,
    });
  }
  const { file, key } = ownWork(() => {
    const file = realpathSync(path);
    const { size, mtimeMs, ino } = statSync(file);
    return { file, key: `${file} ${size} ${mtimeMs} ${ino}` };
  });
  const sha256 = known.get(key) ?? ownWork(() => hashOf(file));
  known.set(key, sha256);
  return { path, sha256: await sha256 };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
