import { createHash } from "node:crypto";

/** How many bytes of a value travel in one message: with what lies around them, one frame. */
export const PIECE = 2 * 1024 * 1024 - 1024;

/** A part of a value on its way to another process. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly hash: string;
  /** Bytes of the whole value. */
  readonly size: number;
}

/** An encoded value in shared memory. */
export interface StoredValue {
  readonly bytes: Uint8Array;
  /** The plane it may not leave. */
  readonly bound: string | undefined;
  /** A piece of it with its sha-256, for transfers; computed when first asked for. */
  piece(offset: number): Piece;
}

/** The values that a process holds for its session, by node id. Threads get handles, other processes copies. */
export class ObjectStore {
  readonly #values = new Map<string, StoredValue>();
  #graph = 0;

  /** Which graph the values belong to: another number after each `clear`. */
  get graph(): number {
    return this.#graph;
  }

  get(id: string): StoredValue | undefined {
    return this.#values.get(id);
  }

  /** Keeps a value that was computed or fetched for the graph of that number; one of an emptied graph is dropped. */
  put(id: string, bytes: Uint8Array, graph = this.#graph, bound?: string): void {
    if (graph !== this.#graph) return;
    const hashes: string[] = [];
    const piece = (offset: number): Piece => {
      const part = Buffer.from(bytes.buffer, bytes.byteOffset + offset, Math.min(PIECE, bytes.length - offset));
      hashes[offset / PIECE] ??= createHash("sha256").update(part).digest("hex");
      return { bytes: part, hash: hashes[offset / PIECE]!, size: bytes.length };
    };
    this.#values.set(id, { bytes, bound, piece });
  }

  clear(): void {
    this.#graph++;
    this.#values.clear();
  }

  get bytes(): number {
    let total = 0;
    for (const { bytes } of this.#values.values()) total += bytes.length;
    return total;
  }
}
