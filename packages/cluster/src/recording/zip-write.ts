import { crc32 } from "node:zlib";
import { sha256Hex } from "./sha256.js";
import {
  CENTRAL_SIZE,
  END_SIZE,
  LOCAL_SIZE,
  layOut,
  putCentral,
  putEnd,
  putLocal,
  type ZipEntry,
} from "./zip-layout.js";

/**
 * Writes a zip in which every entry is stored, sorted by name, dated 1980-01-01; its comment is the sha-256 of all that
 * stands before the comment. Equal entries give equal bytes.
 * @throws EntryNameError for a bad name or one that comes twice; ArchiveLimitError
 * @example const bytes = writeStoredZip([["a.txt", Buffer.from("hello")]]);
 */
export function writeStoredZip(entries: Iterable<readonly [name: string, bytes: Uint8Array]>): Uint8Array<ArrayBuffer> {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const { offsets, directory, length } = layOut(sorted.map(([name, bytes]) => ({ name, size: bytes.length })));
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  let at = directory;
  sorted.forEach(([name, bytes], i) => {
    const entry: ZipEntry = { name, size: bytes.length, crc: crc32(bytes), offset: offsets[i]! };
    putLocal(view, entry.offset, entry);
    out.set(bytes, entry.offset + LOCAL_SIZE + name.length);
    putCentral(view, at, entry);
    at += CENTRAL_SIZE + name.length;
  });
  putEnd(view, at, { count: sorted.length, directory, size: at - directory });
  const comment = sha256Hex(out.subarray(0, at + END_SIZE));
  out.set(Buffer.from(comment, "latin1"), at + END_SIZE);
  return out;
}
