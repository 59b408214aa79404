import { isUtf8 } from "node:buffer";
import * as v from "valibot";
import { canonicalJson, type Json } from "./canonical-json.js";
import { FormatVersionError, HeaderError } from "./errors.js";
import { sha256Hex } from "./sha256.js";

/** The major format version this code writes and reads. */
export const FORMAT_MAJOR = 1;
/** The minor format version this code writes; recordings of later ones are read, their new keys ignored. */
export const FORMAT_MINOR = 2;
/** The entry the header stands in. */
export const HEADER_ENTRY = "header.json";

const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "is no sha-256 in lower-case hex"));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.minLength(1));
const ascending = (flags: number[]) => flags.every((flag, i) => i === 0 || flags[i - 1]! < flag);

const schema = v.looseObject({
  format: v.strictObject({ major: v.literal(FORMAT_MAJOR), minor: count }),
  flags: v.pipe(v.array(count), v.check(ascending, "must be ascending, each flag once")),
  seed: v.pipe(v.number(), v.safeInteger()),
  epoch: v.pipe(v.number(), v.safeInteger()),
  graphvm: text,
  node: text,
  v8: text,
  platform: text,
  numerics: text,
  createdAt: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, "is no ISO time in UTC")),
  lockfile: v.exactOptional(text),
  image: v.exactOptional(text),
  strict: v.exactOptional(v.literal(true)),
  capture: v.exactOptional(v.array(v.picklist(["inputs", "outputs"]))),
  author: v.exactOptional(text),
  inputs: v.array(
    v.looseObject({
      uri: text,
      size: count,
      sha256: hex,
      plane: v.exactOptional(text),
      volume: v.exactOptional(text),
      parts: v.exactOptional(v.array(hex)),
      reader: v.exactOptional(v.strictObject({ id: text, rule: text })),
    }),
  ),
  programs: v.array(v.looseObject({ name: text, hash: text, blob: hex })),
  labels: v.exactOptional(v.record(v.string(), v.string())),
});

const KEYS: Record<string, ReadonlySet<string>> = {
  "": new Set(Object.keys(schema.entries)),
  inputs: new Set(Object.keys(schema.entries.inputs.item.entries)),
  programs: new Set(Object.keys(schema.entries.programs.item.entries)),
};

/** An input of a recorded session. */
export interface RecordedInput {
  uri: string;
  /** Bytes. */
  size: number;
  sha256: string;
  /** The plane it is bound to, and the volume it lay in. */
  plane?: string;
  volume?: string;
  /** The blobs its bytes are cut into, where it is captured and larger than one part. */
  parts?: string[];
  /** The first job that read it. */
  reader?: { id: string; rule: string };
}

/** A program of a recorded session; `blob` is the sha-256 of its bundle. */
export interface RecordedProgram {
  name: string;
  hash: string;
  blob: string;
}

/** The first entry of a recording: all that a replay must know before it begins. */
export interface RecordingHeader {
  format: { major: 1; minor: number };
  /** Numbered behaviour flags, ascending. */
  flags: number[];
  seed: number;
  /** The session's time zero, ms since 1970. */
  epoch: number;
  graphvm: string;
  node: string;
  v8: string;
  platform: string;
  /** Digest of the arithmetic self-test. */
  numerics: string;
  /** ISO time in UTC. */
  createdAt: string;
  /** Hash of the lockfile. */
  lockfile?: string;
  /** Digest of the container image. */
  image?: string;
  /** Atoms that read what is not declared were refused. */
  strict?: true;
  /** What travels besides code and digests: bytes of inputs, values of jobs. */
  capture?: ("inputs" | "outputs")[];
  /** Who recorded. */
  author?: string;
  inputs: RecordedInput[];
  programs: RecordedProgram[];
  labels?: Record<string, string>;
}

/**
 * Checks a header's major format version, then its form.
 * @throws FormatVersionError, HeaderError
 */
export function checkHeader(value: unknown): RecordingHeader {
  const major = (value as { format?: { major?: unknown } } | null | undefined)?.format?.major;
  if (typeof major === "number" && major !== FORMAT_MAJOR) {
    const sentence = `The recording has format version ${major} and this graphvm reads version ${FORMAT_MAJOR}; use the graphvm that made it or a later one.`;
    throw new FormatVersionError(sentence, { entry: HEADER_ENTRY, major, supported: FORMAT_MAJOR });
  }
  const result = v.safeParse(schema, value);
  if (!result.success) {
    const issue = result.issues[0];
    throw bad(v.getDotPath(issue) ?? "the header", issue.message);
  }
  if (result.output.format.minor <= FORMAT_MINOR) {
    refuseUnknown(value as Record<string, unknown>, "", "");
    for (const [i, input] of result.output.inputs.entries()) refuseUnknown(input, "inputs", `inputs.${i}.`);
    for (const [i, program] of result.output.programs.entries()) refuseUnknown(program, "programs", `programs.${i}.`);
  }
  return value as RecordingHeader;
}

/** The text of `header.json`: canonical JSON indented by two spaces, and a line end. */
export function headerText(header: RecordingHeader): string {
  return `${canonicalJson(header, 2)}\n`;
}

/** What the first journal line's `prev` must be: sha-256 of the header's canonical JSON. */
export function headerHash(header: RecordingHeader): string {
  return sha256Hex(canonicalJson(header));
}

/** Reads `header.json`. @throws FormatVersionError, HeaderError */
export function parseHeader(bytes: Uint8Array): RecordingHeader {
  if (!isUtf8(bytes)) throw bad("the header", "is not UTF-8");
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let value: Json;
  try {
    value = JSON.parse(raw) as Json;
  } catch {
    throw bad("the header", "is not JSON");
  }
  const header = checkHeader(value);
  let canonical: string | undefined;
  try {
    canonical = headerText(header);
  } catch {
    // Nests too deep.
  }
  if (canonical !== raw) throw bad("the header", "is not in canonical form");
  return header;
}

function refuseUnknown(value: Record<string, unknown>, kind: string, at: string): void {
  for (const key of Object.keys(value)) if (!KEYS[kind]!.has(key)) throw bad(`${at}${key}`, "is no key of this format");
}

function bad(path: string, why: string): HeaderError {
  return new HeaderError(`The recording's header is not valid: ${path}: ${why}. Take an unchanged copy.`, {
    entry: HEADER_ENTRY,
    path,
  });
}
