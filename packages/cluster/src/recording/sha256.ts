import { createHash, hash } from "node:crypto";

/** Larger bytes are hashed in slices: a single update takes less than 2 GiB. */
const SLICE = 1 << 30;

/** sha-256 in lower-case hex, of bytes or of the UTF-8 bytes of a text. */
export function sha256Hex(data: string | Uint8Array): string {
  if (typeof data === "string" || data.length <= SLICE) return hash("sha256", data, "hex");
  return sha256Parts(
    (function* () {
      for (let at = 0; at < data.length; at += SLICE) yield data.subarray(at, at + SLICE);
    })(),
  );
}

/** sha-256 of parts as if they were one. */
export function sha256Parts(parts: Iterable<Uint8Array>): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest("hex");
}

/** Whether a text is a sha-256 in lower-case hex. */
export function isSha256(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
}
