import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { GraphvmError } from "@graphvm/engine";
import { CommanderError } from "commander";

/** The folder that our packages lie in: of the workspace, or `node_modules`. */
const packages = fileURLToPath(new URL("../../../", import.meta.url));

/** An error as the command line tells it. */
export interface Failure {
  readonly exitCode: number;
  /** For people: one sentence; with `--verbose` stacks and causes. */
  readonly text: string;
  readonly json: { readonly error: { readonly code: string; readonly message: string; readonly fields: object } };
}

/** What a command ended with that it threw; places are told as seen from `folder`. */
export function failureOf(error: unknown, verbose: boolean, folder = process.cwd()): Failure {
  const message = oneLine(error instanceof Error ? error.message || error.name : String(error));
  const { code, exitCode, fields } =
    error instanceof GraphvmError ? error : { code: "GVM1000", exitCode: 1, fields: {} };
  const at = error instanceof Error ? placeOf(error, folder) : undefined;
  const sentence = at === undefined || message.includes(at) ? message : `${message} (at ${at})`;
  const text = verbose && error instanceof Error ? stacks(error).join("\n") : "";
  return {
    exitCode,
    text: `${code}: ${sentence}${text === "" ? "" : `\n${text}`}`,
    json: { error: { code, message, fields: at === undefined ? fields : { ...fields, at } } },
  };
}

/**
 * Where in the user's own files it began: the innermost frame of the deepest cause that has one. Frames of a program's
 * modules are mapped to plain paths; those of packages it does not bundle are URLs.
 */
function placeOf(error: Error, folder: string, depth = 0): string | undefined {
  const deeper = error.cause instanceof Error && depth < 8 ? placeOf(error.cause, folder, depth + 1) : undefined;
  if (deeper !== undefined) return deeper;
  for (const line of (error.stack ?? "").split("\n")) {
    const [, path, position] = /^\s+at (?:.* \(|async )?(\/[^()]+?)(:\d+:\d+)\)?$/.exec(line) ?? [];
    if (path === undefined || position === undefined || path.includes("/node_modules/") || isOurs(path)) continue;
    const near = relative(folder, path);
    return (near.startsWith("..") ? path : near) + position;
  }
  return undefined;
}

function isOurs(path: string): boolean {
  return path.startsWith(packages) && /^[^/]+\/(src|dist)\//.test(path.slice(packages.length));
}

/** Whether commander ended the program because it showed what was asked for: help or the version. */
export function isShown(thrown: unknown): boolean {
  return thrown instanceof CommanderError && thrown.exitCode === 0;
}

function oneLine(message: string): string {
  return message.trim().replace(/\s*\n\s*/g, " ");
}

/** The stack of an error and of each cause, without the message that was told already. */
function stacks(error: Error, depth = 0): string[] {
  const own = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  if (!(error.cause instanceof Error) || depth > 8) return own;
  return [...own, `caused by ${error.cause.name}: ${error.cause.message}`, ...stacks(error.cause, depth + 1)];
}
