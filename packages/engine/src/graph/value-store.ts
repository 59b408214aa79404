import { BudgetError } from "../errors.js";
import { uint8Column, uint16Column, uint32Column } from "./growable.js";
import { ObjectValues } from "./object-values.js";
import { SLAB, Slabs } from "./slabs.js";
import { SpillFolder } from "./spill-folder.js";

const NONE = 0;
const OBJECT = 1;
const NUMBER = 2;
const VECTOR = 3;

/** Vectors up to this length are copied into slabs; longer ones stay the objects they are. */
const MAX_VECTOR = 1024;
/** Vectors computed last are found again as the objects they were. */
const RECENT = 1024;
/** Two slabs and something for objects. */
const LEAST_BUDGET = 4 * 1024 * 1024;

/**
 * The values of a graph's nodes. Numbers and short vectors, of which a graph may have millions, lie in slabs of doubles
 * outside the heap; everything else is an object. A vector read back is a view of its slab. With a budget in bytes, half of
 * it is for slabs and half for objects; what goes past it lies in a temporary folder until it is asked for.
 */
export class ValueStore {
  /** Nodes that have a value. */
  size = 0;
  readonly #kind = uint8Column();
  readonly #at = uint32Column();
  readonly #length = uint16Column();
  readonly #slabs: Slabs;
  readonly #objects: ObjectValues;
  readonly #folder: SpillFolder | undefined;
  readonly #recent: (Float64Array | undefined)[] = new Array(RECENT).fill(undefined);
  readonly #recentNode = new Float64Array(RECENT).fill(-1);

  /** @throws BudgetError */
  constructor(budget?: number, folder?: string) {
    if (budget !== undefined && !(budget >= LEAST_BUDGET)) {
      throw new BudgetError(`A budget of ${budget} bytes can't be met: give values ${LEAST_BUDGET} at least.`, {
        bytes: budget,
      });
    }
    this.#folder = budget === undefined ? undefined : new SpillFolder(folder);
    this.#slabs = budget === undefined ? new Slabs() : new Slabs(Math.floor(budget / 2 / (SLAB * 8)), this.#folder);
    this.#objects = new ObjectValues(budget === undefined ? undefined : budget / 2, this.#folder);
  }

  has(node: number): boolean {
    return node < this.#kind.length && this.#kind.data[node] !== NONE;
  }

  /** The value of a node, or undefined where it has none. */
  get(node: number): unknown {
    if (node >= this.#kind.length) return undefined;
    switch (this.#kind.data[node]) {
      case OBJECT:
        return this.#objects.get(node);
      case NUMBER:
        return this.#slabs.getNumber(this.#at.data[node]!);
      case VECTOR: {
        const slot = node & (RECENT - 1);
        if (this.#recentNode[slot] === node) return this.#recent[slot];
        return this.#slabs.getVector(this.#at.data[node]!, this.#length.data[node]!);
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
      this.#slabs.setNumber(this.#place(node, 1), value);
    } else if (isVector(value)) {
      this.#kind.data[node] = VECTOR;
      this.#slabs.setVector(this.#place(node, value.length), value);
      this.#length.cover(node);
      this.#length.data[node] = value.length;
      this.#recent[node & (RECENT - 1)] = value;
      this.#recentNode[node & (RECENT - 1)] = node;
    } else {
      this.#kind.data[node] = OBJECT;
      this.#objects.set(node, value);
    }
  }

  /** Takes a node's value away. */
  delete(node: number): void {
    if (!this.has(node)) return;
    this.#forget(node);
    this.#kind.data[node] = NONE;
    this.size--;
  }

  /** Bytes in memory: slabs and columns, and objects where there is a budget that counts them. */
  get bytes(): number {
    return this.#slabs.bytes + this.#objects.bytes + this.#kind.bytes + this.#at.bytes + this.#length.bytes;
  }

  get spilledBytes(): number {
    return this.#slabs.spilledBytes + this.#objects.spilledBytes;
  }

  /** Drops the values and removes the spill folder. */
  close(): void {
    for (let node = 0; node < this.#kind.length; node++) this.delete(node);
    this.#slabs.clear();
    this.#folder?.close();
  }

  #forget(node: number): void {
    switch (this.#kind.data[node]) {
      case OBJECT:
        this.#objects.delete(node);
        return;
      case NUMBER:
        this.#slabs.release(this.#at.data[node]!);
        return;
      case VECTOR: {
        this.#slabs.release(this.#at.data[node]!);
        const slot = node & (RECENT - 1);
        if (this.#recentNode[slot] !== node) return;
        this.#recentNode[slot] = -1;
        this.#recent[slot] = undefined;
      }
    }
  }

  #place(node: number, length: number): number {
    const at = this.#slabs.place(length);
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
