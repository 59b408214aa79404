/** So many are kept for clients that never ask for them after all. */
const KEPT = 256;

/** Values a client will ask for as soon as they are there: small ones come with the news of their jobs. */
export class WantedValues {
  /** In the order of asking; empty until the value is there. */
  readonly #values = new Map<string, Uint8Array | undefined>();

  add(job: string): void {
    this.#values.delete(job);
    this.#values.set(job, undefined);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= KEPT) return;
      this.#values.delete(oldest);
    }
  }

  has(job: string): boolean {
    return this.#values.has(job);
  }

  keep(job: string, bytes: Uint8Array): void {
    if (this.#values.has(job)) this.#values.set(job, bytes);
  }

  /** The value, where it came along; it is handed on once. */
  take(job: string): Uint8Array | undefined {
    const bytes = this.#values.get(job);
    this.#values.delete(job);
    return bytes;
  }

  clear(): void {
    this.#values.clear();
  }
}
