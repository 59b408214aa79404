import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { InputChangedError, InputMissingError } from "@graphvm/engine";
import { PlaneBoundError } from "../errors.js";
import {
  type BlobSource,
  fileParts,
  KeyMissingError,
  PART,
  type RecordedInput,
  sha256Parts,
} from "../recording/index.js";
import type { SessionInputs } from "./session-inputs.js";

/** The declared inputs of a session as blobs. */
export interface CapturedFiles {
  /** Blobs of the inputs that have more than one part, by URI. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  readonly blobs: BlobSource;
}

/** Where a blob lies: a stretch of a file. */
interface Stretch {
  readonly path: string;
  readonly uri: string;
  readonly at: number;
  readonly size: number;
}

/**
 * Finds the blobs of every declared input without keeping their bytes: a blob is read again when it is packed.
 *
 * @throws InputChangedError, InputMissingError for an input whose bytes are not those that were read; PlaneBoundError for one
 * that may not leave its plane.
 */
export async function captureFiles(recorded: readonly RecordedInput[], inputs: SessionInputs): Promise<CapturedFiles> {
  const found = new Map<string, Stretch>();
  const parts = new Map<string, readonly string[]>();
  for (const { uri, sha256, size } of recorded) {
    const path = inputs.pathOf(sha256);
    if (path === undefined) throw bound(uri);
    if (size <= PART) found.set(sha256, { path, uri, at: 0, size });
    else parts.set(uri, await cutFile(path, uri, sha256, found));
  }
  return {
    parts,
    blobs: {
      size: (sha256) => found.get(sha256)?.size,
      async read(sha256) {
        const stretch = found.get(sha256);
        if (stretch === undefined) throw new KeyMissingError(`There is no captured input ${sha256}.`, { uri: sha256 });
        const bytes = await readStretch(stretch);
        if (sha256Parts([bytes]) !== sha256) throw changed(stretch.uri);
        return bytes;
      },
    },
  };
}

async function cutFile(path: string, uri: string, sha256: string, found: Map<string, Stretch>): Promise<string[]> {
  const names: string[] = [];
  const sum = createHash("sha256");
  let at = 0;
  try {
    for await (const { sha256: part, bytes } of fileParts(path)) {
      sum.update(bytes);
      names.push(part);
      if (!found.has(part)) found.set(part, { path, uri, at, size: bytes.length });
      at += bytes.length;
    }
  } catch (cause) {
    throw gone(uri, cause);
  }
  if (sum.digest("hex") !== sha256) throw changed(uri);
  return names;
}

async function readStretch({ path, uri, at, size }: Stretch): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const bytes = new Uint8Array(size);
      let done = 0;
      while (done < size) {
        const { bytesRead } = await file.read(bytes, done, size - done, at + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw gone(uri, cause);
  }
}

function bound(uri: string): PlaneBoundError {
  return new PlaneBoundError(
    `The input ${uri} is bound to a plane, so its bytes can't be captured here: record without inputs.`,
    { uri },
  );
}

function changed(uri: string): InputChangedError {
  return new InputChangedError(
    `The input ${uri} changed since it was read, so it can't be captured: put the old bytes back, or record without inputs.`,
    { uri },
  );
}

function gone(uri: string, cause?: unknown): InputMissingError {
  return new InputMissingError(
    `The input ${uri} can't be read any more, so it can't be captured: put it back, or record without inputs.`,
    { uri },
    { cause },
  );
}
