import { BlobDamagedError, BlobMissingError, BlobTooLargeError } from "./errors.js";
import { gunzip, gzip, gzipClaim } from "./gzip.js";
import { sha256Hex } from "./sha256.js";

/** Blobs of more bytes than this are gzipped in a recording. */
export const GZIP_ABOVE = 1024;

const GIB = 1 << 30;

/** How far blobs may unpack. */
export interface BlobLimits {
  /** Most bytes of one blob; 1 GiB by default. */
  readonly maxBlobBytes?: number;
  /** Most bytes of all blobs together; 4 GiB by default. */
  readonly maxTotalBytes?: number;
}

/** The blobs of an open recording. */
export interface Blobs {
  /** sha-256 of each, sorted. */
  readonly names: readonly string[];
  has(sha256: string): boolean;
  /** The plain bytes, their hash checked. @throws BlobMissingError, BlobDamagedError */
  get(sha256: string): Uint8Array;
  /** Length of the plain bytes. @throws BlobMissingError */
  size(sha256: string): number;
}

/** The entry of a blob of that length. */
export function blobEntry(sha256: string, size: number): string {
  return `blobs/${sha256}${size > GZIP_ABOVE ? ".gz" : ""}`;
}

/** The entry of a blob and the bytes that go there. @throws BlobTooLargeError, BlobDamagedError */
export function packBlob(
  sha256: string,
  bytes: Uint8Array,
  limits: BlobLimits = {},
): [entry: string, bytes: Uint8Array] {
  const packed = bytes.length > GZIP_ABOVE;
  const entry = blobEntry(sha256, bytes.length);
  checkSize(entry, bytes.length, maxBlob(limits));
  if (sha256Hex(bytes) !== sha256) throw blobDamaged(entry, sha256);
  return [entry, packed ? gzip(bytes) : bytes];
}

/**
 * Opens blobs by entry. Nothing is unpacked yet, but what the entries claim to unpack to is held against the limits.
 * @param entries `blobs/<sha256>` or `blobs/<sha256>.gz` to bytes.
 * @throws BlobTooLargeError, BlobDamagedError
 */
export function openBlobs(entries: ReadonlyMap<string, Uint8Array>, limits: BlobLimits = {}): Blobs {
  const found = new Map<string, { entry: string; stored: Uint8Array; packed: boolean; size: number }>();
  let total = 0;
  for (const [entry, stored] of entries) {
    const packed = entry.endsWith(".gz");
    const sha256 = entry.slice("blobs/".length, "blobs/".length + 64);
    const size = packed ? gzipClaim(stored) : stored.length;
    // One blob, one form: by size alone.
    if (size === undefined || packed !== size > GZIP_ABOVE || found.has(sha256)) throw blobDamaged(entry, sha256);
    checkSize(entry, size, maxBlob(limits));
    total += size;
    checkSize(entry, total, limits.maxTotalBytes ?? 4 * GIB, "All blobs together");
    found.set(sha256, { entry, stored, packed, size });
  }
  const find = (sha256: string) => {
    const blob = found.get(sha256);
    if (blob !== undefined) return blob;
    const sentence = `The recording has no blob ${sha256.slice(0, 80)}.`;
    throw new BlobMissingError(sentence, { entry: `blobs/${sha256.slice(0, 80)}`, sha256: sha256.slice(0, 80) });
  };
  return {
    names: [...found.keys()].sort(),
    has: (sha256) => found.has(sha256),
    size: (sha256) => find(sha256).size,
    get(sha256) {
      const { entry, stored, packed } = find(sha256);
      const plain = packed ? gunzip(stored) : stored;
      if (plain === undefined || sha256Hex(plain) !== sha256) throw blobDamaged(entry, sha256);
      return plain;
    },
  };
}

function maxBlob(limits: BlobLimits): number {
  return limits.maxBlobBytes ?? GIB;
}

function checkSize(entry: string, size: number, limit: number, what = `Entry ${entry}`): void {
  if (size <= limit) return;
  const sentence = `${what} would unpack to ${size} bytes and ${limit} are allowed; it was refused unread.`;
  throw new BlobTooLargeError(sentence, { entry, limit, found: size });
}

function blobDamaged(entry: string, sha256: string): BlobDamagedError {
  const sentence = `Entry ${entry} does not hold the bytes its name promises; take an unchanged copy.`;
  return new BlobDamagedError(sentence, { entry, sha256 });
}
