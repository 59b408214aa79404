import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { KeyMissingError, SourceUriError, StoreFailedError, StorePermissionError } from "./errors.js";
import { FolderStore } from "./folder-store.js";
import { readFileWhole } from "./read-file.js";
import { S3Store, type S3StoreOptions } from "./s3-store.js";
import { putShared, readManifest, wholeRecording } from "./shared.js";
import type { PutOptions, Store } from "./store.js";

/** How S3 is reached; by default as the `AWS_*` variables say. */
export type SourceOptions = Omit<S3StoreOptions, "bucket" | "prefix">;

/** How something is written. */
export interface TargetOptions extends PutOptions, SourceOptions {
  /**
   * Whether large entries of a recording go to `blobs/` beside it, once for all recordings there. By default so on S3, and in
   * no file; under a lock never, because another recording's lock would end at another time.
   */
  readonly share?: boolean;
}

/** A place bytes are read from or written to. */
export type Place =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly key: string };

/**
 * Reads `path/x.gvr`, `file:///path/x.gvr` or `s3://bucket/key`.
 * @throws SourceUriError
 */
export function parsePlace(uri: string): Place {
  const s3 = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,62})(?:\/(.*))?$/s.exec(uri);
  if (s3) return { kind: "s3", bucket: s3[1]!, key: s3[2] ?? "" };
  if (/^s3:/i.test(uri)) throw badUri(uri, "write s3://bucket/key");
  if (/^file:/i.test(uri)) {
    try {
      return { kind: "file", path: fileURLToPath(uri) };
    } catch {
      throw badUri(uri, "write file:///path, or the path alone");
    }
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(uri)) throw badUri(uri, "use a path or s3://bucket/key");
  if (uri === "" || uri.includes("\0")) throw badUri(uri, "use a path or s3://bucket/key");
  return { kind: "file", path: uri };
}

/**
 * Reads a recording, or anything else, from a file or from S3. A recording that is kept in parts comes as the file it is.
 * @throws SourceUriError, KeyMissingError; of a recording in parts ArchiveDamagedError, BlobMissingError, BlobDamagedError; and
 * what stores throw
 * @example const recording = openRecording(await readSource("s3://audit/2031/fraud.gvr"));
 */
export async function readSource(uri: string, options: SourceOptions = {}): Promise<Uint8Array> {
  const place = parsePlace(uri);
  if (place.kind === "file") {
    const bytes = await readPath(place.path);
    if (readManifest(bytes) === undefined) return bytes;
    const path = await realpath(place.path);
    return await wholeRecording(new FolderStore(dirname(path)), basename(path), bytes);
  }
  return await withS3(place.bucket, options, async (store) => {
    const key = needKey(uri, place.key);
    return await wholeRecording(store, key, await store.get(key));
  });
}

/**
 * Writes bytes to a file or to S3, atomically, and never over other bytes unless forced.
 * @throws SourceUriError, KeyExistsError, and what stores throw
 */
export async function writeTarget(uri: string, bytes: Uint8Array, options: TargetOptions = {}): Promise<void> {
  const place = parsePlace(uri);
  const { force = false, share = place.kind === "s3", ...s3 } = options;
  const put = (store: Store, key: string): Promise<void> =>
    share && s3.lock === undefined ? putShared(store, key, bytes, { force }) : store.put(key, bytes, { force });
  if (place.kind === "file") await put(new FolderStore(dirname(place.path)), basename(place.path));
  else await withS3(place.bucket, s3, (store) => put(store, needKey(uri, place.key)));
}

/** Copies an object of S3 to a new file, whatever its size. @throws SourceUriError, KeyMissingError, and what stores throw */
export async function downloadS3(uri: string, path: string, options: SourceOptions = {}): Promise<void> {
  const place = parsePlace(uri);
  if (place.kind !== "s3") throw badUri(uri, "write s3://bucket/key");
  await withS3(place.bucket, options, (store) => store.download(needKey(uri, place.key), path));
}

/**
 * The same for bytes that lie in a file: they are not read into memory where the target is a plain file too.
 * @throws What `writeTarget` throws
 */
export async function copyTarget(uri: string, from: string, options: TargetOptions = {}): Promise<void> {
  const place = parsePlace(uri);
  if (place.kind === "s3" || options.share === true) return await writeTarget(uri, readFileWhole(from), options);
  await new FolderStore(dirname(place.path)).putFile(basename(place.path), from, { force: options.force === true });
}

/** Whether there is something at a place. @throws SourceUriError, and what stores throw */
export async function sourceExists(uri: string, options: SourceOptions = {}): Promise<boolean> {
  const place = parsePlace(uri);
  if (place.kind === "file") return await new FolderStore(dirname(place.path)).exists(basename(place.path));
  return await withS3(place.bucket, options, (store) => store.exists(needKey(uri, place.key)));
}

/** A store at `s3://bucket`, `s3://bucket/prefix` or a folder. */
export function openStore(uri: string, options: SourceOptions = {}): Store {
  const place = parsePlace(uri);
  if (place.kind === "file") return new FolderStore(place.path);
  const prefix = place.key === "" || place.key.endsWith("/") ? place.key : `${place.key}/`;
  return new S3Store({ ...options, bucket: place.bucket, prefix });
}

async function withS3<T>(bucket: string, options: SourceOptions, work: (store: S3Store) => Promise<T>): Promise<T> {
  const store = new S3Store({ ...options, bucket });
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

/** Reads a file as people name them: links are followed, unlike in a store. */
async function readPath(path: string): Promise<Uint8Array> {
  try {
    // what is no plain file, such as a pipe, has no size beforehand
    return (await stat(path)).isFile() ? readFileWhole(path) : await readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const fields = { uri: path };
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new KeyMissingError(`There is no file ${path}; check the path.`, fields, { cause });
    }
    if (code === "EISDIR") throw new KeyMissingError(`${path} is a folder; name a file in it.`, fields, { cause });
    if (code === "EACCES" || code === "EPERM") {
      throw new StorePermissionError(`No permission to read ${path}; check its owner and mode.`, fields, { cause });
    }
    throw new StoreFailedError(`${path} could not be read (${message}).`, fields, { cause });
  }
}

function needKey(uri: string, key: string): string {
  if (key === "" || key.endsWith("/")) throw badUri(uri, "name a key after the bucket");
  return key;
}

function badUri(uri: string, what: string): SourceUriError {
  return new SourceUriError(`${JSON.stringify(uri)} is no place for a recording; ${what}.`, { uri });
}
