type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** A typed array that grows by half: a column with a place for each node, or a pool. */
export class Growable<A extends Numbers> {
  data: A;
  length = 0;
  readonly #make: (length: number) => A;

  constructor(make: (length: number) => A, capacity = 1024) {
    this.#make = make;
    this.data = make(capacity);
  }

  push(value: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = value;
  }

  /** Makes room for `more` values past `length`. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.data.length) return;
    const grown = this.#make(Math.max(needed, Math.ceil(this.data.length * 1.5)));
    grown.set(this.data.subarray(0, this.length) as never);
    this.data = grown;
  }

  /** Makes sure that `index` exists; new places hold 0. */
  cover(index: number): void {
    if (index < this.length) return;
    this.reserve(index + 1 - this.length);
    this.length = index + 1;
  }

  get bytes(): number {
    return this.data.byteLength;
  }
}

export const uint8Column = (): Growable<Uint8Array> => new Growable((length) => new Uint8Array(length));
export const uint16Column = (): Growable<Uint16Array> => new Growable((length) => new Uint16Array(length));
export const uint32Column = (): Growable<Uint32Array> => new Growable((length) => new Uint32Array(length));
export const float64Pool = (): Growable<Float64Array> => new Growable((length) => new Float64Array(length));

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
    if (value === undefined && this.#chunks[at] === undefined) return;
    while (this.#chunks.length <= at) this.#chunks.push([]);
    this.#chunks[at]![index & (CHUNK - 1)] = value;
  }
}
