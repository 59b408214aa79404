import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { EntryNameError } from "./errors.js";
import {
  CENTRAL_SIZE,
  checkEntryName,
  checkLimits,
  END_SIZE,
  LOCAL_SIZE,
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
  const writer = new ZipWriter();
  const pieces = sorted.flatMap(([name, bytes]) => writer.add(name, bytes));
  pieces.push(...writer.end());
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** Writes the same zip piece by piece: it holds names and checksums, never the bytes of entries. */
export class ZipWriter {
  readonly #entries: ZipEntry[] = [];
  readonly #hash = createHash("sha256");
  #at = 0;
  #directorySize = 0;

  /** The pieces of the file that an entry is. @throws EntryNameError unless names ascend; ArchiveLimitError */
  add(name: string, bytes: Uint8Array): Uint8Array[] {
    checkEntryName(name);
    const before = this.#entries.at(-1)?.name;
    if (before !== undefined && before >= name) {
      throw new EntryNameError(`Entry ${name} is there twice or out of order.`, { entry: name });
    }
    const entry: ZipEntry = { name, size: bytes.length, crc: crc32(bytes), offset: this.#at };
    this.#entries.push(entry);
    this.#at += LOCAL_SIZE + name.length + bytes.length;
    this.#directorySize += CENTRAL_SIZE + name.length;
    checkLimits(this.#entries.length, this.#at, this.#directorySize, name);
    const header = new Uint8Array(LOCAL_SIZE + name.length);
    putLocal(new DataView(header.buffer), 0, entry);
    return this.#hashed([header, bytes]);
  }

  /** The directory, the end record and the comment. */
  end(): Uint8Array[] {
    const tail = new Uint8Array(this.#directorySize + END_SIZE);
    const view = new DataView(tail.buffer);
    let at = 0;
    for (const entry of this.#entries) {
      putCentral(view, at, entry);
      at += CENTRAL_SIZE + entry.name.length;
    }
    putEnd(view, at, { count: this.#entries.length, directory: this.#at, size: at });
    this.#hashed([tail]);
    return [tail, Buffer.from(this.#hash.digest("hex"), "latin1")];
  }

  #hashed(pieces: Uint8Array[]): Uint8Array[] {
    for (const piece of pieces) this.#hash.update(piece);
    return pieces;
  }
}
