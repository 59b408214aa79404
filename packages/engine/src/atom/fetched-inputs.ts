import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { InputMissingError } from "../errors.js";

/** Writes the bytes an input URI names to a path. @throws InputMissingError, or anything with a message */
export type Fetcher = (uri: string, path: string) => Promise<void>;

const fetchers = new Map<string, Fetcher>([
  ["http", fetchHttp],
  ["https", fetchHttp],
  ["env", fetchVariable],
]);

/** Teaches this process to fetch inputs of a URI scheme. */
export function registerFetcher(scheme: string, fetcher: Fetcher): void {
  fetchers.set(scheme, fetcher);
}

/** The scheme of an input that must be fetched before an atom can read it; undefined for one that is a file here. */
export function remoteScheme(uri: string): string | undefined {
  // a letter and a colon is a drive
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase();
  return scheme === "file" ? undefined : scheme;
}

let remote = false;

/** An input was declared; where none of this process must be fetched, nobody looks for any. */
export function noteRemote(uri: string): void {
  remote ||= remoteScheme(uri) !== undefined;
}

export function anyRemote(): boolean {
  return remote;
}

/** Copies of the inputs a session fetched: each once, so that all its atoms see the same bytes. They go with the process. */
export class FetchedInputs {
  readonly #paths = new Map<string, string>();
  readonly #coming = new Map<string, Promise<string>>();
  #folder: string | undefined;
  readonly #remove = (): void => this.close();

  /** Where an input's copy lies, once it is there. */
  path(uri: string): string | undefined {
    return this.#paths.get(uri);
  }

  /** Fetches an input, unless that was done. @throws InputMissingError */
  fetch(uri: string): Promise<string> {
    const coming = this.#coming.get(uri) ?? this.#fetch(uri);
    this.#coming.set(uri, coming);
    // one that failed may be there next time
    coming.catch(() => this.#coming.delete(uri));
    return coming;
  }

  close(): void {
    if (this.#folder === undefined) return;
    process.off("exit", this.#remove);
    rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#paths.clear();
    this.#coming.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #fetch(uri: string): Promise<string> {
    const scheme = remoteScheme(uri)!;
    const fetcher = fetchers.get(scheme);
    if (!fetcher) {
      const known = [...fetchers.keys()].sort().join(", ");
      throw new InputMissingError(`The input ${uri} can't be fetched: ${scheme} is none of ${known}.`, { uri });
    }
    const path = join(this.#place(), String(this.#coming.size));
    try {
      await fetcher(uri, path);
    } catch (cause) {
      rmSync(path, { force: true });
      if (cause instanceof InputMissingError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new InputMissingError(`The input ${uri} can't be fetched (${why}): check the address.`, { uri }, { cause });
    }
    this.#paths.set(uri, path);
    return path;
  }

  #place(): string {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), "graphvm-fetched-"));
      process.once("exit", this.#remove);
    }
    return this.#folder;
  }
}

async function fetchHttp(uri: string, path: string): Promise<void> {
  const response = await fetch(uri);
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(path, { flags: "wx" }));
}

/** The value of an environment variable, as UTF-8. */
async function fetchVariable(uri: string, path: string): Promise<void> {
  const name = uri.slice("env:".length);
  const value = process.env[name];
  if (value === undefined) throw new InputMissingError(`The environment variable ${name} is not set: set it.`, { uri });
  writeFileSync(path, value, { mode: 0o600 });
}
