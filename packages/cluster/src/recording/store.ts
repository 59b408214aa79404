import { StoreKeyError } from "./errors.js";

export interface PutOptions {
  /** Replace other bytes that are stored under this key; false by default. */
  readonly force?: boolean;
}

/**
 * Where recordings and blobs are kept: bytes by key.
 *
 * Failure semantics, the same for every store:
 * - A key is segments joined by `/`, see `checkStoreKey`; another key is a StoreKeyError before anything is touched.
 * - `put` is atomic: a reader sees the old bytes, all of the new ones, or none, also when the writer dies or the
 *   connection breaks. It resolves once the bytes are durable and have been verified.
 * - `put` never replaces other bytes unless forced: KeyExistsError, also against a writer racing with this one where
 *   the store has conditional writes. Putting the bytes that are there already succeeds and writes nothing.
 * - `get` gives exactly what was put, or throws KeyMissingError.
 * - Every method: StorePermissionError, StoreUnreachableError (after the store's own retries), BucketMissingError,
 *   StoreFailedError for the rest; all exit with 2.
 */
export interface Store {
  get(key: string): Promise<Uint8Array>;
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** All keys that begin with a prefix, sorted by code units; all keys by default. */
  list(prefix?: string): Promise<string[]>;
  /** Lets go of connections. */
  close(): void;
}

/** Names that stores use for files that are not finished. */
export const TEMP_PREFIX = ".graphvm-tmp-";

/**
 * Checks a key: at most 512 bytes of UTF-8; segments joined by `/`, none empty, `.` or `..`, none with a backslash or a
 * control character, none that begins like a temporary file.
 * @throws StoreKeyError
 */
export function checkStoreKey(key: string): void {
  const good =
    Buffer.byteLength(key) <= 512 &&
    Buffer.from(key).toString() === key &&
    key.split("/").every((part) => !/^(\.\.?)?$|[\\\p{Cc}]/u.test(part) && !part.startsWith(TEMP_PREFIX));
  if (good) return;
  const sentence = `${JSON.stringify(key.slice(0, 100))} is no key for a store; use names joined by "/", without "..".`;
  throw new StoreKeyError(sentence, { key: key.slice(0, 512) });
}
