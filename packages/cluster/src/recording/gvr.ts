import { expectedBlobs } from "./blob-refs.js";
import { type BlobLimits, type Blobs, openBlobs, packBlob } from "./blobs.js";
import { type ChainEnd, followChain, verifyChain } from "./chain.js";
import {
  BlobMissingError,
  BlobUnusedError,
  EntryMissingError,
  EntryUnexpectedError,
  JournalLineError,
} from "./errors.js";
import { checkHeader, HEADER_ENTRY, headerHash, headerText, parseHeader, type RecordingHeader } from "./header.js";
import { formatLine, type JournalLine, lineOf, parseParts } from "./journal-line.js";
import { readStoredZip } from "./zip-read.js";
import { writeStoredZip } from "./zip-write.js";

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

/** A recording that was opened: its form, its chain and the names of its blobs have been verified. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly lines: readonly JournalLine[];
  readonly blobs: Blobs;
  /** Names and stored sizes of the file's entries, in order. */
  readonly entries: readonly { readonly name: string; readonly size: number }[];
  /** Hash of the last journal line: what a signature would sign. */
  readonly head: string;
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
  const journal = Buffer.concat(parts.lines.map((line) => Buffer.from(`${formatLine(line)}\n`)));
  const blobs = [...parts.blobs].map(([sha256, bytes]) => packBlob(sha256, bytes, limits));
  return writeStoredZip([[HEADER_ENTRY, Buffer.from(headerText(header))], [JOURNAL_ENTRY, journal], ...blobs]);
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
    else if (name !== HEADER_ENTRY && name !== JOURNAL_ENTRY) {
      const sentence = `Entry ${name} belongs in no recording of this format; take an unchanged copy.`;
      throw new EntryUnexpectedError(sentence, { entry: name });
    }
  }
  const { lines, end } = readLines(need(entries, JOURNAL_ENTRY), headerHash(header));
  const blobs = openBlobs(stored, limits);
  checkBlobs(header, lines, blobs.names);
  return {
    header,
    lines,
    blobs,
    entries: [...entries].map(([name, content]) => ({ name, size: content.length })),
    head: end.head,
  };
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
