import { given } from "@graphvm/engine/internal";
import { ChainBrokenError } from "./errors.js";
import { checkLine, hashParts, type JournalBody, type JournalLine, type LineParts, lineParts } from "./journal-line.js";
import { isSha256 } from "./sha256.js";

/** `prev` of the first line of a journal that belongs to no header. */
export const NO_PREV = "0".repeat(64);

/** The end of a verified chain. */
export interface ChainEnd {
  /** How many lines there are; the seq of the next one. */
  readonly count: number;
  /** Hash of the last line, or what the first line's `prev` would be. */
  readonly head: string;
}

/**
 * Makes a journal line out of a call and the hash of the line before.
 * @example const line = chainLine(NO_PREV, { seq: 0, at: 0, method: "status", params: [] });
 * @throws NotJsonError if params, result or error are not JSON
 */
export function chainLine(prev: string, body: JournalBody): JournalLine {
  const { seq, at, method, params, result, error } = body;
  const line = {
    seq,
    at,
    method,
    params,
    ...given({ result, error }),
    prev,
    hash: hashParts(lineParts(body, prev)),
  };
  checkLine(line, seq, "the journal");
  return line;
}

/** Gives the same calls a new chain: numbered from 0, rooted in `first`. */
export function rechain(calls: Iterable<Omit<JournalBody, "seq">>, first: string): JournalLine[] {
  const lines: JournalLine[] = [];
  let prev = first;
  for (const call of calls) {
    const line = chainLine(prev, { ...call, seq: lines.length });
    lines.push(line);
    prev = line.hash;
  }
  return lines;
}

/**
 * Checks one line against the end of the chain before it, and gives the new end.
 * @param entry The file or entry the line stands in; for the error.
 * @param parts The line's canonical parts, if they are known.
 * @throws ChainBrokenError naming the line by the seq it should have
 */
export function followChain(
  end: ChainEnd,
  line: JournalLine,
  entry = "the journal",
  parts: LineParts = lineParts(line, line.prev),
): ChainEnd {
  const seq = end.count;
  if (line.seq !== seq) {
    throw broken(`where line ${seq} should be stands line ${line.seq}: one is missing, twice or moved`, seq, entry);
  }
  if (line.prev !== end.head) {
    const before = seq === 0 ? "the header" : `line ${seq - 1}`;
    throw broken(`line ${seq} does not follow ${before}: its prev is another hash`, seq, entry);
  }
  if (hashParts(parts) !== line.hash) {
    throw broken(`line ${seq} (${line.method}) was changed: its hash does not fit`, seq, entry);
  }
  return { count: seq + 1, head: line.hash };
}

/**
 * Checks a whole journal: numbers from 0 without holes, each line's prev, each line's hash.
 * @param first What the first line's prev must be.
 * @throws ChainBrokenError or JournalLineError naming the first failing line (`fields.seq`)
 */
export function verifyChain(lines: Iterable<JournalLine>, first: string, entry = "the journal"): ChainEnd {
  let end: ChainEnd = { count: 0, head: first };
  if (!isSha256(first)) throw broken("what the first line should follow is no hash", 0, entry);
  for (const line of lines) {
    checkLine(line, end.count, entry);
    end = followChain(end, line, entry);
  }
  return end;
}

function broken(why: string, seq: number, entry: string): ChainBrokenError {
  return new ChainBrokenError(`The chain of ${entry} is broken: ${why}. Do not trust it; take an unchanged copy.`, {
    seq,
    entry,
  });
}
