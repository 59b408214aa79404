import { ArchiveLimitError, EntryNameError } from "./errors.js";

/** Sizes of the fixed parts of a zip. */
export const LOCAL_SIZE = 30;
export const CENTRAL_SIZE = 46;
export const END_SIZE = 22;
/** Length of the comment: a sha-256 in hex. */
export const COMMENT_SIZE = 64;
/** Longest name of an entry. */
export const MAX_NAME = 255;
/** Most entries: 65,535 itself tells a zip reader to look for a zip64 record. */
export const MAX_ENTRIES = 65_534;
/** Most bytes, of the file and so of an entry. */
export const MAX_BYTES = 0xffff_fffe;

const MADE_BY = 20;
const NEEDED = 10;
/** 1980-01-01, the first day that DOS knows. */
const DOS_DATE = 0x0021;

/** An entry as both its headers describe it. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  /** Where its local header stands. */
  readonly offset: number;
}

/** What the record at the end says of the directory. */
export interface ZipEnd {
  readonly count: number;
  /** Where the directory begins. */
  readonly directory: number;
  /** Length of the directory. */
  readonly size: number;
}

/**
 * Checks the name of an entry: segments of `A-Z a-z 0-9 . _ -` joined by `/`, none of them `.` or `..` or empty, at most
 * 255 characters in all. So no name is absolute, has a drive or a backslash, or leaves the folder it is unpacked in.
 * @throws EntryNameError
 */
export function checkEntryName(name: string): void {
  const good =
    name.length <= MAX_NAME && name.split("/").every((part) => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part));
  if (good) return;
  const shown = JSON.stringify(name.slice(0, 100));
  throw new EntryNameError(`${shown} is no name for an entry; use segments of letters, digits, ".", "_" and "-".`, {
    entry: name.slice(0, MAX_NAME),
  });
}

/** Refuses what a zip without zip64 records can't hold. @throws ArchiveLimitError */
export function checkLimits(entries: number, bytes: number, directory: number, entry: string): void {
  if (entries > MAX_ENTRIES) throw limit("entries", MAX_ENTRIES, entries);
  if (bytes > MAX_BYTES) throw limit("bytes", MAX_BYTES, bytes, entry);
  const length = bytes + directory + END_SIZE + COMMENT_SIZE;
  if (length > MAX_BYTES) throw limit("bytes", MAX_BYTES, length);
}

/** Writes the header that stands before an entry's bytes. */
export function putLocal(view: DataView, at: number, entry: ZipEntry): void {
  view.setUint32(at, 0x04034b50, true);
  view.setUint16(at + 4, NEEDED, true);
  putCommon(view, at + 6, entry);
  putName(view, at + LOCAL_SIZE, entry.name);
}

/** Writes an entry's record in the directory. */
export function putCentral(view: DataView, at: number, entry: ZipEntry): void {
  view.setUint32(at, 0x02014b50, true);
  view.setUint16(at + 4, MADE_BY, true);
  view.setUint16(at + 6, NEEDED, true);
  putCommon(view, at + 8, entry);
  for (let i = 32; i < 42; i++) view.setUint8(at + i, 0);
  view.setUint32(at + 42, entry.offset, true);
  putName(view, at + CENTRAL_SIZE, entry.name);
}

/** Writes the record that ends the directory, up to the comment. */
export function putEnd(view: DataView, at: number, end: ZipEnd): void {
  view.setUint32(at, 0x06054b50, true);
  view.setUint32(at + 4, 0, true);
  view.setUint16(at + 8, end.count, true);
  view.setUint16(at + 10, end.count, true);
  view.setUint32(at + 12, end.size, true);
  view.setUint32(at + 16, end.directory, true);
  view.setUint16(at + 20, COMMENT_SIZE, true);
}

/** Flags, method (stored), time, crc, both sizes, length of the name and of the extra field: 24 bytes. */
function putCommon(view: DataView, at: number, { name, size, crc }: ZipEntry): void {
  view.setUint32(at, 0, true);
  view.setUint16(at + 4, 0, true);
  view.setUint16(at + 6, DOS_DATE, true);
  view.setUint32(at + 8, crc, true);
  view.setUint32(at + 12, size, true);
  view.setUint32(at + 16, size, true);
  view.setUint16(at + 20, name.length, true);
  view.setUint16(at + 22, 0, true);
}

function putName(view: DataView, at: number, name: string): void {
  for (let i = 0; i < name.length; i++) view.setUint8(at + i, name.charCodeAt(i));
}

function limit(what: "bytes" | "entries", most: number, found: number, entry = "archive"): ArchiveLimitError {
  const sentence = `A recording holds at most ${most} ${what} and this one has ${found}; record less, or in parts.`;
  return new ArchiveLimitError(sentence, { limit: most, found, entry });
}
