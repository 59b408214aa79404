/** A Uint32Array that grows by half. */
export class GrowableUint32 {
  data: Uint32Array;
  length = 0;

  constructor(capacity = 1024) {
    this.data = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = value;
  }

  /** Makes room for `more` values past `length`. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.data.length) return;
    const grown = new Uint32Array(Math.max(needed, Math.ceil(this.data.length * 1.5)));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }
}

const CHUNK_BITS = 14;
const CHUNK = 1 << CHUNK_BITS;

/** A list of objects in chunks: growing never copies, and no single array gets long enough to turn into a dictionary. */
export class ChunkedList<T> {
  readonly #chunks: (T | undefined)[][] = [];

  get(index: number): T | undefined {
    return this.#chunks[index >>> CHUNK_BITS]?.[index & (CHUNK - 1)];
  }

  set(index: number, value: T | undefined): void {
    const at = index >>> CHUNK_BITS;
    while (this.#chunks.length <= at) this.#chunks.push(new Array(CHUNK).fill(undefined));
    this.#chunks[at]![index & (CHUNK - 1)] = value;
  }
}
