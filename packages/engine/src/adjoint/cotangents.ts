import type { Numeric } from "./differentiable.js";

/**
 * What has flowed back to each node so far: dy/dnode for each of `rows` seeds. With one seed numbers lie in one array of
 * doubles; vectors and several seeds have a block of `rows` times the node's length, which goes once it was passed on.
 */
export class Cotangents {
  readonly rows: number;
  readonly #scalars: Float64Array;
  readonly #reached: Uint8Array;
  readonly #blocks = new Map<number, Float64Array>();

  constructor(rows: number, nodes: number) {
    this.rows = rows;
    this.#scalars = new Float64Array(rows === 1 ? nodes : 0);
    this.#reached = new Uint8Array(nodes);
  }

  /** Notes that y depends on the node, be it with a derivative of zero. */
  reach(node: number): void {
    this.#reached[node] = 1;
  }

  reached(node: number): boolean {
    return this.#reached[node] === 1;
  }

  /** Adds a cotangent of `value`'s shape, in the order of the calls. */
  add(node: number, row: number, value: Numeric, cotangent: Numeric): void {
    if (typeof cotangent === "number") {
      if (this.rows === 1) this.#scalars[node]! += cotangent;
      else this.#block(node, value)[row]! += cotangent;
      return;
    }
    const block = this.#block(node, value);
    const from = row * cotangent.length;
    for (let i = 0; i < cotangent.length; i++) block[from + i]! += cotangent[i]!;
  }

  /** One seed for each component of the vector. */
  identity(node: number, value: Float64Array): void {
    const block = this.#block(node, value);
    for (let i = 0; i < value.length; i++) block[i * value.length + i] = 1;
  }

  /** The cotangent of one seed, or undefined where it is zero everywhere. Not to be kept. */
  row(node: number, row: number, value: Numeric): Numeric | undefined {
    if (typeof value === "number") {
      const cotangent = this.rows === 1 ? this.#scalars[node]! : (this.#blocks.get(node)?.[row] ?? 0);
      return cotangent === 0 ? undefined : cotangent;
    }
    const block = this.#blocks.get(node);
    if (!block) return undefined;
    const from = row * value.length;
    for (let i = 0; i < value.length; i++) {
      if (block[from + i] !== 0) return this.rows === 1 ? block : block.subarray(from, from + value.length);
    }
    return undefined;
  }

  /** All rows of a node, row by row. */
  all(node: number, value: Numeric): Float64Array {
    if (this.rows === 1 && typeof value === "number") return Float64Array.of(this.#scalars[node]!);
    return this.#block(node, value);
  }

  /** The node's cotangent was passed on and nobody asks for it. */
  release(node: number): void {
    this.#blocks.delete(node);
  }

  #block(node: number, value: Numeric): Float64Array {
    let block = this.#blocks.get(node);
    if (!block) {
      block = new Float64Array(this.rows * (typeof value === "number" ? 1 : value.length));
      this.#blocks.set(node, block);
    }
    return block;
  }
}
