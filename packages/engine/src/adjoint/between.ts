import type { Structure } from "../graph/structure.js";

const SEEN = 1;
/** One of the xs. */
const WANTED = 2;
/** Depends on one of the xs. */
const INNER = 4;
const NO_PARENT = 0xffffffff;

/** The nodes that lie between y and the xs, both included, dependencies before dependents. */
export class Between {
  readonly order: number[] = [];
  readonly #marks: Uint8Array;
  readonly #parents: Uint32Array;

  /** Depth first from y, in the rules' order, on an explicit stack: the order does not depend on the xs. */
  constructor(structure: Structure, given: (node: number) => boolean, y: number, xs: readonly number[]) {
    // Large and mostly untouched where the graph is much larger than what lies below y: pages that nobody writes cost nothing.
    this.#marks = new Uint8Array(structure.table.size);
    this.#parents = new Uint32Array(structure.table.size);
    for (const x of xs) this.#marks[x] = WANTED;
    this.#search(structure, given, y);
  }

  /** Whether y depends on something through this node: it is one of the xs or depends on one. */
  holds(node: number): boolean {
    return (this.#marks[node]! & (WANTED | INNER)) !== 0;
  }

  wants(node: number): boolean {
    return (this.#marks[node]! & WANTED) !== 0;
  }

  /** Whether the node depends on one of the xs. */
  leadsOn(node: number): boolean {
    return (this.#marks[node]! & INNER) !== 0;
  }

  /** A way from y to the node. */
  path(node: number): number[] {
    const path = [node];
    for (let at = this.#parents[node]!; at !== NO_PARENT; at = this.#parents[at]!) path.push(at);
    return path.reverse();
  }

  #search(structure: Structure, given: (node: number) => boolean, y: number): void {
    const marks = this.#marks;
    const stack = [y];
    const next = [0];
    marks[y]! |= SEEN;
    this.#parents[y] = NO_PARENT;
    while (stack.length > 0) {
      const top = stack.length - 1;
      const node = stack[top]!;
      const index = next[top]!;
      if (index < structure.count(node) && (index > 0 || !given(node))) {
        next[top] = index + 1;
        const dependency = structure.dependency(node, index);
        if ((marks[dependency]! & SEEN) === 0) {
          marks[dependency]! |= SEEN;
          this.#parents[dependency] = node;
          stack.push(dependency);
          next.push(0);
        } else if (this.holds(dependency)) marks[node]! |= INNER;
        continue;
      }
      stack.pop();
      next.pop();
      if (!this.holds(node)) continue;
      this.order.push(node);
      if (top > 0) marks[stack[top - 1]!]! |= INNER;
    }
  }
}
