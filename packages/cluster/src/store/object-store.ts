import { createHash } from "node:crypto";

/** An encoded value in shared memory. */
export interface StoredValue {
  readonly bytes: Uint8Array;
  /** sha-256 of `bytes`, for transfers; computed when first asked for. */
  readonly transferHash: () => string;
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
  put(id: string, bytes: Uint8Array, graph = this.#graph): void {
    if (graph !== this.#graph) return;
    let hash: string | undefined;
    const transferHash = (): string => {
      hash ??= createHash("sha256").update(bytes).digest("hex");
      return hash;
    };
    this.#values.set(id, { bytes, transferHash });
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
