import { constants } from "node:fs";
import { copyFile, lstat, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FileValue } from "@graphvm/engine";
import { Table } from "apache-arrow";
import { BadOptionError, CommandOutputError } from "../errors.js";
import { encodeTable } from "../table/codec.js";
import type { CommandFiles, CommandInput } from "./spec.js";

/** No more can be read at once. */
const MOST_BYTES = 0x7fff_ffff;

/** Runs `work` in a new folder, which is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "graphvm-command-")));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Puts an input where the command will look for it: a copy, so that what it does there changes no input. */
export async function place(folder: string, path: string, input: CommandInput): Promise<void> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true });
  if (input instanceof FileValue) await copyFile(input.path, to, constants.COPYFILE_FICLONE);
  else await writeFile(to, bytesOf(path, input));
}

/** Makes the folders that outputs lie in. */
export async function makeRoom(folder: string, outputs: readonly string[]): Promise<void> {
  for (const path of outputs) await mkdir(dirname(join(folder, path)), { recursive: true });
}

/**
 * The declared outputs.
 *
 * @throws CommandOutputError for one that is not there, is no file, or lies elsewhere
 */
export async function collect(folder: string, command: string, outputs: readonly string[]): Promise<CommandFiles> {
  const files: { [path: string]: Uint8Array } = {};
  for (const path of outputs) files[path] = await readOutput(join(folder, path), command, path);
  return files;
}

async function readOutput(file: string, command: string, output: string): Promise<Uint8Array> {
  const found = await lstat(file).catch(() => undefined);
  const refused = (what: string): CommandOutputError =>
    new CommandOutputError(`${command} ended without an error, and its output ${output} ${what}.`, { command, output });
  if (found === undefined) throw refused("is not there: correct the name, or what it writes");
  // a link could lead to anything on this machine
  if (!found.isFile() || (await realpath(file)) !== file) throw refused("is no plain file in its folder");
  if (found.size > MOST_BYTES) throw refused(`has ${found.size} bytes; ${MOST_BYTES} is the most`);
  const bytes = await readFile(file);
  // memory of its own: a small Buffer is a piece of a pool
  return new Uint8Array(bytes);
}

function bytesOf(path: string, input: Exclude<CommandInput, FileValue>): Uint8Array {
  if (input instanceof Uint8Array) return input;
  if (typeof input === "string") return Buffer.from(input);
  if (input instanceof Table) return encodeTable(input);
  throw new BadOptionError(
    `The input ${path} of a command is ${input === null ? "null" : typeof input}; a command gets files, bytes, texts and tables.`,
    { option: `inputs.${path}`, value: typeof input },
  );
}
