import { createHash } from "node:crypto";
import { ByteWriter } from "./byte-writer.js";
import { writeValue } from "./write-value.js";

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
 * The sha-256 of what a value means, in hexadecimal: sorted keys, one NaN, -0 kept, tables by their logical columns.
 *
 * @throws UnencodableValueError as `encodeValue` does.
 */
export function digestValue(value: unknown): string {
  const hash = createHash("sha256");
  const out = new ByteWriter((bytes) => hash.update(bytes), 16384);
  writeValue(out, value, "digest");
  out.flush();
  return hash.digest("hex");
}
