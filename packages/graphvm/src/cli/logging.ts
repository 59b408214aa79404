import { openSync, writeSync } from "node:fs";
import type { Logger } from "@graphvm/cluster";
import { createLogger, type Level } from "@graphvm/cluster/internal";
import { type Command, Option } from "commander";
import { FileArgumentError } from "../errors.js";
import type { Context } from "./context.js";

/** Flags of commands that write a log. */
export interface LogFlags {
  readonly logLevel: Level | "silent";
  readonly logFile?: string;
}

const LEVELS = ["silent", "error", "warn", "info", "debug"];

export function logOptions(command: Command): Command {
  return command
    .addOption(new Option("--log-level <level>", "what goes into the log").choices(LEVELS).default("warn"))
    .option("--log-file <file>", "where the log goes, as JSON lines at the end of the file (default: stderr)");
}

/**
 * The log the flags name. On stderr it is JSON lines, or on a terminal a line of words for each event.
 *
 * @throws FileArgumentError where the file can't be written.
 */
export function loggerOf({ logLevel, logFile }: LogFlags, { stderr, env }: Context): Logger {
  if (logFile === undefined) {
    const words = stderr.isTTY === true;
    const color = words && (env.NO_COLOR === undefined || env.NO_COLOR === "") && env.TERM !== "dumb";
    return createLogger(logLevel, { write: (line) => void stderr.write(line), words, color });
  }
  let file: number;
  try {
    file = openSync(logFile, "a", 0o600);
  } catch (cause) {
    throw new FileArgumentError(
      `The log file ${logFile} can't be written: check the path and its rights.`,
      { path: logFile },
      { cause },
    );
  }
  return createLogger(logLevel, { write: (line) => void writeSync(file, line) });
}
