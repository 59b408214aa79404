import { createHash } from "node:crypto";
import { open, rename } from "node:fs/promises";
import * as v from "valibot";
import { ConnectionLostError, ValueLostError } from "../errors.js";
import type { Fabric } from "../fabric/fabric.js";
import { bytesSchema } from "../protocol.js";
import { Peer } from "../rpc/peer.js";
import { readBytes } from "../transport/byte-stream.js";
import { type DialOptions, dial } from "../transport/dial.js";
import type { Transport } from "../transport/transport.js";
import { PLANE } from "./data-methods.js";
import { Hasher } from "./hasher.js";
import { gather, type Piece, type StreamPieces } from "./pieces.js";
import { ArrivingPieces, valueQuery } from "./value-stream.js";

/** Fetches values and files from other processes; one connection to each, dialled when first needed. */
export class DataClient {
  readonly #peers = new Map<string, Promise<Peer>>();
  readonly #options: (address: string) => DialOptions;
  readonly #plane: string | undefined;
  readonly #fabric: Fabric | undefined;
  /** Whether values are compared with their digests; measurements leave it out. */
  readonly check: boolean;
  readonly #hasher = new Hasher();
  #closed = false;
  /** Bytes of values and inputs that came from other processes so far. */
  received = 0;

  /**
   * @param options How the process at an address is dialled.
   * @param plane The plane of this process.
   * @param fabric Where addresses on a fabric are dialled.
   */
  constructor(options: (address: string) => DialOptions = () => ({}), plane?: string, check = true, fabric?: Fabric) {
    this.#options = options;
    this.#fabric = fabric;
    this.check = check;
    this.#plane = plane;
  }

  /**
   * A value's bytes from the process at `address`, in shared memory, checked.
   *
   * @throws ValueLostError, ConnectionLostError, ConnectFailedError
   */
  async value(address: string, id: string): Promise<Uint8Array> {
    const peer = await this.#peer(address);
    const { check } = this;
    const params = check ? { id } : { id, check };
    const hash = (bytes: Uint8Array, size: number): Promise<string> => this.#hasher.sha256(bytes, size);
    const ask = async (piece: number): Promise<Piece> => asPiece(await peer.call("value", { ...params, piece }), id);
    const options = this.#options(address);
    const stream: StreamPieces = async (room, from, arrived) => {
      const pieces = new ArrivingPieces(room, from, check, arrived);
      const query = valueQuery(id, from, check, this.#plane);
      // what a stream does not bring is asked for in messages, and these say why
      await readBytes(`${address}/data?${query}`, options, pieces).catch(() => {});
      return pieces.next;
    };
    const value = await gather(id, ask, check ? hash : null, isOnFabric(address) ? undefined : stream);
    this.received += value.length;
    return value;
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
    this.#hasher.close();
    for (const peer of this.#peers.values())
      void peer.then(
        (each) => each.close(),
        () => {},
      );
    this.#peers.clear();
  }

  #dial(address: string): Promise<Transport> {
    const options = this.#options(address);
    if (!isOnFabric(address)) return dial(`${address}/data`, options);
    if (this.#fabric) return this.#fabric.dial(address, "/data", options);
    return Promise.reject(new ConnectionLostError(`${address} is on a fabric, and this process is on none.`, {}));
  }

  #peer(address: string): Promise<Peer> {
    if (this.#closed) return Promise.reject(new ConnectionLostError("This process is ending.", {}));
    let peer = this.#peers.get(address);
    if (!peer) {
      peer = this.#dial(address).then((transport) => {
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

const isOnFabric = (address: string): boolean => address.startsWith("fabric:");

const pieceSchema = v.object({ bytes: bytesSchema, hash: v.exactOptional(v.string()), size: v.number() });

function asPiece(answer: unknown, id: string): Piece {
  const parsed = v.safeParse(pieceSchema, answer);
  if (parsed.success) return parsed.output;
  throw new ValueLostError(`The value ${id} arrived in a form that is not of the protocol.`, { node: id });
}
