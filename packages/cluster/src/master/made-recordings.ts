import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { SessionStateError } from "../errors.js";

/** How many bytes of a recording one answer holds. */
export const RECORDING_PIECE = 2 * 1024 * 1024 - 1024;

/** Recordings that were made and are on their way to a client: files beside the journal, until the last piece was taken. */
export class MadeRecordings {
  readonly #directory: string;
  readonly #files = new Map<number, { readonly path: string; readonly size: number }>();
  #next = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes the pieces of a recording to a file; one that fails leaves nothing. */
  async keep(pieces: AsyncIterable<Uint8Array>): Promise<{ file: number; size: number; sha256: string }> {
    const file = this.#next++;
    const path = join(this.#directory, `recording-${process.pid}-${file}.tmp`);
    const written = await writePieces(path, pieces);
    this.#files.set(file, { path, size: written.size });
    return { file, ...written };
  }

  /** The bytes from an offset on. The file goes with its last piece. @throws SessionStateError */
  async piece(file: number, offset: number): Promise<{ bytes: Uint8Array }> {
    const made = this.#files.get(file);
    if (made === undefined) throw new SessionStateError("This recording was fetched already: ask for it again.", {});
    const handle = await open(made.path, "r");
    const bytes = new Uint8Array(Math.min(RECORDING_PIECE, Math.max(made.size - offset, 0)));
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done);
        if (bytesRead === 0) throw new SessionStateError("The recording was cut meanwhile: ask for it again.", {});
        done += bytesRead;
      }
    } finally {
      await handle.close();
    }
    if (offset + bytes.length >= made.size) this.#remove(file);
    return { bytes };
  }

  /** Removes what nobody came for. */
  close(): void {
    for (const file of [...this.#files.keys()]) this.#remove(file);
  }

  #remove(file: number): void {
    rmSync(this.#files.get(file)!.path, { force: true });
    this.#files.delete(file);
  }
}

/** Writes the pieces of a recording to a file; one that fails leaves nothing. */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ size: number; sha256: string }> {
  const sum = createHash("sha256");
  let size = 0;
  const out = await open(path, "w");
  try {
    for await (const piece of pieces) {
      await out.writeFile(piece);
      sum.update(piece);
      size += piece.length;
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    await out.close();
  }
  return { size, sha256: sum.digest("hex") };
}
