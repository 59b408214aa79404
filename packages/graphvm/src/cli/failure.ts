import { GraphvmError } from "@graphvm/engine";
import { CommanderError } from "commander";

/** An error as the command line tells it. */
export interface Failure {
  readonly exitCode: number;
  /** For people: one sentence; with `--verbose` stacks and causes. */
  readonly text: string;
  readonly json: { readonly error: { readonly code: string; readonly message: string; readonly fields: object } };
}

/** What a command ended with that it threw. */
export function failureOf(error: unknown, verbose: boolean): Failure {
  const message = oneLine(error instanceof Error ? error.message || error.name : String(error));
  const { code, exitCode, fields } =
    error instanceof GraphvmError ? error : { code: "GVM1000", exitCode: 1, fields: {} };
  const text = verbose && error instanceof Error ? stacks(error).join("\n") : "";
  return {
    exitCode,
    text: `${code}: ${message}${text === "" ? "" : `\n${text}`}`,
    json: { error: { code, message, fields } },
  };
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
