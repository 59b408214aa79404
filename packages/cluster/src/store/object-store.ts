import { SpillFailedError, ValueLostError } from "../errors.js";
import { PIECE, type Piece, pieceOf, sha256Now } from "./pieces.js";
import { SpillFile, type SpillPlace } from "./spill-file.js";

/** How much a store keeps in memory, and where the rest goes. */
export interface StoreOptions {
  /** In bytes. Default: no limit. */
  readonly memory?: number | undefined;
  readonly place?: SpillPlace;
}

interface Entry {
  readonly size: number;
  /** The plane it may not leave. */
  readonly bound: string | undefined;
  /** Absent where the value is on disk alone. */
  bytes: Uint8Array | undefined;
  onDisk: boolean;
  /** The sha-256 of each piece, as far as somebody asked; on disk all of them are known. */
  readonly hashes: string[];
}

/**
 * The encoded values that a process holds for its session, by node id. Threads get handles, other processes copies. Beyond
 * a budget the values that were used longest ago go to disk, and come back, checked, when they are asked for.
 */
export class ObjectStore {
  /** In the order of last use: a Map keeps it. */
  readonly #values = new Map<string, Entry>();
  readonly #memory: number;
  readonly #place: SpillPlace;
  #graph = 0;
  #held = 0;
  #spilled = 0;
  /** Makes room for one value after the other. */
  #spilling: Promise<void> = Promise.resolve();

  constructor({ memory = Number.POSITIVE_INFINITY, place = new SpillFile() }: StoreOptions = {}) {
    this.#memory = memory;
    this.#place = place;
  }

  /** Which graph the values belong to: another number after each `clear`. */
  get graph(): number {
    return this.#graph;
  }

  /** Bytes of values in memory. */
  get bytes(): number {
    return this.#held;
  }

  /** Bytes of values on disk. */
  get spilledBytes(): number {
    return this.#spilled;
  }

  has(id: string): boolean {
    return this.#values.has(id);
  }

  /** The plane that a value may not leave, where it is bound to one. */
  boundTo(id: string): string | undefined {
    return this.#values.get(id)?.bound;
  }

  /** The ids of all values. */
  ids(): string[] {
    return [...this.#values.keys()];
  }

  /** A value's bytes, brought back into memory where they were on disk; undefined where the value is not here (any more). */
  async load(id: string): Promise<Uint8Array | undefined> {
    const entry = this.#use(id);
    if (!entry || entry.bytes) return entry?.bytes;
    const { graph } = this;
    const bytes = new Uint8Array(new SharedArrayBuffer(entry.size));
    for (let piece = 0; piece * PIECE < entry.size; piece++) {
      const part = await this.#readPiece(id, entry, piece);
      if (!part) return undefined;
      bytes.set(part, piece * PIECE);
    }
    if (entry.bytes) return entry.bytes; // somebody else was faster
    if (graph === this.#graph) {
      entry.bytes = bytes;
      this.#held += entry.size;
      // where others can't go to disk this one stays there alone
      await this.#makeRoom(id).catch(() => this.#release(entry));
    }
    return bytes;
  }

  /**
   * A piece of a value with its sha-256, for transfers.
   *
   * @throws ValueLostError where the value or the piece is not here (any more).
   */
  async piece(id: string, piece: number, check = true): Promise<Piece> {
    const entry = this.#use(id);
    const lost = (): ValueLostError => new ValueLostError(`The value ${id} is not here any more.`, { node: id });
    if (!entry || (piece > 0 && piece * PIECE >= entry.size)) throw lost();
    const part = entry.bytes ? pieceOf(entry.bytes, piece) : await this.#readPiece(id, entry, piece);
    if (!part) throw lost();
    if (!check) return { bytes: part, size: entry.size };
    entry.hashes[piece] ??= sha256Now(part);
    return { bytes: part, hash: entry.hashes[piece], size: entry.size };
  }

  /**
   * Keeps a value that was computed or fetched for the graph of that number; one of an emptied graph is dropped. Settles
   * when memory has room again.
   *
   * @throws SpillFailedError where neither memory nor disk has room for it; all others stay.
   */
  async put(id: string, bytes: Uint8Array, graph = this.#graph, bound?: string): Promise<void> {
    if (graph !== this.#graph) return;
    this.#forget(id);
    this.#values.set(id, { size: bytes.length, bound, bytes, onDisk: false, hashes: [] });
    this.#held += bytes.length;
    if (this.#held > this.#memory) await this.#makeRoom(id);
  }

  clear(): void {
    this.#graph++;
    for (const id of [...this.#values.keys()]) this.#forget(id);
  }

  /** Lets go of all values and of the file some of them lie in. */
  close(): void {
    this.clear();
    this.#place.close();
  }

  #use(id: string): Entry | undefined {
    const entry = this.#values.get(id);
    if (entry && this.#memory !== Number.POSITIVE_INFINITY) {
      this.#values.delete(id);
      this.#values.set(id, entry);
    }
    return entry;
  }

  #forget(id: string): void {
    const entry = this.#values.get(id);
    if (!entry) return;
    this.#values.delete(id);
    this.#release(entry);
    if (!entry.onDisk) return;
    this.#spilled -= entry.size;
    // in its turn: the same value may be written again
    this.#spilling = this.#spilling.then(() => this.#place.remove(id)).catch(() => {});
  }

  #release(entry: Entry): void {
    if (entry.bytes) this.#held -= entry.size;
    entry.bytes = undefined;
  }

  /** Sends the coldest values to disk until memory holds the rest. The newest goes last. */
  #makeRoom(newest: string): Promise<void> {
    const turn = this.#spilling.then(async () => {
      while (this.#held > this.#memory) {
        const [id, entry] = this.#coldest(newest) ?? [];
        if (id === undefined || !entry) return;
        await this.#spill(id, entry, newest);
      }
    });
    this.#spilling = turn.catch(() => {});
    return turn;
  }

  #coldest(newest: string): [string, Entry] | undefined {
    for (const [id, entry] of this.#values) if (entry.bytes && id !== newest) return [id, entry];
    const entry = this.#values.get(newest);
    return entry?.bytes && [newest, entry];
  }

  async #spill(id: string, entry: Entry, newest: string): Promise<void> {
    const bytes = entry.bytes!;
    if (!entry.onDisk) {
      try {
        for (let piece = 0; piece * PIECE < entry.size; piece++)
          entry.hashes[piece] ??= sha256Now(pieceOf(bytes, piece));
        await this.#place.write(id, bytes);
      } catch (cause) {
        this.#forget(newest);
        throw spillFailed(newest, cause);
      }
      // the graph may have been emptied meanwhile
      if (this.#values.get(id) !== entry) {
        await this.#place.remove(id);
        return;
      }
      entry.onDisk = true;
      this.#spilled += entry.size;
    }
    this.#release(entry);
  }

  /** A piece from disk; what has other bytes than were written there is lost, and forgotten. */
  async #readPiece(id: string, entry: Entry, piece: number): Promise<Uint8Array | undefined> {
    const part = new Uint8Array(Math.min(PIECE, entry.size - piece * PIECE));
    try {
      await this.#place.read(id, piece * PIECE, part);
    } catch {
      part.fill(0);
    }
    if (sha256Now(part) === entry.hashes[piece]) return part;
    if (this.#values.get(id) === entry) this.#forget(id);
    return undefined;
  }
}

function spillFailed(id: string, cause: unknown): SpillFailedError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpillFailedError(
    `Memory has no room for the value ${id} and the disk takes nothing (${why}): free space in the temporary folder, or give the worker more --memory.`,
    { node: id },
    { cause },
  );
}
