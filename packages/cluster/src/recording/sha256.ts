import { hash } from "node:crypto";

/** sha-256 in lower-case hex, of bytes or of the UTF-8 bytes of a text. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

/** Whether a text is a sha-256 in lower-case hex. */
export function isSha256(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
}
