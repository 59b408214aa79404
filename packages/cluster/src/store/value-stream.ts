import type { Duplex } from "node:stream";
import { isLabel } from "@graphvm/engine/internal";
import * as v from "valibot";
import { nodeIdSchema } from "../protocol.js";
import { acceptBytes, type Sink } from "../transport/byte-stream.js";
import { type Heartbeat, watchSilence } from "../transport/heartbeat.js";
import { type DataSource, mayGo } from "./data-methods.js";
import { PIECE, pieceOf } from "./pieces.js";

// A large value as a stream: for each piece its sha-256, 32 bytes, unless it was not asked for; then the piece.

const DIGEST = 32;

const querySchema = v.object({
  value: nodeIdSchema,
  from: v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number)),
  check: v.optional(v.picklist(["no"])),
  plane: v.optional(v.pipe(v.string(), v.check(isLabel))),
});

/** What to ask a process for: the pieces of a value from one on. */
export function valueQuery(id: string, from: number, check: boolean, plane: string | undefined): string {
  const query = new URLSearchParams({ value: id, from: String(from) });
  if (!check) query.set("check", "no");
  if (plane !== undefined) query.set("plane", plane);
  return query.toString();
}

/**
 * Writes the pieces of a value to a process that asked for them, as fast as it reads. What can't be given ends the stream: who
 * asked asks for the next piece in a message, and is told why.
 */
export async function sendValue(
  wire: Duplex,
  query: URLSearchParams,
  { store, sent }: DataSource,
  heartbeat?: Heartbeat,
  patience?: number,
): Promise<void> {
  acceptBytes(wire);
  const watch = watchSilence(heartbeat, patience, () => wire.destroy());
  try {
    const { value, from, check, plane = "" } = v.parse(querySchema, Object.fromEntries(query));
    mayGo(store, value, plane);
    let size = Number.POSITIVE_INFINITY;
    for (let at = from; at * PIECE < size && !wire.destroyed; at++) {
      const piece = await store.piece(value, at, check === undefined);
      size = piece.size;
      if (piece.hash !== undefined) wire.write(Buffer.from(piece.hash, "hex"));
      const room = wire.write(piece.bytes);
      sent.add(plane, piece.bytes.length);
      if (!room) await drained(wire);
      watch.heard();
    }
    wire.end();
  } catch {
    wire.destroy();
  } finally {
    if (wire.destroyed) watch.stop();
    else wire.once("close", watch.stop);
  }
}

function drained(wire: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (wire.destroyed) return resolve();
    const over = (): void => {
      wire.off("drain", over).off("close", over);
      resolve();
    };
    wire.once("drain", over).once("close", over);
  });
}

/** Puts a value's pieces where they belong as they come. */
export class ArrivingPieces implements Sink {
  readonly #value: Uint8Array;
  readonly #check: boolean;
  readonly #arrived: (piece: number, hash: string | undefined) => void;
  readonly #digest = Buffer.alloc(DIGEST);
  #digested: number;
  #at: number;

  /** @param arrived Called for each piece that is whole, with the sha-256 that was sent before it. */
  constructor(value: Uint8Array, from: number, check: boolean, arrived: (piece: number, hash?: string) => void) {
    this.#value = value;
    this.#at = from * PIECE;
    this.#check = check;
    this.#digested = check ? 0 : DIGEST;
    this.#arrived = arrived;
  }

  /** The first piece that is not whole. */
  get next(): number {
    return this.#at === this.#value.length ? Math.ceil(this.#at / PIECE) : Math.floor(this.#at / PIECE);
  }

  room(): Uint8Array {
    if (this.#digested < DIGEST) return this.#digest.subarray(this.#digested);
    return pieceOf(this.#value, Math.floor(this.#at / PIECE)).subarray(this.#at % PIECE);
  }

  filled(count: number): boolean {
    if (this.#digested < DIGEST) {
      this.#digested += count;
      return true;
    }
    this.#at += count;
    const ended = this.#at === this.#value.length;
    if (!ended && this.#at % PIECE !== 0) return true;
    this.#arrived(Math.ceil(this.#at / PIECE) - 1, this.#check ? this.#digest.toString("hex") : undefined);
    if (this.#check) this.#digested = 0;
    return !ended;
  }
}
