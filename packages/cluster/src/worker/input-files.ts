import { join } from "node:path";
import { InputChangedError, InputMissingError } from "@graphvm/engine";
import { FetchedInputs, inputPath, LocalInputs, remoteScheme, stampOf } from "@graphvm/engine/internal";
import type { JobFile } from "../protocol.js";
import type { DataClient } from "../store/data-client.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";

/** Finds the bytes of declared inputs for the workers of a process: under its own root, or fetched from the master. */
export class InputFiles {
  readonly #local: LocalInputs;
  readonly #fetch: ((sha256: string, path: string) => Promise<void>) | undefined;
  readonly #fetched = new Map<string, Promise<string>>();
  /** Inputs of this plane that lie on other machines. */
  readonly #remote = new FetchedInputs();
  #folder: string | undefined;

  /** `fetch` copies an input from the master; without it, files carry the master's own paths. */
  constructor(root: string, fetch?: { data: DataClient; master: string }) {
    this.#local = new LocalInputs(root);
    this.#fetch = fetch && ((sha256, path) => fetch.data.file(fetch.master, sha256, path));
  }

  /** The same files with a path on this machine. */
  async place(files: readonly JobFile[]): Promise<JobFile[]> {
    const placed: JobFile[] = [];
    for (const file of files) {
      if (file.plane !== undefined) placed.push(await this.#placeBound(file));
      else placed.push(this.#fetch ? await this.#placeOne(file) : file);
    }
    return placed;
  }

  /**
   * What an input is that is bound to this process's plane: only its own root has it, or it is fetched from here.
   *
   * @throws InputMissingError
   */
  async find(uri: string): Promise<{ readonly sha256: string; readonly size: number }> {
    const path = await this.#path(uri);
    const stamp = stampOf(path);
    if (!stamp)
      throw new InputMissingError(
        `The input ${uri} is not under ${this.#local.root} of a worker of its plane: put it there, or start the worker with another --root.`,
        { uri, path },
      );
    return { sha256: await this.#local.digestLater(path, stamp), size: stamp.size };
  }

  /** @throws InputMissingError, InputChangedError */
  async #placeBound(file: JobFile): Promise<JobFile> {
    const { uri, sha256 } = file;
    const path = await this.#path(uri);
    if ((await this.find(uri)).sha256 !== sha256)
      throw new InputChangedError(
        `The input ${uri} of plane ${file.plane} is not the file that was declared: its workers have different ones, or it changed.`,
        { uri, path },
      );
    return { ...file, path, ...stampOf(path) };
  }

  async #placeOne(file: JobFile): Promise<JobFile> {
    const { uri, sha256, size } = file;
    const own = inputPath(this.#local.root, uri);
    const stamp = stampOf(own);
    const same = stamp?.size === size && (await this.#local.digestLater(own, stamp)) === sha256;
    const path = same ? own : await this.#copy(sha256);
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

  async #path(uri: string): Promise<string> {
    return remoteScheme(uri) === undefined ? inputPath(this.#local.root, uri) : this.#remote.fetch(uri);
  }

  #folderPath(): string {
    this.#folder ??= makeTempFolder("graphvm-inputs-");
    return this.#folder;
  }

  close(): void {
    this.#remote.close();
    if (this.#folder !== undefined) removeTempFolder(this.#folder);
  }
}
