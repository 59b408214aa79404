import type { FileValue } from "@graphvm/engine";
import type { Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { BadOptionError } from "../errors.js";

/** What a command finds in a file: a declared input's bytes, bytes, a text (UTF-8), or a table (an Arrow IPC stream). */
export type CommandInput = FileValue | Uint8Array | string | Table;

/** A program to run, and all that it reads and writes. Paths are relative to a folder of its own, which goes when it ends. */
export interface CommandSpec<I = CommandInput> {
  /** A name on the worker's PATH, or an absolute path. No shell reads it. */
  readonly command: string;
  readonly args?: readonly string[];
  /** The files that it finds in its folder, by path. */
  readonly inputs?: { readonly [path: string]: I };
  /** Paths at which the values of dependencies lie, in their order. */
  readonly given?: readonly string[];
  /** The files that it must have written when it ends. */
  readonly outputs?: readonly string[];
  /** The path of an input that it reads on stdin. Default: nothing. */
  readonly stdin?: string;
  /** What it prints on stdout is an output of this name. Default: printed, and part of no value. */
  readonly stdout?: string;
  /** All of its environment. Default: empty. */
  readonly env?: { readonly [name: string]: string };
  /** How long it may run. Default 600. */
  readonly seconds?: number;
}

/** What a command wrote, by path: its declared outputs and nothing else. */
export interface CommandFiles {
  readonly [path: string]: Uint8Array;
}

/** As `CommandSpec`, where inputs may be nodes of the graph. */
export type CommandRefs = Omit<CommandSpec<CommandInput | Ref<CommandInput>>, "given">;

/** A day: no timer waits for longer than some weeks. */
const MOST_SECONDS = 86_400;

/**
 * Checks a specification before anything runs.
 *
 * @throws BadOptionError
 */
export function checkCommand(spec: CommandSpec<unknown>, values: number): void {
  const { command, inputs = {}, given = [], outputs = [], stdin, stdout, seconds = 600, env = {} } = spec;
  if (command === "" || command.includes("\0")) throw bad("command", command, "name a program");
  const read = [...Object.keys(inputs), ...given];
  const written = [...outputs, ...(stdout === undefined ? [] : [stdout])];
  for (const path of [...read, ...written]) checkPath(path);
  const twice = firstTwice(read) ?? firstTwice(written);
  if (twice !== undefined) throw bad("inputs", twice, "each file has a path of its own");
  if (stdin !== undefined && !read.includes(stdin)) throw bad("stdin", stdin, "it must be one of the inputs");
  if (given.length !== values) throw bad("given", given.length, `there are ${values} dependencies, each needs a path`);
  if (!(seconds > 0 && seconds <= MOST_SECONDS)) throw bad("seconds", seconds, `use 0 to ${MOST_SECONDS}`);
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== "string") throw bad(`env.${name}`, value, "variables are texts");
  }
}

/** @throws BadOptionError for a path that could lead out of the command's folder. */
function checkPath(path: string): void {
  const parts = path.split("/");
  const plain = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (plain && !/[\0\\:]/.test(path)) return;
  throw bad("path", path, "use a relative path below the command's own folder, without . and ..");
}

function firstTwice(paths: readonly string[]): string | undefined {
  return paths.find((path, i) => paths.indexOf(path) !== i);
}

function bad(option: string, value: unknown, why: string): BadOptionError {
  return new BadOptionError(`A command's ${option} can't be ${JSON.stringify(value)}: ${why}.`, { option, value });
}
