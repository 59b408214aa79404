import { createHash, webcrypto } from "node:crypto";
import { ValueLostError, ValueTooLargeError } from "../errors.js";

/** How many bytes of a value travel in one message: one raw frame. */
export const PIECE = 2 * 1024 * 1024;

/** Hashing fewer bytes than this is quicker done than handed to another thread. */
const QUICK = 64 * 1024;

/** Fewer bytes than this are not worth shared memory. */
const SHARED = 16 * 1024;

/** A part of a value on its way to another process. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Its sha-256; absent where it was not asked for. */
  readonly hash?: string;
  /** Bytes of the whole value. */
  readonly size: number;
}

export function pieceOf(bytes: Uint8Array, piece: number): Uint8Array {
  return bytes.subarray(piece * PIECE, Math.min((piece + 1) * PIECE, bytes.length));
}

/** Where pieces come from. */
export type AskPiece = (piece: number) => Promise<Piece>;

/** How many pieces of a value are asked for at once: so much of it is under way at most. */
const AHEAD = 4;

/**
 * Gathers a value in shared memory, piece by piece: some travel while another is hashed in a thread of its own.
 *
 * @param check Without it nothing is compared: for measurements only.
 * @throws ValueLostError for other bytes than were sent; ValueTooLargeError; whatever asking throws
 */
export async function gather(id: string, ask: AskPiece, check = true): Promise<Uint8Array> {
  const checked = async (piece: number): Promise<Piece> => {
    const answer = await ask(piece);
    const { bytes, size } = answer;
    if (bytes.length !== Math.max(0, Math.min(PIECE, size - piece * PIECE))) throw otherBytes(id);
    return answer;
  };
  const verify = async ({ bytes, hash }: Piece): Promise<void> => {
    if (check && (await sha256(bytes)) !== hash) throw otherBytes(id);
  };
  const first = await checked(0);
  const { size } = first;
  if (size <= PIECE) {
    await verify(first);
    return kept(first.bytes);
  }
  const value = roomFor(id, size);
  const take = async (at: number, piece: Piece): Promise<void> => {
    if (piece.size !== size) throw otherBytes(id);
    const verified = verify(piece);
    value.set(piece.bytes, at * PIECE);
    await verified;
  };
  let next = 1;
  const takeMore = async (): Promise<void> => {
    while (next * PIECE < size) {
      const at = next++;
      await take(at, await checked(at));
    }
  };
  await Promise.all([take(0, first), ...Array.from({ length: AHEAD }, takeMore)]);
  return value;
}

/** The sha-256 of bytes, in hexadecimal; of many in another thread. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (bytes.length < QUICK || bytes.buffer instanceof SharedArrayBuffer) return sha256Now(bytes);
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes)).toString("hex");
}

export function sha256Now(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A small value in memory of its own: what came with it from the network is let go. */
function kept(bytes: Uint8Array): Uint8Array {
  const own = new Uint8Array(
    bytes.length < SHARED ? new ArrayBuffer(bytes.length) : new SharedArrayBuffer(bytes.length),
  );
  own.set(bytes);
  return own;
}

function roomFor(id: string, size: number): Uint8Array {
  try {
    return new Uint8Array(new SharedArrayBuffer(size));
  } catch (cause) {
    throw new ValueTooLargeError(
      `The value ${id} has ${size} bytes, more than this process can hold in one piece: split it into several nodes.`,
      { node: id, size },
      { cause },
    );
  }
}

function otherBytes(id: string): ValueLostError {
  return new ValueLostError(`The value ${id} arrived with other bytes than were sent.`, { node: id });
}
