import type { Structure } from "@graphvm/engine/internal";

const NONE = 0xffffffff;

/**
 * For each node of a graph the node that all who need it go through: its dominator, seen from the roots. What a node
 * dominates is computed for it alone. Nodes are places in `order`, which lists dependencies first; one place more, `top`,
 * stands above all roots.
 */
export class Dominators {
  readonly top: number;
  readonly #above: Uint32Array;
  readonly #depth: Uint32Array;
  /** Further up, so that a climb takes logarithmic time: as deep as that of any other node of this depth. */
  readonly #jump: Uint32Array;
  readonly #graph: Structure;
  readonly #order: Uint32Array;
  /** Place of each node, by handle. */
  readonly #places: Uint32Array;

  constructor(graph: Structure, order: Uint32Array, roots: readonly number[]) {
    const places = order.length + 1;
    this.top = order.length;
    this.#graph = graph;
    this.#order = order;
    this.#above = new Uint32Array(places).fill(NONE);
    this.#depth = new Uint32Array(places);
    this.#jump = new Uint32Array(places).fill(this.top);
    this.#places = new Uint32Array(graph.table.size);
    for (let place = 0; place < order.length; place++) this.#places[order[place]!] = place;
    this.#above[this.top] = this.top;
    for (const root of roots) this.#above[this.#places[root]!] = this.top;
    // whoever needs a node stands after it: from the end, each has met all of them
    for (let place = order.length - 1; place >= 0; place--) this.#hang(place);
  }

  /** The dominator of a node. */
  above(place: number): number {
    return this.#above[place]!;
  }

  /** Calls with the place of each dependency. */
  eachDependency(place: number, call: (dependency: number) => void): void {
    const node = this.#order[place]!;
    for (let i = 0, count = this.#graph.count(node); i < count; i++)
      call(this.#places[this.#graph.dependency(node, i)]!);
  }

  /** The node right below a dominator that is, or dominates, the one at `place`. */
  branch(place: number, dominator: number): number {
    return this.#climb(place, this.#depth[dominator]! + 1);
  }

  #hang(place: number): void {
    const above = this.#above[place]!;
    this.#depth[place] = this.#depth[above]! + 1;
    const jump = this.#jump[above]!;
    const even = this.#depth[above]! - this.#depth[jump]! === this.#depth[jump]! - this.#depth[this.#jump[jump]!]!;
    this.#jump[place] = even ? this.#jump[jump]! : above;
    this.eachDependency(place, (dependency) => {
      const known = this.#above[dependency]!;
      this.#above[dependency] = known === NONE ? place : this.#meet(known, place);
    });
  }

  #climb(place: number, depth: number): number {
    let at = place;
    while (this.#depth[at]! > depth) {
      const jump = this.#jump[at]!;
      at = this.#depth[jump]! >= depth ? jump : this.#above[at]!;
    }
    return at;
  }

  #meet(a: number, b: number): number {
    const depth = Math.min(this.#depth[a]!, this.#depth[b]!);
    let left = this.#climb(a, depth);
    let right = this.#climb(b, depth);
    while (left !== right) {
      const jumps = this.#jump[left] !== this.#jump[right];
      left = jumps ? this.#jump[left]! : this.#above[left]!;
      right = jumps ? this.#jump[right]! : this.#above[right]!;
    }
    return left;
  }
}
