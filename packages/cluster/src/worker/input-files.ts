import { join } from "node:path";
import { InputChangedError, InputMissingError } from "@graphvm/engine";
import { FetchedInputs, given, inputPath, LocalInputs, remoteScheme, stampOf } from "@graphvm/engine/internal";
import type { JobFile } from "../protocol.js";
import type { DataClient } from "../store/data-client.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";
import { Volumes } from "./volumes.js";

/** What an input is that is bound to a worker's plane. */
export interface FoundInput {
  readonly sha256: string;
  readonly size: number;
  /** The volume it lies in. */
  readonly volume?: string;
}

/**
 * Finds the bytes of declared inputs for the workers of a process: under its own root, or fetched from the master. Those that
 * are bound to its plane lie in its volumes, where it has any, else under its root.
 */
export class InputFiles {
  readonly #local: LocalInputs;
  readonly #fetch: ((sha256: string, path: string) => Promise<void>) | undefined;
  readonly #fetched = new Map<string, Promise<string>>();
  /** Inputs of this plane that lie on other machines. */
  readonly #remote = new FetchedInputs();
  readonly #volumes: Volumes;
  #folder: string | undefined;

  /** `fetch` copies an input from the master; without it, files carry the master's own paths. */
  constructor(root: string, fetch?: { data: DataClient; master: string }, volumes = new Volumes()) {
    this.#local = new LocalInputs(root);
    this.#volumes = volumes;
    this.#fetch = fetch && ((sha256, path) => fetch.data.file(fetch.master, sha256, path));
  }

  /** The same files with a path on this machine. */
  async place(files: readonly JobFile[]): Promise<JobFile[]> {
    const placed: JobFile[] = [];
    for (const file of files) {
      if (file.plane !== undefined && !file.free) placed.push(await this.#placeBound(file));
      else placed.push(this.#fetch ? await this.#placeOne(file) : file);
    }
    return placed;
  }

  /**
   * What an input is that is bound to this process's plane: only its own root has it, or it is fetched from here.
   *
   * @throws InputMissingError, VolumeError
   */
  async find(uri: string): Promise<FoundInput> {
    const { path, volume } = await this.#bound(uri);
    const stamp = stampOf(path);
    if (!stamp)
      throw new InputMissingError(
        `The input ${uri} is not under ${this.#local.root} of a worker of its plane: put it there, or start the worker with another --root.`,
        { uri, path },
      );
    return { sha256: await this.#local.digestLater(path, stamp), size: stamp.size, ...given({ volume }) };
  }

  /**
   * Where the bytes of an input lie that is bound to this process's plane.
   *
   * @throws InputMissingError, InputChangedError, VolumeError
   */
  async boundPath({ uri, sha256, plane = "" }: Pick<JobFile, "uri" | "sha256" | "plane">): Promise<string> {
    if ((await this.find(uri)).sha256 !== sha256)
      throw new InputChangedError(
        `The input ${uri} of plane ${plane} is not the file that was declared: its workers have different ones, or it changed.`,
        { uri },
      );
    return (await this.#bound(uri)).path;
  }

  async #placeBound(file: JobFile): Promise<JobFile> {
    const path = await this.boundPath(file);
    return { ...file, path, ...stampOf(path) };
  }

  async #placeOne(file: JobFile): Promise<JobFile> {
    const { uri, sha256, size } = file;
    const own = inputPath(this.#local.root, uri);
    const stamp = stampOf(own);
    const same = stamp?.size === size && (await this.#local.digestLater(own, stamp)) === sha256;
    const path = same ? own : await this.#copy(sha256);
    return { ...file, path, ...stampOf(path) };
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

  async #bound(uri: string): Promise<{ readonly path: string; readonly volume?: string }> {
    if (remoteScheme(uri) !== undefined) return { path: await this.#remote.fetch(uri) };
    return this.#volumes.any ? this.#volumes.find(uri) : { path: inputPath(this.#local.root, uri) };
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
