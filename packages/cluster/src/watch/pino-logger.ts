import { pino } from "pino";
import type { Level, Logger } from "./log.js";

/** Where a log goes. */
export interface LogTarget {
  readonly write: (text: string) => void;
  /** For people: one line of words an event, instead of JSON. */
  readonly words?: boolean;
  readonly color?: boolean;
}

/** Names of fields whose values no log line has, wherever they come from: a second look after the events' own redaction. */
const SECRET_FIELDS = ["token", "tokens", "password", "secret", "authorization", "cookie"];

/** A pino logger that writes lines of `level` and above, without a thread of its own. */
export function createLogger(level: Level | "silent", { write, words = false, color = false }: LogTarget): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[redacted]" },
    },
    { write: words ? (line) => write(inWords(line, color)) : write },
  );
}

const COLORS: { readonly [level: string]: string } = { error: "\u001b[31m", warn: "\u001b[33m", debug: "\u001b[2m" };

/** `09:31:02 warn  worker w2 left: ...`. What came from elsewhere can't act on the terminal. */
function inWords(json: string, color: boolean): string {
  const { time, level, msg } = JSON.parse(json) as { time: string; level: string; msg: string };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
  const text = msg.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, " ");
  const start = color ? (COLORS[level] ?? "") : "";
  return `${start}${time.slice(11, 19)} ${level.padEnd(5)} ${text}${start === "" ? "" : "\u001b[0m"}\n`;
}
