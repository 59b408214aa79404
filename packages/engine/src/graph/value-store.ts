import { ChunkedList, uint8Column, uint16Column, uint32Column } from "./growable.js";

const NONE = 0;
const OBJECT = 1;
const NUMBER = 2;
const VECTOR = 3;

/** Vectors up to this length are copied into slabs; longer ones stay the objects they are. */
const MAX_VECTOR = 1024;
const SLAB_BITS = 17;
/** Doubles in a slab: 1 MB. */
const SLAB = 1 << SLAB_BITS;
/** Vectors computed last are found again as the objects they were. */
const RECENT = 1024;

/**
 * The values of a graph's nodes. Numbers and short vectors, of which a graph may have millions, lie in slabs of doubles
 * outside the heap; everything else is an object. A vector read back is a view of its slab.
 */
export class ValueStore {
  /** Nodes that have a value. */
  size = 0;
  readonly #kind = uint8Column();
  readonly #at = uint32Column();
  readonly #length = uint16Column();
  readonly #objects = new ChunkedList<unknown>();
  readonly #slabs: Float64Array[] = [];
  #free = SLAB;
  readonly #recent: (Float64Array | undefined)[] = new Array(RECENT).fill(undefined);
  readonly #recentNode = new Float64Array(RECENT).fill(-1);

  has(node: number): boolean {
    return node < this.#kind.length && this.#kind.data[node] !== NONE;
  }

  /** The value of a node, or undefined where it has none. */
  get(node: number): unknown {
    if (node >= this.#kind.length) return undefined;
    switch (this.#kind.data[node]) {
      case OBJECT:
        return this.#objects.get(node);
      case NUMBER: {
        const at = this.#at.data[node]!;
        return this.#slabs[at >>> SLAB_BITS]![at & (SLAB - 1)];
      }
      case VECTOR: {
        const slot = node & (RECENT - 1);
        return this.#recentNode[slot] === node ? this.#recent[slot] : this.#view(node);
      }
      default:
        return undefined;
    }
  }

  set(node: number, value: unknown): void {
    this.#kind.cover(node);
    if (this.#kind.data[node] === NONE) this.size++;
    else this.#forget(node);
    if (typeof value === "number") {
      this.#kind.data[node] = NUMBER;
      this.#slabs[this.#place(node, 1) >>> SLAB_BITS]![this.#at.data[node]! & (SLAB - 1)] = value;
    } else if (isVector(value)) {
      this.#kind.data[node] = VECTOR;
      const at = this.#place(node, value.length);
      this.#slabs[at >>> SLAB_BITS]!.set(value, at & (SLAB - 1));
      this.#length.cover(node);
      this.#length.data[node] = value.length;
      this.#recent[node & (RECENT - 1)] = value;
      this.#recentNode[node & (RECENT - 1)] = node;
    } else {
      this.#kind.data[node] = OBJECT;
      this.#objects.set(node, value);
    }
  }

  /** Takes a node's value away. Its place in a slab is not used again. */
  delete(node: number): void {
    if (!this.has(node)) return;
    this.#forget(node);
    this.#kind.data[node] = NONE;
    this.size--;
  }

  /** Bytes in slabs and columns; what objects hold is not known. */
  get bytes(): number {
    return this.#slabs.length * SLAB * 8 + this.#kind.bytes + this.#at.bytes + this.#length.bytes;
  }

  #forget(node: number): void {
    if (this.#kind.data[node] === OBJECT) this.#objects.set(node, undefined);
    const slot = node & (RECENT - 1);
    if (this.#recentNode[slot] !== node) return;
    this.#recentNode[slot] = -1;
    this.#recent[slot] = undefined;
  }

  #view(node: number): Float64Array {
    const at = this.#at.data[node]!;
    const from = at & (SLAB - 1);
    return this.#slabs[at >>> SLAB_BITS]!.subarray(from, from + this.#length.data[node]!);
  }

  /** Room for `length` doubles in one slab. */
  #place(node: number, length: number): number {
    if (this.#free + length > SLAB) {
      this.#slabs.push(new Float64Array(SLAB));
      this.#free = 0;
    }
    const at = (this.#slabs.length - 1) * SLAB + this.#free;
    this.#free += length;
    this.#at.cover(node);
    this.#at.data[node] = at;
    return at;
  }
}

function isVector(value: unknown): value is Float64Array {
  return (
    value instanceof Float64Array &&
    value.length > 0 &&
    value.length <= MAX_VECTOR &&
    value.constructor === Float64Array
  );
}
