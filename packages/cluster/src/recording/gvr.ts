import { expectedBlobs } from "./blob-refs.js";
import { type BlobLimits, type Blobs, blobEntry, openBlobs, packBlob } from "./blobs.js";
import { type ChainEnd, followChain, verifyChain } from "./chain.js";
import {
  BlobMissingError,
  BlobUnusedError,
  EntryMissingError,
  EntryUnexpectedError,
  FormatVersionError,
  JournalLineError,
} from "./errors.js";
import {
  checkHeader,
  FORMAT_MINOR,
  HEADER_ENTRY,
  headerHash,
  headerText,
  parseHeader,
  type RecordingHeader,
} from "./header.js";
import { formatLine, type JournalLine, lineOf, parseParts } from "./journal-line.js";
import {
  contentHash,
  makeSignature,
  type RecordingSignature,
  readSignature,
  SIGNATURE_ENTRY,
  type Signed,
} from "./signature.js";
import { readStoredZip } from "./zip-read.js";
import { writeStoredZip, ZipWriter } from "./zip-write.js";

/** The entry the journal stands in. */
export const JOURNAL_ENTRY = "journal.ndjson";

const BLOB_ENTRY = /^blobs\/[0-9a-f]{64}(\.gz)?$/;

/** What a recording is made of. */
export interface RecordingParts {
  readonly header: RecordingHeader;
  /** Chained from `headerHash(header)`; see `rechain`. */
  readonly lines: readonly JournalLine[];
  /** Plain bytes by their sha-256. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** Blobs that lie elsewhere until they are packed. */
export interface BlobSource {
  /** Plain length; undefined where there is none of that name. */
  size(sha256: string): number | undefined;
  read(sha256: string): Promise<Uint8Array>;
}

/** A recording that was opened: its form, its chain and the names of its blobs have been verified. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly lines: readonly JournalLine[];
  readonly blobs: Blobs;
  /** Names and stored sizes of the file's entries, in order. */
  readonly entries: readonly { readonly name: string; readonly size: number }[];
  /** Hash of the last journal line. */
  readonly head: string;
  /** Who signed it, where somebody did; checked against the key that stands beside it, which anybody can have made. */
  readonly signature?: RecordingSignature;
}

/**
 * Writes a recording. Equal parts give equal bytes.
 * @throws FormatVersionError, HeaderError, ChainBrokenError, BlobMissingError, BlobUnusedError, BlobDamagedError,
 * BlobTooLargeError, ArchiveLimitError: nothing is written that `openRecording` would refuse.
 * @example const bytes = packRecording({ header, lines: rechain(calls, headerHash(header)), blobs });
 */
export function packRecording(parts: RecordingParts, limits: BlobLimits = {}): Uint8Array<ArrayBuffer> {
  const header = checkHeader(parts.header);
  verifyChain(parts.lines, headerHash(header), JOURNAL_ENTRY);
  checkBlobs(header, parts.lines, parts.blobs.keys());
  const blobs = [...parts.blobs].map(([sha256, bytes]) => packBlob(sha256, bytes, limits));
  return writeStoredZip([
    [HEADER_ENTRY, Buffer.from(headerText(header))],
    [JOURNAL_ENTRY, journalText(parts.lines)],
    ...blobs,
  ]);
}

/**
 * Writes the same bytes as `packRecording`, piece by piece; of the blobs one at a time is in memory.
 * @throws What `packRecording` throws; what was yielded before is no recording then.
 */
export async function* recordingPieces(
  parts: Omit<RecordingParts, "blobs"> & { readonly blobs: BlobSource },
  limits: BlobLimits = {},
): AsyncGenerator<Uint8Array> {
  const header = checkHeader(parts.header);
  verifyChain(parts.lines, headerHash(header), JOURNAL_ENTRY);
  const { needed, allowed } = expectedBlobs(header, parts.lines);
  const names = [...new Set([...needed.keys(), ...allowed])].filter((name) => parts.blobs.size(name) !== undefined);
  checkBlobs(header, parts.lines, names);
  const entries = names.map((name) => [blobEntry(name, parts.blobs.size(name)!), name] as const);
  const zip = new ZipWriter();
  for (const [entry, name] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield* zip.add(entry, packBlob(name, await parts.blobs.read(name), limits)[1]);
  }
  yield* zip.add(HEADER_ENTRY, Buffer.from(headerText(header)));
  yield* zip.add(JOURNAL_ENTRY, journalText(parts.lines));
  yield* zip.end();
}

/** The minor version from which on recordings may be signed. */
const SIGNED_MINOR = 1;

/**
 * Signs a recording, in the place of a signature that it has already. No other entry changes.
 * @param key An Ed25519 private key, PEM.
 * @throws SignatureKeyError, and what `openRecording` throws
 */
export function signRecording(bytes: Uint8Array, key: string): Uint8Array<ArrayBuffer> {
  const entries = new Map(readStoredZip(bytes));
  entries.delete(SIGNATURE_ENTRY);
  const { header, head } = openRecording(writeStoredZip(entries));
  if (header.format.minor < SIGNED_MINOR) {
    const { major, minor } = header.format;
    const sentence = `A recording of format ${major}.${minor} has no place for a signature; sign the whole file with another tool.`;
    throw new FormatVersionError(sentence, { entry: HEADER_ENTRY, major, minor });
  }
  entries.set(SIGNATURE_ENTRY, makeSignature({ head, header: headerHash(header), content: contentHash(entries) }, key));
  return writeStoredZip(entries);
}

/**
 * Opens a recording and runs nothing. Verified at once: every byte of the file against what we would have written, the
 * header, every journal line and the chain, that the blobs referred to are the blobs there. A blob's own hash is
 * verified when it is read, or for all of them by `verifyRecording`, which a replay calls first.
 * @throws ArchiveDamagedError, EntryNameError, EntryMissingError, EntryUnexpectedError, FormatVersionError, HeaderError,
 * JournalLineError, ChainBrokenError, BlobMissingError, BlobUnusedError, BlobDamagedError, BlobTooLargeError; all exit
 * with 2 and name the entry in `fields.entry`
 */
export function openRecording(bytes: Uint8Array, limits: BlobLimits = {}): Recording {
  const entries = readStoredZip(bytes);
  const header = parseHeader(need(entries, HEADER_ENTRY));
  const stored = new Map<string, Uint8Array>();
  for (const [name, content] of entries) {
    if (BLOB_ENTRY.test(name)) stored.set(name, content);
    else if (name !== HEADER_ENTRY && name !== JOURNAL_ENTRY && !mayHave(name, header)) {
      const sentence = `Entry ${name} belongs in no recording of this format; take an unchanged copy.`;
      throw new EntryUnexpectedError(sentence, { entry: name });
    }
  }
  const { lines, end } = readLines(need(entries, JOURNAL_ENTRY), headerHash(header));
  const blobs = openBlobs(stored, limits);
  checkBlobs(header, lines, blobs.names);
  const signed = { head: end.head, header: headerHash(header), content: contentHash(entries) };
  return {
    ...signatureOf(entries, signed, blobs),
    header,
    lines,
    blobs,
    entries: [...entries].map(([name, content]) => ({ name, size: content.length })),
    head: end.head,
  };
}

/** What a recording says of itself, besides its blobs. */
export type RecordingIndex = Pick<Recording, "header" | "lines" | "head" | "signature">;

/**
 * Reads a recording of which only the texts are at hand. Verified: the header, the chain, that the blobs referred to are those
 * that are listed, and a signature against the digests given.
 *
 * @param texts Entries that are no blobs; blobs may be among them.
 * @param digests The sha-256 of every entry's bytes, sorted by name.
 * @throws What `openRecording` throws
 */
export function openIndex(
  texts: ReadonlyMap<string, Uint8Array>,
  digests: ReadonlyMap<string, string>,
): RecordingIndex {
  const header = parseHeader(need(texts, HEADER_ENTRY));
  const { lines, end } = readLines(need(texts, JOURNAL_ENTRY), headerHash(header));
  const blobs = [...digests.keys()].filter((name) => BLOB_ENTRY.test(name));
  checkBlobs(
    header,
    lines,
    blobs.map((name) => name.slice("blobs/".length, "blobs/".length + 64)),
  );
  const entry = texts.get(SIGNATURE_ENTRY);
  const signed = { head: end.head, header: headerHash(header), content: contentHash(digests) };
  return { header, lines, head: end.head, ...(entry === undefined ? {} : { signature: readSignature(entry, signed) }) };
}

/** Entries besides the known ones: a signature, and in a later minor version what that has. */
function mayHave(name: string, { format }: RecordingHeader): boolean {
  return format.minor > FORMAT_MINOR || (name === SIGNATURE_ENTRY && format.minor >= SIGNED_MINOR);
}

function signatureOf(
  entries: ReadonlyMap<string, Uint8Array>,
  signed: Signed,
  blobs: Blobs,
): { signature?: RecordingSignature } {
  const entry = entries.get(SIGNATURE_ENTRY);
  if (entry === undefined) return {};
  try {
    return { signature: readSignature(entry, signed) };
  } catch (error) {
    // where a blob is the one that was changed, it is the one to be named
    for (const sha256 of blobs.names) blobs.get(sha256);
    throw error;
  }
}

function journalText(lines: readonly JournalLine[]): Buffer {
  return Buffer.concat(lines.map((line) => Buffer.from(`${formatLine(line)}\n`)));
}

function need(entries: ReadonlyMap<string, Uint8Array>, entry: string): Uint8Array {
  const content = entries.get(entry);
  if (content !== undefined) return content;
  throw new EntryMissingError(`The recording has no ${entry}; take an unchanged copy.`, { entry });
}

function readLines(bytes: Uint8Array, first: string): { lines: JournalLine[]; end: ChainEnd } {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: JournalLine[] = [];
  let end: ChainEnd = { count: 0, head: first };
  for (let from = 0; from < content.length; ) {
    const to = content.indexOf(0x0a, from);
    if (to < 0) {
      const sentence = `Line ${lines.length} of ${JOURNAL_ENTRY} is cut short; take an unchanged copy.`;
      throw new JournalLineError(sentence, { seq: lines.length, entry: JOURNAL_ENTRY });
    }
    const { line, parts } = parseParts(
      lineOf(content.subarray(from, to), lines.length, JOURNAL_ENTRY),
      lines.length,
      JOURNAL_ENTRY,
    );
    end = followChain(end, line, JOURNAL_ENTRY, parts);
    lines.push(line);
    from = to + 1;
  }
  return { lines, end };
}

function checkBlobs(header: RecordingHeader, lines: readonly JournalLine[], names: Iterable<string>): void {
  const { needed, allowed } = expectedBlobs(header, lines);
  const there = new Set(names);
  for (const [sha256, place] of needed) {
    if (there.has(sha256)) continue;
    const sentence = `The blob ${sha256} that ${place} refers to is missing from the recording; take a complete copy.`;
    throw new BlobMissingError(sentence, { entry: `blobs/${sha256}`, sha256, place });
  }
  for (const sha256 of there) {
    if (needed.has(sha256) || allowed.has(sha256)) continue;
    const sentence = `Nothing in the recording refers to its blob ${sha256}; take an unchanged copy.`;
    throw new BlobUnusedError(sentence, { entry: `blobs/${sha256}`, sha256 });
  }
}
