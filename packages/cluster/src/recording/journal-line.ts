import { isUtf8 } from "node:buffer";
import { canonicalJson, type Json } from "./canonical-json.js";
import { JournalLineError, NotJsonError } from "./errors.js";
import { isSha256, sha256Hex } from "./sha256.js";

/** One call as it stands in a journal, before it is chained. */
export interface JournalBody {
  /** Position in the journal, from 0. */
  readonly seq: number;
  /** When the call came, milliseconds since 1970; never compared. */
  readonly at: number;
  /** Name of the RPC. */
  readonly method: string;
  readonly params: Json;
  /** What the call gave: digests of values, never big values. Not beside `error`. */
  readonly result?: Json;
  /** The error the call ended with, in wire form. Not beside `result`. */
  readonly error?: Json;
}

/** One line of a journal: a call, the hash of the line before it, and the hash of itself. */
export interface JournalLine extends JournalBody {
  /** Hash of the line before; of the header (or of nothing, see the journal's `first`) for line 0. */
  readonly prev: string;
  /** sha-256 of the canonical JSON of the line without `hash`. */
  readonly hash: string;
}

/** The two halves of a line's canonical JSON, between which its hash stands. */
export interface LineParts {
  readonly before: string;
  readonly after: string;
}

/** Writes a line's canonical JSON once, for both its hash and its text. @throws NotJsonError */
export function lineParts(body: JournalBody, prev: string): LineParts {
  const { seq, at, method, params, result, error } = body;
  const failed = error === undefined ? "" : `,"error":${canonicalJson(error)}`;
  const gave = result === undefined ? "" : `,"result":${canonicalJson(result)}`;
  const call = `,"method":${canonicalJson(method)},"params":${canonicalJson(params)},"prev":${canonicalJson(prev)}`;
  return { before: `{"at":${canonicalJson(at)}${failed}`, after: `${call}${gave},"seq":${canonicalJson(seq)}}` };
}

/** The hash of a line: sha-256 of its canonical JSON without the hash. */
export function hashParts(parts: LineParts): string {
  return sha256Hex(parts.before + parts.after);
}

/** The text of a line, without its line end. */
export function joinParts(parts: LineParts, hash: string): string {
  return `${parts.before},"hash":${canonicalJson(hash)}${parts.after}`;
}

/** The text of a line in a journal, without its line end. */
export function formatLine(line: JournalLine): string {
  return joinParts(lineParts(line, line.prev), line.hash);
}

/**
 * Reads a line and checks its form: the known keys, their types, the canonical text. The hash is not checked.
 * @param text One line without its line end.
 * @param seq The number the line should have; for the error.
 * @param entry The file or entry it stands in; for the error.
 * @throws JournalLineError
 */
export function parseLine(text: string, seq: number, entry: string): JournalLine {
  return parseParts(text, seq, entry).line;
}

/** Decodes a line strictly: bytes that are not UTF-8 would otherwise all read as the same character. */
export function lineOf(bytes: Buffer, seq: number, entry: string): string {
  if (!isUtf8(bytes)) throw bad("is not UTF-8", seq, entry);
  return bytes.toString("utf8");
}

/** `parseLine` that also gives the line's canonical parts, so that its hash is checked without writing it again. */
export function parseParts(text: string, seq: number, entry: string): { line: JournalLine; parts: LineParts } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad("is not JSON", seq, entry, cause);
  }
  const why = whyNotLine(value);
  if (why !== undefined) throw bad(why, seq, entry);
  const line = value as JournalLine;
  let parts: LineParts;
  try {
    parts = lineParts(line, line.prev);
  } catch (cause) {
    throw bad("nests too deep", seq, entry, cause);
  }
  if (joinParts(parts, line.hash) !== text) throw bad("is not in canonical form", seq, entry);
  return { line, parts };
}

/** Checks that a value has the form of a journal line. @throws JournalLineError */
export function checkLine(value: unknown, seq: number, entry: string): asserts value is JournalLine {
  const why = whyNotLine(value);
  if (why !== undefined) throw bad(why, seq, entry);
}

const KEYS: ReadonlySet<string> = new Set(["seq", "at", "method", "params", "result", "error", "prev", "hash"]);

function whyNotLine(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is not an object";
  for (const key of Object.keys(value)) if (!KEYS.has(key)) return `has the unknown key ${JSON.stringify(key)}`;
  const line = value as Record<string, unknown>;
  if (!Number.isSafeInteger(line.seq) || (line.seq as number) < 0) return "has no seq";
  if (typeof line.at !== "number" || !Number.isFinite(line.at)) return "has no time (at)";
  if (typeof line.method !== "string" || line.method === "") return "has no method";
  if (line.params === undefined) return "has no params";
  if (line.result !== undefined && line.error !== undefined) return "has both a result and an error";
  if (!isSha256(line.prev)) return "has no prev hash";
  if (!isSha256(line.hash)) return "has no hash";
  return undefined;
}

function bad(why: string, seq: number, entry: string, cause?: unknown): JournalLineError {
  const sentence = `Line ${seq} of ${entry} ${why}; the journal was damaged or written by something else.`;
  return new JournalLineError(sentence, { seq, entry }, cause instanceof NotJsonError || !cause ? {} : { cause });
}
