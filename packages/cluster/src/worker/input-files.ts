import { join } from "node:path";
import { inputPath, LocalInputs, stampOf } from "@graphvm/engine/internal";
import type { JobFile } from "../protocol.js";
import type { DataClient } from "../store/data-client.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";

/** Finds the bytes of declared inputs for the workers of a process: under its own root, or fetched from the master. */
export class InputFiles {
  readonly #local: LocalInputs;
  readonly #fetch: ((sha256: string, path: string) => Promise<void>) | undefined;
  readonly #fetched = new Map<string, Promise<string>>();
  #folder: string | undefined;

  /** `fetch` copies an input from the master; without it, files carry the master's own paths. */
  constructor(root: string, fetch?: { data: DataClient; master: string }) {
    this.#local = new LocalInputs(root);
    this.#fetch = fetch && ((sha256, path) => fetch.data.file(fetch.master, sha256, path));
  }

  /** The same files with a path on this machine. */
  async place(files: readonly JobFile[]): Promise<JobFile[]> {
    if (!this.#fetch) return [...files];
    const placed: JobFile[] = [];
    for (const file of files) placed.push(await this.#placeOne(file));
    return placed;
  }

  async #placeOne(file: JobFile): Promise<JobFile> {
    const { uri, sha256, size } = file;
    const own = inputPath(this.#local.root, uri);
    const stamp = stampOf(own);
    const path = stamp?.size === size && this.#local.digest(own, stamp) === sha256 ? own : await this.#copy(sha256);
    return { uri, sha256, size, path, ...stampOf(path) };
  }

  #copy(sha256: string): Promise<string> {
    let copy = this.#fetched.get(sha256);
    if (!copy) {
      const path = join(this.#folderPath(), sha256);
      copy = this.#fetch!(sha256, path).then(() => path);
      this.#fetched.set(sha256, copy);
      copy.catch(() => this.#fetched.delete(sha256));
    }
    return copy;
  }

  #folderPath(): string {
    this.#folder ??= makeTempFolder("graphvm-inputs-");
    return this.#folder;
  }

  close(): void {
    if (this.#folder !== undefined) removeTempFolder(this.#folder);
  }
}
