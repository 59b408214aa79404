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

  get(id: string): StoredValue | undefined {
    return this.#values.get(id);
  }

  put(id: string, bytes: Uint8Array): void {
    let hash: string | undefined;
    const transferHash = (): string => {
      hash ??= createHash("sha256").update(bytes).digest("hex");
      return hash;
    };
    this.#values.set(id, { bytes, transferHash });
  }

  clear(): void {
    this.#values.clear();
  }

  get bytes(): number {
    let total = 0;
    for (const { bytes } of this.#values.values()) total += bytes.length;
    return total;
  }
}
