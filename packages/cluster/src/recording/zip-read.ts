import { crc32 } from "node:zlib";
import { ArchiveDamagedError, EntryNameError } from "./errors.js";
import { sha256Hex } from "./sha256.js";
import {
  CENTRAL_SIZE,
  COMMENT_SIZE,
  checkEntryName,
  END_SIZE,
  LOCAL_SIZE,
  MAX_NAME,
  putCentral,
  putEnd,
  putLocal,
  type ZipEntry,
} from "./zip-layout.js";

/** What errors call the parts of the file that belong to no entry. */
export const ARCHIVE = "archive";

/**
 * Reads a zip written by `writeStoredZip`, and nothing else: the bytes must be exactly those it would have written for
 * these entries, so that no byte of the file can change unseen.
 * @returns The entries' bytes by name, in order; views of `bytes`, not copies.
 * @throws ArchiveDamagedError or EntryNameError; `fields.entry` names the entry that holds the first bad byte, or
 * `"archive"` where it lies in the directory or the trailer.
 */
export function readStoredZip(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - END_SIZE - COMMENT_SIZE;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) {
    const zip = bytes.length > 3 && view.getUint32(0, true) === 0x04034b50;
    throw damaged(ARCHIVE, Math.max(end, 0), zip ? "it is damaged at its end, or cut short" : "it is another file");
  }
  const directory = view.getUint32(end + 16, true);
  const count = view.getUint16(end + 10, true);
  compare(bytes, end, END_SIZE, ARCHIVE, (view) => putEnd(view, 0, { count, directory, size: end - directory }));
  if (directory > end) throw damaged(ARCHIVE, end, "its directory lies outside");

  const found = readDirectory(view, bytes, directory, end, count);
  const entries = new Map<string, Uint8Array>();
  let before: string | undefined;
  for (const entry of found) {
    const { name, offset, size } = entry;
    const data = offset + LOCAL_SIZE + name.length;
    if (readName(bytes, offset + LOCAL_SIZE, name.length) !== name) {
      throw damaged(ARCHIVE, offset, "its directory and the header of an entry disagree about the name");
    }
    checkEntryName(name);
    if (before !== undefined && before >= name) {
      throw new EntryNameError(`Entry ${name} of the recording is there twice or out of order.`, { entry: name });
    }
    before = name;
    compare(bytes, offset, data - offset, name, (view) => putLocal(view, 0, entry));
    const content = bytes.subarray(data, data + size);
    if (crc32(content) !== entry.crc) throw damaged(name, data, "its bytes do not fit its checksum");
    entries.set(name, content);
  }
  const comment = Buffer.from(bytes.subarray(end + END_SIZE)).toString("latin1");
  if (sha256Hex(bytes.subarray(0, end + END_SIZE)) !== comment) {
    throw damaged(ARCHIVE, end + END_SIZE, "the sha-256 at its end is not that of what stands before");
  }
  return entries;
}

/** Reads the directory and checks that it describes entries one after the other from the first byte to itself. */
function readDirectory(view: DataView, bytes: Uint8Array, from: number, to: number, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = from;
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const length = at + CENTRAL_SIZE <= to ? view.getUint16(at + 28, true) : MAX_NAME + 1;
    if (length > MAX_NAME || at + CENTRAL_SIZE + length > to) throw damaged(ARCHIVE, at, "its directory is cut short");
    const name = readName(bytes, at + CENTRAL_SIZE, length);
    const entry: ZipEntry = { name, size: view.getUint32(at + 24, true), crc: view.getUint32(at + 16, true), offset };
    compare(bytes, at, CENTRAL_SIZE + length, ARCHIVE, (view) => putCentral(view, 0, entry));
    entries.push(entry);
    at += CENTRAL_SIZE + length;
    offset += LOCAL_SIZE + length + entry.size;
    if (offset > from) throw damaged(ARCHIVE, at, "its directory places an entry outside");
  }
  if (at !== to || offset !== from) throw damaged(ARCHIVE, at, "its directory does not cover all of it");
  return entries;
}

/** Compares bytes of the file with what the writer would have put there. */
function compare(bytes: Uint8Array, at: number, length: number, entry: string, put: (view: DataView) => void): void {
  const expected = new Uint8Array(length);
  put(new DataView(expected.buffer));
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== expected[i]) throw damaged(entry, at + i, "its header is not as it was written");
  }
}

function readName(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString("latin1");
}

function damaged(entry: string, offset: number, why: string): ArchiveDamagedError {
  const place = entry === ARCHIVE ? "The recording" : `Entry ${entry} of the recording`;
  const sentence = `${place} is not what graphvm wrote: ${why}. Take an unchanged copy.`;
  return new ArchiveDamagedError(sentence, { entry, offset });
}
