import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { InputChangedError, InputMissingError } from "../errors.js";
import type { FileValue } from "../identity/file-value.js";
import { FetchedInputs, remoteScheme } from "./fetched-inputs.js";
import type { Inputs } from "./inputs.js";

/** What tells that a file was not touched between two looks, without reading it. */
export interface FileStamp {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
}

interface Known extends FileStamp {
  readonly sha256: string;
}

/** Inputs that lie in the file system, relative to a root. A file is hashed once and then trusted while its stamp holds. */
export class LocalInputs implements Inputs {
  readonly root: string;
  readonly #fetched = new FetchedInputs();
  readonly #known = new Map<string, Known>();
  /** Files that are being hashed, as they were when that began. */
  readonly #hashing = new Map<string, Promise<string>>();
  readonly #open = new Map<string, { file: FileValue; stamp: FileStamp }>();

  constructor(root: string = process.cwd()) {
    this.root = root;
  }

  /** Takes somebody's word for a file's digest, as long as the file has that stamp here. */
  trust(path: string, known: Known): void {
    this.#known.set(path, known);
  }

  fetch({ uri }: FileValue): Promise<void> | undefined {
    if (remoteScheme(uri) === undefined || this.#fetched.path(uri) !== undefined) return undefined;
    return this.#fetched.fetch(uri).then(() => {});
  }

  resolve(file: FileValue): string {
    const path = this.#fetched.path(file.uri) ?? inputPath(this.root, file.uri);
    const stamp = stampOf(path);
    if (!stamp) {
      throw new InputMissingError(
        `The input ${file.uri} is not there: put it under ${this.root}, or name another root.`,
        { uri: file.uri, path },
      );
    }
    if (file.sha256 !== undefined && this.digest(path, stamp) !== file.sha256) {
      throw new InputChangedError(`The input ${file.uri} is not the one that was declared: its sha-256 differs.`, {
        uri: file.uri,
        path,
      });
    }
    this.#open.set(path, { file, stamp });
    return path;
  }

  check(): void {
    if (this.#open.size === 0) return;
    for (const [path, { file, stamp }] of this.#open) {
      if (!sameStamp(stampOf(path), stamp)) {
        this.#open.clear();
        throw new InputChangedError(`The input ${file.uri} changed while it was read: run again.`, {
          uri: file.uri,
          path,
        });
      }
    }
    this.#open.clear();
  }

  /** The sha-256 of a file's bytes, from memory where the stamp still holds. */
  digest(path: string, stamp: FileStamp | undefined = stampOf(path)): string {
    const known = this.#known.get(path);
    if (known && sameStamp(stamp, known)) return known.sha256;
    const sha256 = hashFile(path);
    if (stamp) this.#known.set(path, { ...stamp, sha256 });
    return sha256;
  }

  /** The same without keeping the thread: a file is read and hashed in the turns between other work, and only once. */
  digestLater(path: string, stamp: FileStamp | undefined = stampOf(path)): Promise<string> {
    const known = this.#known.get(path);
    if (known && sameStamp(stamp, known)) return Promise.resolve(known.sha256);
    const key = JSON.stringify([path, stamp]);
    let hashing = this.#hashing.get(key);
    if (!hashing) {
      hashing = hashFileLater(path)
        .then((sha256) => {
          if (stamp) this.#known.set(path, { ...stamp, sha256 });
          return sha256;
        })
        .finally(() => this.#hashing.delete(key));
      this.#hashing.set(key, hashing);
    }
    return hashing;
  }
}

/** The path an input URI names: `file:` URLs and absolute paths as they are, others under the root. */
export function inputPath(root: string, uri: string): string {
  if (uri.startsWith("file:")) return fileURLToPath(uri);
  return isAbsolute(uri) ? uri : resolve(root, uri);
}

/** A file's stamp, or undefined where there is no such file. */
export function stampOf(path: string): FileStamp | undefined {
  const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? { size: stats.size, mtimeMs: stats.mtimeMs, ino: stats.ino } : undefined;
}

function sameStamp(a: FileStamp | undefined, b: FileStamp): boolean {
  return a !== undefined && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}

function hashFile(path: string): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  const fd = openSync(path, "r");
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) hash.update(buffer.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

async function hashFileLater(path: string): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  const file = await open(path, "r");
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
