import { createHash } from "node:crypto";
import { ValueLostError, ValueTooLargeError } from "../errors.js";

/** How many bytes of a value travel in one message: one raw frame. */
export const PIECE = 2 * 1024 * 1024;

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

/** Hashes a piece of a value of so many bytes, in shared memory. */
export type HashPiece = (bytes: Uint8Array, size: number) => Promise<string> | string;

/**
 * Streams the pieces of a value into the room for it, from one on, and says of each with which sha-256 it came. Gives the
 * first that did not come whole.
 */
export type StreamPieces = (
  room: Uint8Array,
  from: number,
  arrived: (piece: number, hash?: string) => void,
) => Promise<number>;

/** A value of fewer bytes is here sooner in messages than a stream is open. */
const WORTH_A_STREAM = 4 * PIECE;

/**
 * Gathers a value in shared memory, piece by piece: some travel while another is hashed. Nobody has the value before all of
 * it was compared.
 *
 * @param hash Null: nothing is compared, for measurements only.
 * @param stream How large values come faster, where there is a way.
 * @throws ValueLostError for other bytes than were sent; ValueTooLargeError; whatever asking throws
 */
export async function gather(
  id: string,
  ask: AskPiece,
  hash: HashPiece | null = sha256Now,
  stream?: StreamPieces,
): Promise<Uint8Array> {
  const asked = async (piece: number): Promise<Piece> => {
    const answer = await ask(piece);
    const { bytes, size } = answer;
    if (bytes.length !== Math.max(0, Math.min(PIECE, size - piece * PIECE))) throw otherBytes(id);
    return answer;
  };
  const first = await asked(0);
  const { size } = first;
  const verify = async (bytes: Uint8Array, sent: string | undefined): Promise<void> => {
    if (hash && (await hash(bytes, size)) !== sent) throw otherBytes(id);
  };
  if (size <= PIECE) {
    const value = kept(first.bytes);
    await verify(value, first.hash);
    return value;
  }
  const value = roomFor(id, size);
  const verifying: Promise<void>[] = [];
  const took = (at: number, sent: string | undefined): void => {
    const verified = verify(pieceOf(value, at), sent);
    verified.catch(() => {}); // it is asked once all pieces are here
    verifying.push(verified);
  };
  const take = (at: number, piece: Piece): void => {
    if (piece.size !== size) throw otherBytes(id);
    value.set(piece.bytes, at * PIECE);
    took(at, piece.hash);
  };
  take(0, first);
  let next = stream && size >= WORTH_A_STREAM ? await stream(value, 1, took) : 1;
  const takeMore = async (): Promise<void> => {
    while (next * PIECE < size) {
      const at = next++;
      take(at, await asked(at));
    }
  };
  await Promise.all(Array.from({ length: AHEAD }, takeMore));
  await Promise.all(verifying);
  return value;
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
