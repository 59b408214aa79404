import type { Json, JsonObject } from "./canonical-json.js";
import type { RecordingHeader } from "./header.js";
import type { JournalLine } from "./journal-line.js";
import { isSha256 } from "./sha256.js";

/** Stands in a line's params, result or error for bytes that are kept as a blob. */
export function blobRef(sha256: string): { readonly $blob: string } {
  return { $blob: sha256 };
}

/** The sha-256 of every blob that a JSON value refers to: of each object in it whose `$blob` is a sha-256. */
export function blobRefs(value: Json, into: Set<string> = new Set()): Set<string> {
  const stack: Json[] = [value];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if (typeof item !== "object" || item === null) continue;
    if (Array.isArray(item)) for (const each of item as readonly Json[]) stack.push(each);
    else {
      const object = item as JsonObject;
      if (isSha256(object.$blob)) into.add(object.$blob);
      for (const key of Object.keys(object)) stack.push(object[key]!);
    }
  }
  return into;
}

/**
 * Blobs a recording must have, with a place that says so, and blobs it may have (bytes of inputs, where the header does
 * not say that they were captured).
 */
export function expectedBlobs(
  header: RecordingHeader,
  lines: Iterable<JournalLine>,
): { readonly needed: ReadonlyMap<string, string>; readonly allowed: ReadonlySet<string> } {
  const needed = new Map<string, string>();
  for (const { name, blob } of header.programs) if (!needed.has(blob)) needed.set(blob, `program ${name}`);
  for (const { seq, params, result, error } of lines) {
    for (const sha256 of blobRefs([params, result ?? null, error ?? null])) {
      if (!needed.has(sha256)) needed.set(sha256, `line ${seq}`);
    }
  }
  const captured = header.capture?.includes("inputs") ?? false;
  const allowed = new Set<string>();
  for (const { uri, sha256, parts } of header.inputs) {
    if (captured || parts !== undefined) for (const part of parts ?? [sha256]) needed.set(part, `input ${uri}`);
    else allowed.add(sha256);
  }
  return { needed, allowed };
}
