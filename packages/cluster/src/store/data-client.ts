import { createHash } from "node:crypto";
import { open, rename } from "node:fs/promises";
import { ConnectionLostError, ValueLostError } from "../errors.js";
import { Peer } from "../rpc/peer.js";
import { type DialOptions, dial } from "../transport/dial.js";
import { PLANE } from "./data-methods.js";
import { PIECE, type Piece } from "./object-store.js";

/** How many pieces of a value are asked for at once: one travels while another is checked. */
const AHEAD = 4;

/** Fetches values and files from other processes; one connection to each, dialled when first needed. */
export class DataClient {
  readonly #peers = new Map<string, Promise<Peer>>();
  readonly #options: (address: string) => DialOptions;
  readonly #plane: string | undefined;
  #closed = false;
  /** Bytes of values and inputs that came from other processes so far. */
  received = 0;

  /**
   * @param options How the process at an address is dialled.
   * @param plane The plane of this process.
   */
  constructor(options: (address: string) => DialOptions = () => ({}), plane?: string) {
    this.#options = options;
    this.#plane = plane;
  }

  /**
   * A value's bytes from the process at `address`, in shared memory, checked.
   *
   * @throws ValueLostError, ConnectionLostError, ConnectFailedError
   */
  async value(address: string, id: string): Promise<Uint8Array> {
    const peer = await this.#peer(address);
    const first = await this.#piece(peer, id, 0);
    const value = new Uint8Array(new SharedArrayBuffer(first.size));
    value.set(first.bytes);
    let next = 1;
    const fetchMore = async (): Promise<void> => {
      while (next * PIECE < value.length) {
        const piece = next++;
        const { bytes, size } = await this.#piece(peer, id, piece);
        if (size !== value.length || bytes.length !== Math.min(PIECE, size - piece * PIECE)) throw otherBytes(id);
        value.set(bytes, piece * PIECE);
      }
    };
    await Promise.all(Array.from({ length: AHEAD }, fetchMore));
    this.received += value.length;
    return value;
  }

  async #piece(peer: Peer, id: string, piece: number): Promise<Piece> {
    const answer = await peer.call<Piece>("value", { id, piece });
    if (createHash("sha256").update(answer.bytes).digest("hex") !== answer.hash) throw otherBytes(id);
    return answer;
  }

  /** Copies an input file from the process at `address` to `path`, which appears only once it is whole and checked. */
  async file(address: string, sha256: string, path: string): Promise<void> {
    const peer = await this.#peer(address);
    const part = `${path}.part`;
    const hash = createHash("sha256");
    const out = await open(part, "w");
    try {
      for (let offset = 0; ; ) {
        const { bytes } = await peer.call<{ bytes: Uint8Array }>("file", { sha256, offset });
        if (bytes.length === 0) break;
        hash.update(bytes);
        await out.writeFile(bytes);
        offset += bytes.length;
        this.received += bytes.length;
      }
    } finally {
      await out.close();
    }
    if (hash.digest("hex") !== sha256)
      throw new ValueLostError(`An input arrived with other bytes than were declared: did it change?`, { sha256 });
    await rename(part, path);
  }

  close(): void {
    this.#closed = true;
    for (const peer of this.#peers.values())
      void peer.then(
        (each) => each.close(),
        () => {},
      );
    this.#peers.clear();
  }

  #peer(address: string): Promise<Peer> {
    if (this.#closed) return Promise.reject(new ConnectionLostError("This process is ending.", {}));
    let peer = this.#peers.get(address);
    if (!peer) {
      peer = dial(`${address}/data`, this.#options(address)).then((transport) => {
        const dialled = new Peer(transport, {}, `process at ${address}`);
        if (this.#plane !== undefined) dialled.emit(PLANE, this.#plane);
        return dialled;
      });
      this.#peers.set(address, peer);
      const forget = (): void => {
        this.#peers.delete(address);
      };
      peer.then((each) => each.onClose(forget), forget);
    }
    return peer;
  }
}

function otherBytes(id: string): ValueLostError {
  return new ValueLostError(`The value ${id} arrived with other bytes than were sent.`, { node: id });
}
