import { createReadStream } from "node:fs";
import { type ChainEnd, followChain } from "./chain.js";
import { JournalOpenError, RecordingError } from "./errors.js";
import { type JournalLine, lineOf, parseParts } from "./journal-line.js";

/** What stands in a journal file. */
export interface JournalScan extends ChainEnd {
  /** Bytes up to the end of the last complete line. */
  readonly size: number;
  /** Bytes after that: a line that a crash tore. */
  readonly torn: number;
}

const NEWLINE = 0x0a;

/**
 * Reads and verifies a journal file, in constant memory. What follows the last line end is a torn line: it was never
 * acknowledged, it is counted and not read.
 * @param first What the first line's `prev` must be.
 * @param onLine Called with each verified line, in order.
 * @throws JournalOpenError, JournalLineError or ChainBrokenError
 */
export async function scanJournal(
  path: string,
  first: string,
  onLine: (line: JournalLine) => void = () => {},
): Promise<JournalScan> {
  let end: ChainEnd = { count: 0, head: first };
  let size = 0;
  let rest: Buffer[] = [];
  let restLength = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        const tail = chunk.subarray(from, at);
        const bytes = rest.length === 0 ? tail : Buffer.concat([...rest, tail]);
        const { line, parts } = parseParts(lineOf(bytes, end.count, path), end.count, path);
        end = followChain(end, line, path, parts);
        size += bytes.length + 1;
        from = at + 1;
        rest = [];
        restLength = 0;
        onLine(line);
      }
      if (from < chunk.length) {
        rest.push(chunk.subarray(from));
        restLength += chunk.length - from;
      }
    }
  } catch (cause) {
    if (cause instanceof RecordingError || (cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    throw openError(path, cause);
  }
  return { ...end, size, torn: restLength };
}

/** The error for a journal file that the system does not give. */
export function openError(path: string, cause: unknown): JournalOpenError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new JournalOpenError(
    `The journal ${path} cannot be opened (${why}); check the path and its permissions.`,
    {
      path,
    },
    { cause },
  );
}
