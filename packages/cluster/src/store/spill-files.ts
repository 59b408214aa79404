import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";

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

/** A temporary folder with a file a value. It is made when first needed and goes with the process. */
export class SpillFiles implements SpillPlace {
  #folder: string | undefined;

  async write(id: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(id);
    const file = await open(path, "w");
    try {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  async read(id: string, offset: number, into: Uint8Array): Promise<void> {
    const file = await open(this.#path(id), "r");
    try {
      for (let at = 0; at < into.length; ) {
        const { bytesRead } = await file.read(into, at, into.length - at, offset + at);
        if (bytesRead === 0) throw new Error("the file is shorter than it was");
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  async remove(id: string): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#path(id), { force: true });
  }

  close(): void {
    if (this.#folder !== undefined) removeTempFolder(this.#folder);
    this.#folder = undefined;
  }

  #path(id: string): string {
    this.#folder ??= makeTempFolder("graphvm-spill-");
    return join(this.#folder, id);
  }
}
