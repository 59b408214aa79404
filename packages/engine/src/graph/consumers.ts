import { uint32Column } from "./growable.js";

/** Who depends on a node: a list of edges for each, newest first. Edges are added as rules expand. */
export class Consumers {
  readonly #head = uint32Column(); // edge + 1; 0 is the end
  readonly #next = uint32Column();
  readonly #owner = uint32Column();

  /** `owner` depends on `node`. */
  add(node: number, owner: number): void {
    this.#head.cover(node);
    this.#next.push(this.#head.data[node]!);
    this.#owner.push(owner);
    this.#head.data[node] = this.#owner.length;
  }

  each(node: number, visit: (owner: number) => void): void {
    if (node >= this.#head.length) return;
    for (let edge = this.#head.data[node]!; edge !== 0; edge = this.#next.data[edge - 1]!)
      visit(this.#owner.data[edge - 1]!);
  }

  get bytes(): number {
    return this.#head.bytes + this.#next.bytes + this.#owner.bytes;
  }
}
