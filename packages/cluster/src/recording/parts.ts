import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Blobs } from "./blobs.js";
import { BlobDamagedError } from "./errors.js";
import type { RecordedInput } from "./header.js";
import { sha256Hex } from "./sha256.js";

/** Bytes longer than this are kept in parts of this length, a blob each. */
export const PART = 4 * 1024 * 1024;

/** Reads a file in parts, each with its sha-256. */
export async function* fileParts(path: string): AsyncGenerator<{ sha256: string; bytes: Buffer }> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const piece of createReadStream(path, { highWaterMark: PART }) as AsyncIterable<Buffer>) {
    rest.push(piece);
    length += piece.length;
    while (length >= PART) {
      const all = rest.length === 1 ? rest[0]! : Buffer.concat(rest);
      const bytes = all.subarray(0, PART);
      rest = all.length > PART ? [all.subarray(PART)] : [];
      length -= PART;
      yield { sha256: sha256Hex(bytes), bytes };
    }
  }
  const bytes = Buffer.concat(rest);
  if (bytes.length > 0) yield { sha256: sha256Hex(bytes), bytes };
}

/** The blobs that hold an input, in order; undefined where it was not captured. */
export function inputBlobs({ sha256, parts }: RecordedInput, blobs: Blobs): readonly string[] | undefined {
  if (parts !== undefined) return parts;
  return blobs.has(sha256) ? [sha256] : undefined;
}

/** Checks that captured parts make up the input they are said to. Unpacks one at a time. @throws BlobDamagedError */
export function checkInput(input: RecordedInput, blobs: Blobs): void {
  if (input.parts === undefined) {
    if (blobs.has(input.sha256) && blobs.size(input.sha256) !== input.size) throw otherInput(input);
    return;
  }
  const hash = createHash("sha256");
  let size = 0;
  for (const part of input.parts) {
    const bytes = blobs.get(part);
    hash.update(bytes);
    size += bytes.length;
  }
  if (size !== input.size || hash.digest("hex") !== input.sha256) throw otherInput(input);
}

/** Writes a captured input to a new file. @throws BlobDamagedError, and what the system throws */
export async function placeInput(blobNames: readonly string[], blobs: Blobs, path: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (const name of blobNames) await file.writeFile(blobs.get(name));
  } finally {
    await file.close();
  }
}

function otherInput({ uri, sha256 }: RecordedInput): BlobDamagedError {
  const entry = `blobs/${sha256}`;
  const sentence = `The captured bytes of the input ${uri} are not the ones its digest names; take an unchanged copy.`;
  return new BlobDamagedError(sentence, { entry, sha256, uri });
}
