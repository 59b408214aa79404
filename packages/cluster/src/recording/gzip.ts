import { crc32, inflateRawSync } from "node:zlib";
import { gzipSync } from "fflate";

/** The one header of our gzip members: deflate, no name, no time, no flags, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
const TRAILER = 8;

/**
 * Compresses bytes as one gzip member with a fixed header. Written in JavaScript so that every Node version on every
 * machine gives the same bytes; `mem` is given because its default depends on Math.log.
 */
export function gzip(bytes: Uint8Array): Uint8Array {
  const out = gzipSync(bytes, { level: 6, mem: 8, mtime: 0 });
  out.set(HEADER);
  return out;
}

/** How many bytes a gzip member says it unpacks to; undefined if it is no member of ours. */
export function gzipClaim(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER.length + TRAILER || HEADER.some((byte, i) => bytes[i] !== byte)) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4, true);
}

/**
 * Unpacks one gzip member with our header. Never gives or holds more than the member claims, which the caller has
 * checked before: a zip bomb is stopped where it exceeds its claim.
 * @returns undefined if it is damaged, unpacks to another length than it claims, or has bytes after its end.
 */
export function gunzip(bytes: Uint8Array): Uint8Array | undefined {
  const claim = gzipClaim(bytes);
  if (claim === undefined) return undefined;
  const body = bytes.subarray(HEADER.length, bytes.length - TRAILER);
  let plain: Uint8Array;
  try {
    // With `info` the result also tells how much input was used; the typings know only the plain form.
    const result = inflateRawSync(body, { maxOutputLength: Math.max(claim, 1), info: true }) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    if (result.engine.bytesWritten !== body.length) return undefined;
    plain = result.buffer;
  } catch {
    return undefined;
  }
  const crc = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - TRAILER, true);
  return plain.length === claim && crc32(plain) === crc ? plain : undefined;
}
