import { createHash, type Hash } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { BadMessageError } from "../errors.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";

interface Growing {
  readonly file: FileHandle;
  readonly sum: Hash;
  size: number;
}

/** Inputs that a replay brings along, in a temporary folder of the master. */
export class PlacedFiles {
  readonly #growing = new Map<string, Growing>();
  #folder: string | undefined;

  /**
   * Takes the next piece of an input. With the last one its digest is checked.
   *
   * @returns where the file lies, once it is whole
   * @throws BadMessageError for pieces out of order, and other bytes than the digest says.
   */
  async add(sha256: string, offset: number, bytes: Uint8Array, last: boolean): Promise<{ path: string | null }> {
    this.#folder ??= makeTempFolder("graphvm-placed-");
    const path = join(this.#folder, sha256);
    let growing = this.#growing.get(sha256);
    if (growing === undefined) {
      growing = { file: await open(`${path}.part`, "w"), sum: createHash("sha256"), size: 0 };
      this.#growing.set(sha256, growing);
    }
    if (offset !== growing.size) throw await this.#fail(sha256, "came with pieces out of order");
    await growing.file.writeFile(bytes);
    growing.sum.update(bytes);
    growing.size += bytes.length;
    if (!last) return { path: null };
    if (growing.sum.digest("hex") !== sha256) throw await this.#fail(sha256, "has other bytes than its digest says");
    await growing.file.close();
    this.#growing.delete(sha256);
    await rename(`${path}.part`, path);
    return { path };
  }

  close(): void {
    for (const { file } of this.#growing.values()) void file.close().catch(() => {});
    this.#growing.clear();
    if (this.#folder !== undefined) removeTempFolder(this.#folder);
    this.#folder = undefined;
  }

  async #fail(sha256: string, why: string): Promise<BadMessageError> {
    const growing = this.#growing.get(sha256);
    this.#growing.delete(sha256);
    await growing?.file.close().catch(() => {});
    rmSync(join(this.#folder!, `${sha256}.part`), { force: true });
    return new BadMessageError(`The input ${sha256} that was to be placed ${why}.`, { sha256 });
  }
}
