import { createHash } from "node:crypto";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ValueLostError } from "../errors.js";
import { copyTarget, sha256Hex, writeTarget } from "../recording/index.js";
import { readFileWhole } from "../recording/read-file.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";

/** A recording of more bytes waits in a temporary file instead of in memory. */
const IN_MEMORY = 64 * 1024 * 1024;

/** A recording as the server made it. */
export class RecordingFile {
  /** How many calls it holds. */
  readonly calls: number;
  /** Bytes of the file. */
  readonly size: number;
  #bytes: Uint8Array | undefined;
  readonly #path: string | undefined;

  /** @param content The bytes, or the path of a temporary file that has them. */
  constructor(content: Uint8Array | { readonly path: string; readonly size: number }, calls: number) {
    this.calls = calls;
    this.#bytes = content instanceof Uint8Array ? content : undefined;
    this.#path = content instanceof Uint8Array ? undefined : content.path;
    this.size = content instanceof Uint8Array ? content.length : content.size;
  }

  /** All of it, in memory. */
  get bytes(): Uint8Array {
    this.#bytes ??= readFileWhole(this.#path!);
    return this.#bytes;
  }

  /**
   * Writes the recording to a path or `s3://bucket/key`, whole or not at all.
   *
   * @throws KeyExistsError where something else is there already, unless forced.
   */
  async save(target: string, options: { readonly force?: boolean } = {}): Promise<void> {
    if (this.#path === undefined) await writeTarget(target, this.bytes, options);
    else await copyTarget(target, this.#path, options);
  }
}

/** What a master says of a recording it has made. */
export interface MadeRecording {
  readonly file: number;
  readonly size: number;
  readonly sha256: string;
  readonly calls: number;
}

/**
 * Fetches a recording piece by piece.
 *
 * @param piece Gives the bytes from an offset on.
 * @throws ValueLostError where it arrives with other bytes than were sent.
 */
export async function fetchRecording(
  made: MadeRecording,
  piece: (offset: number) => Promise<Uint8Array>,
): Promise<RecordingFile> {
  const { size, sha256, calls } = made;
  if (size <= IN_MEMORY) {
    const bytes = new Uint8Array(size);
    await eachPiece(size, piece, (part, at) => bytes.set(part, at));
    if (sha256Hex(bytes) !== sha256) throw otherBytes();
    return new RecordingFile(bytes, calls);
  }
  const folder = makeTempFolder("graphvm-recording-");
  const path = join(folder, "recording.gvr");
  const sum = createHash("sha256");
  const file = openSync(path, "w");
  try {
    await eachPiece(size, piece, (part) => {
      sum.update(part);
      for (let done = 0; done < part.length; ) done += writeSync(file, part, done);
    });
    if (sum.digest("hex") !== sha256) throw otherBytes();
  } catch (error) {
    rmSync(path, { force: true });
    removeTempFolder(folder);
    throw error;
  } finally {
    closeSync(file);
  }
  return new RecordingFile({ path, size }, calls);
}

async function eachPiece(
  size: number,
  piece: (offset: number) => Promise<Uint8Array>,
  take: (bytes: Uint8Array, at: number) => void,
): Promise<void> {
  for (let at = 0; at < size; ) {
    const bytes = await piece(at);
    if (bytes.length === 0 || at + bytes.length > size) throw otherBytes();
    take(bytes, at);
    at += bytes.length;
  }
}

function otherBytes(): ValueLostError {
  return new ValueLostError("The recording arrived with other bytes than were sent: ask for it again.", {});
}
