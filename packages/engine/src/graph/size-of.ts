import { codecFor } from "../codec/value-codec.js";

/** About how many bytes a value takes in memory: right for what is large, a guess for the rest. */
export function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 16;
  if (ArrayBuffer.isView(value)) return 100 + value.byteLength;
  if (depth > 100) return 16;
  let bytes = 48;
  if (Array.isArray(value)) for (const item of value) bytes += 8 + sizeOf(item, depth + 1);
  else if (value instanceof Map)
    for (const [key, item] of value) bytes += 32 + sizeOf(key, depth + 1) + sizeOf(item, depth + 1);
  else if (value instanceof Set) for (const item of value) bytes += 32 + sizeOf(item, depth + 1);
  else {
    const codec = codecFor(value);
    if (codec) return codec.encode(value).length;
    for (const key of Object.keys(value)) bytes += 8 + sizeOf((value as { [key: string]: unknown })[key], depth + 1);
  }
  return bytes;
}
