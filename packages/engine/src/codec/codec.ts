import { createHash } from "node:crypto";
import { UnencodableValueError } from "../errors.js";
import { ByteWriter } from "./byte-writer.js";
import { writeValue } from "./write-value.js";

/** Bytes that a writer gathers before they are handed on. */
const GATHERED = 16384;

/**
 * The bytes of a value as it travels between workers. Reads back with `decodeValue`, key order and all.
 *
 * @throws UnencodableValueError for class instances without a codec, functions, refs, symbols and cycles.
 */
export function encodeValue(value: unknown): Uint8Array {
  const out = new ByteWriter();
  writeValue(out, value, "transport");
  return out.bytes();
}

/**
 * The same bytes in shared memory where there are many: every byte of a large array is copied once. Few bytes lie in
 * memory of their own, which costs less to make and to send.
 *
 * @throws UnencodableValueError as `encodeValue` does.
 */
export function encodeShared(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  const out = new ByteWriter((bytes) => parts.push(bytes.buffer === out.buffer.buffer ? bytes.slice() : bytes));
  writeValue(out, value, "transport");
  if (parts.length === 0 && out.length < GATHERED) return out.bytes();
  out.flush();
  const whole = room(out.drained);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @throws UnencodableValueError where no memory in one piece is so large: on Node 20 beyond 4 GB. */
function room(size: number): Uint8Array {
  try {
    return new Uint8Array(new SharedArrayBuffer(size));
  } catch (cause) {
    throw new UnencodableValueError(
      `The value has ${size} bytes, more than one value may have here: split it into several nodes.`,
      { size },
      { cause },
    );
  }
}

/** A hash takes less than 2 GB at once. */
const AT_ONCE = 1024 * 1024 * 1024;

/** The memory of the digest before: a digest of a small value should cost little. */
let spare: Uint8Array | undefined;

/**
 * The sha-256 of what a value means, in hexadecimal: sorted keys, one NaN, -0 kept, tables by their logical columns.
 *
 * @throws UnencodableValueError as `encodeValue` does.
 */
export function digestValue(value: unknown): string {
  const hash = createHash("sha256");
  const out = new ByteWriter((bytes) => {
    for (let at = 0; at < bytes.length; at += AT_ONCE) hash.update(bytes.subarray(at, at + AT_ONCE));
  }, spare ?? GATHERED);
  spare = undefined; // a codec may ask for a digest itself
  try {
    writeValue(out, value, "digest");
    out.flush();
    return hash.digest("hex");
  } finally {
    if (out.buffer.length === GATHERED) spare = out.buffer;
  }
}
