import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";
import { Gaps } from "./gaps.js";

/** Where values go that memory has no room for; replaced in tests. */
export interface SpillPlace {
  /** Writes a value whole, or not at all. */
  write(id: string, bytes: Uint8Array): Promise<void>;
  /** Fills `into` with what was written from `offset` on. */
  read(id: string, offset: number, into: Uint8Array): Promise<void>;
  remove(id: string): Promise<void>;
  /** Lets go of everything. */
  close(): void;
}

/** The system writes less than 2 GB at once. */
const AT_ONCE = 1024 * 1024 * 1024;

/**
 * One temporary file, made when first needed. It has no name any more once it is open, so that the system takes it away with
 * the process, however that ends.
 */
export class SpillFile implements SpillPlace {
  readonly #places = new Map<string, { readonly at: number; readonly length: number }>();
  readonly #gaps = new Gaps();
  #file: Promise<FileHandle> | undefined;

  async write(id: string, bytes: Uint8Array): Promise<void> {
    const file = await this.#open();
    const at = this.#gaps.take(bytes.length);
    try {
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(AT_ONCE, bytes.length - done);
        done += (await file.write(bytes, done, length, at + done)).bytesWritten;
      }
    } catch (error) {
      await this.#free(at, bytes.length);
      throw error;
    }
    this.#places.set(id, { at, length: bytes.length });
  }

  async read(id: string, offset: number, into: Uint8Array): Promise<void> {
    const place = this.#places.get(id);
    if (!place || offset + into.length > place.length) throw new Error("nothing was written there");
    const file = await this.#open();
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await file.read(into, done, into.length - done, place.at + offset + done);
      if (bytesRead === 0) throw new Error("the file is shorter than it was");
      done += bytesRead;
    }
  }

  async remove(id: string): Promise<void> {
    const place = this.#places.get(id);
    if (!place) return;
    this.#places.delete(id);
    await this.#free(place.at, place.length);
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    this.#places.clear();
    void file?.then((each) => each.close()).catch(() => {});
  }

  /** Room at the file's end goes back to the disk. */
  async #free(at: number, length: number): Promise<void> {
    const { end } = this.#gaps;
    this.#gaps.give(at, length);
    if (this.#gaps.end < end) await (await this.#open()).truncate(this.#gaps.end);
  }

  #open(): Promise<FileHandle> {
    this.#file ??= openNameless();
    return this.#file;
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = makeTempFolder("graphvm-spill-");
  const file = await open(join(folder, "values"), "w+", 0o600);
  try {
    removeTempFolder(folder);
  } catch {
    // where open files keep their names it goes when the process ends
  }
  return file;
}
