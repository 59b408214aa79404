import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { GraphvmError, InputChangedError, InputMissingError } from "@graphvm/engine";
import { inputKey } from "../planner/declared-files.js";
import {
  type BlobSource,
  fileParts,
  KeyMissingError,
  PART,
  type RecordedInput,
  sha256Parts,
} from "../recording/index.js";
import type { BoundInputs } from "./bound-inputs.js";
import type { MasterSession } from "./session.js";

/** The declared inputs of a session as blobs. */
export interface CapturedFiles {
  /** Blobs of the inputs that have more than one part, by the input's key. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  readonly blobs: BlobSource;
}

/** Where a blob lies: a stretch of an input. */
interface Stretch {
  readonly uri: string;
  readonly at: number;
  readonly size: number;
  /** Reads as many bytes of the input as are there. */
  readonly read: (at: number, size: number) => Promise<Uint8Array>;
}

/**
 * Finds the blobs of every declared input without keeping their bytes: a blob is read again when it is packed.
 *
 * @throws InputChangedError, InputMissingError for an input whose bytes are not those that were read; PlaneBoundError for one
 * whose plane does not let it be captured; ConnectionLostError where none of its workers is there.
 */
export async function captureFiles(
  recorded: readonly RecordedInput[],
  { inputs, runner: { boundInputs } }: Pick<MasterSession, "inputs" | "runner">,
): Promise<CapturedFiles> {
  const found = new Map<string, Stretch>();
  const parts = new Map<string, readonly string[]>();
  for (const input of recorded) {
    const { uri, sha256, size } = input;
    const path = inputs.pathOf(sha256);
    const read: Stretch["read"] =
      path === undefined
        ? (at, size) => readBound(input, boundInputs, at, size)
        : (at, size) => readFile(path, uri, at, size);
    if (path === undefined) await boundInputs.bytes(input, 0); // leave is given or not before anything is made
    if (size <= PART) found.set(sha256, { uri, at: 0, size, read });
    else
      parts.set(
        inputKey(input),
        await cut(input, path === undefined ? boundParts(input, read) : fileParts(path), read, found),
      );
  }
  return {
    parts,
    blobs: {
      size: (sha256) => found.get(sha256)?.size,
      async read(sha256) {
        const stretch = found.get(sha256);
        if (stretch === undefined) throw new KeyMissingError(`There is no captured input ${sha256}.`, { uri: sha256 });
        const bytes = await stretch.read(stretch.at, stretch.size);
        if (sha256Parts([bytes]) !== sha256) throw changed(stretch.uri);
        return bytes;
      },
    },
  };
}

async function cut(
  { uri, sha256 }: RecordedInput,
  parts: AsyncIterable<{ readonly sha256: string; readonly bytes: Uint8Array }>,
  read: Stretch["read"],
  found: Map<string, Stretch>,
): Promise<string[]> {
  const names: string[] = [];
  const sum = createHash("sha256");
  let at = 0;
  try {
    for await (const { sha256: part, bytes } of parts) {
      sum.update(bytes);
      names.push(part);
      if (!found.has(part)) found.set(part, { uri, at, size: bytes.length, read });
      at += bytes.length;
    }
  } catch (cause) {
    throw cause instanceof GraphvmError ? cause : gone(uri, cause);
  }
  if (sum.digest("hex") !== sha256) throw changed(uri);
  return names;
}

async function* boundParts(
  { size }: RecordedInput,
  read: Stretch["read"],
): AsyncGenerator<{ sha256: string; bytes: Uint8Array }> {
  for (let at = 0; at < size; at += PART) {
    const bytes = await read(at, Math.min(PART, size - at));
    yield { sha256: sha256Parts([bytes]), bytes };
  }
}

/** Bytes of an input that a worker of its plane has. */
async function readBound(
  input: RecordedInput,
  boundInputs: BoundInputs,
  at: number,
  size: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const piece = (await boundInputs.bytes(input, at + done)).subarray(0, size - done);
    if (piece.length === 0) break;
    bytes.set(piece, done);
    done += piece.length;
  }
  return bytes.subarray(0, done);
}

async function readFile(path: string, uri: string, at: number, size: number): Promise<Uint8Array> {
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
