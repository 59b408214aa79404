import { ValueLostError } from "../errors.js";
import { Attached } from "../rpc/peer.js";
import { PIECE, type Piece, pieceOf, sha256Now } from "../store/pieces.js";

/** So many values are kept for clients that stopped in the middle. */
const KEPT = 4;

interface Served {
  readonly bytes: Uint8Array;
  readonly hashes: string[];
  /** How many clients have not come to the last piece. */
  clients: number;
}

/** Large values on their way to clients, who fetch them piece by piece once `getData` has answered. */
export class ServedValues {
  readonly #values = new Map<string, Served>();

  add(id: string, bytes: Uint8Array): void {
    const known = this.#values.get(id);
    this.#values.delete(id);
    const served = known ?? { bytes, hashes: [], clients: 0 };
    served.clients++;
    this.#values.set(id, served);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= KEPT) return;
      this.#values.delete(oldest);
    }
  }

  /** @throws ValueLostError */
  piece(id: string, piece: number): Piece {
    const served = this.#values.get(id);
    const part = served && pieceOf(served.bytes, piece);
    if (!part || part.length === 0)
      throw new ValueLostError(`The value ${id} is not on its way to a client any more: ask for it again.`, {
        node: id,
      });
    const size = served.bytes.length;
    served.hashes[piece] ??= sha256Now(part);
    if (part.byteOffset + part.length === served.bytes.byteOffset + size && --served.clients === 0)
      this.#values.delete(id);
    return { bytes: part, hash: served.hashes[piece], size };
  }

  clear(): void {
    this.#values.clear();
  }
}

/** A value as a client gets it: with the answer where it is small; else it fetches it in pieces. */
export function valueAnswer(
  { id, bytes, digest }: { readonly id: string; readonly bytes: Uint8Array; readonly digest: string },
  served: ServedValues,
): object {
  const answer = { id, digest, size: bytes.length };
  if (bytes.length <= PIECE) return new Attached(answer, bytes);
  served.add(id, bytes);
  return answer;
}
