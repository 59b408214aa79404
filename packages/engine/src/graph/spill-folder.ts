import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SpillError } from "../errors.js";
import { SLAB, type SlabSpill } from "./slabs.js";

const SLAB_BYTES = SLAB * 8;

/** A temporary folder for values that memory has no room for: one file of slabs, one of encoded objects. */
export class SpillFolder implements SlabSpill {
  #opened: { readonly folder: string; readonly slabs: number; readonly objects: number } | undefined;
  #objectsEnd = 0;
  readonly #remove = (): void => this.close();
  readonly #parent: string;

  /** @param parent Where the folder is made. */
  constructor(parent: string = tmpdir()) {
    this.#parent = parent;
  }

  write(slab: number, data: Float64Array): void {
    writeWhole(this.#files().slabs, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), slab * SLAB_BYTES);
  }

  read(slab: number): Float64Array {
    const data = new Float64Array(SLAB);
    readWhole(this.#files().slabs, new Uint8Array(data.buffer), slab * SLAB_BYTES);
    return data;
  }

  /** Appends an encoded object; where it lies. */
  writeObject(bytes: Uint8Array): number {
    const at = this.#objectsEnd;
    writeWhole(this.#files().objects, bytes, at);
    this.#objectsEnd += bytes.length;
    return at;
  }

  readObject(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    readWhole(this.#files().objects, bytes, at);
    return bytes;
  }

  close(): void {
    if (!this.#opened) return;
    const { folder, slabs, objects } = this.#opened;
    this.#opened = undefined;
    process.off("exit", this.#remove);
    closeSync(slabs);
    closeSync(objects);
    rmSync(folder, { recursive: true, force: true });
  }

  #files() {
    if (!this.#opened) {
      const folder = mkdtempSync(join(this.#parent, "graphvm-spill-"));
      this.#opened = {
        folder,
        slabs: openSync(join(folder, "slabs"), "w+"),
        objects: openSync(join(folder, "objects"), "w+"),
      };
      process.once("exit", this.#remove);
    }
    return this.#opened;
  }
}

function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SpillError(
      `The graph's budget of memory is used up and the disk takes nothing (${why}): free space in the temporary folder, or give it more bytes.`,
      {},
      { cause },
    );
  }
}

function readWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw new Error("the spill file is shorter than it was");
    done += read;
  }
}
