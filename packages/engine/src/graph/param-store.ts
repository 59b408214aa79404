import { ChunkedList, float64Pool, uint8Column, uint32Column } from "./growable.js";

/** Params of this many numbers and nothing else are packed. */
const MAX_NUMBERS = 15;
/** The kind of a node whose params are kept as a list; other kinds are counts of numbers. */
const LIST = 255;

/** Each node's params. A few numbers, the common case in large graphs, lie in one pool of doubles instead of the heap. */
export class ParamStore {
  readonly #kind = uint8Column();
  readonly #at = uint32Column();
  readonly #numbers = float64Pool();
  readonly #lists = new ChunkedList<readonly unknown[]>();
  #listCount = 0;

  set(node: number, params: readonly unknown[]): void {
    this.#kind.cover(node);
    this.#at.cover(node);
    const count = params.length;
    if (count <= MAX_NUMBERS && allNumbers(params)) {
      this.#kind.data[node] = count;
      this.#at.data[node] = this.#numbers.length;
      for (let i = 0; i < count; i++) this.#numbers.push(params[i] as number);
    } else {
      this.#kind.data[node] = LIST;
      this.#at.data[node] = this.#listCount;
      this.#lists.set(this.#listCount++, params);
    }
  }

  get(node: number): readonly unknown[] {
    const kind = this.#kind.data[node]!;
    const at = this.#at.data[node]!;
    if (kind === LIST) return this.#lists.get(at)!;
    if (kind === 1) return [this.#numbers.data[at]];
    return Array.from(this.#numbers.data.subarray(at, at + kind));
  }

  get bytes(): number {
    return this.#kind.bytes + this.#at.bytes + this.#numbers.bytes;
  }
}

function allNumbers(params: readonly unknown[]): boolean {
  for (let i = 0; i < params.length; i++) if (typeof params[i] !== "number") return false;
  return true;
}
