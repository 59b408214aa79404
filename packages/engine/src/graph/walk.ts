import { uint32Column } from "./growable.js";

/** The graph as a walk sees it. */
export interface Walked {
  /** Whether nothing below this node is left to do. */
  done(node: number): boolean;
  /** Makes the node's dependencies known. */
  enter(node: number): void;
  /** How many dependencies an entered node has, and which. */
  count(node: number): number;
  dependency(node: number, index: number): number;
  /** All dependencies are done. A promise stops the walk until it is settled. */
  leave(node: number): Promise<void> | undefined;
  /** `nodes` depend on each other in a ring. */
  cycle(nodes: readonly number[]): Error;
}

/**
 * Depth first from `roots`, dependencies before dependents, in the order rules gave them, on an explicit stack: a chain
 * of a million nodes is no deeper than any other. Synchronous until `leave` returns a promise.
 */
export class Walk {
  readonly #graph: Walked;
  readonly #roots: readonly number[];
  readonly #nodes = uint32Column();
  readonly #next = uint32Column();
  #onPath = new Uint8Array(1024);
  #root = 0;

  constructor(graph: Walked, roots: readonly number[]) {
    this.#graph = graph;
    this.#roots = roots;
  }

  /** From the root to the node at hand. */
  path(): number[] {
    return Array.from(this.#nodes.data.subarray(0, this.#nodes.length));
  }

  /** Goes on until the end (undefined) or until `leave` returned a promise; call again once that is fulfilled. */
  advance(): Promise<void> | undefined {
    for (;;) {
      if (this.#nodes.length === 0) {
        if (this.#root === this.#roots.length) return undefined;
        const root = this.#roots[this.#root++]!;
        if (!this.#graph.done(root)) this.#push(root);
        continue;
      }
      const top = this.#nodes.length - 1;
      const node = this.#nodes.data[top]!;
      if (this.#graph.done(node)) {
        this.#pop(node);
        continue;
      }
      if (this.#descend(node, top)) continue;
      const pending = this.#graph.leave(node);
      if (pending) return pending;
      this.#pop(node);
    }
  }

  /** Pushes the node's next unfinished dependency, if there is one. */
  #descend(node: number, top: number): boolean {
    const graph = this.#graph;
    let next = this.#next.data[top]!;
    if (next === 0) graph.enter(node);
    const count = graph.count(node);
    while (next < count) {
      const dependency = graph.dependency(node, next++);
      if (graph.done(dependency)) continue;
      this.#next.data[top] = next;
      if (this.#onPath[dependency] === 1) throw graph.cycle(this.#ring(dependency));
      this.#push(dependency);
      return true;
    }
    this.#next.data[top] = next;
    return false;
  }

  #ring(node: number): number[] {
    const path = this.path();
    return [...path.slice(path.indexOf(node)), node];
  }

  #push(node: number): void {
    this.#nodes.push(node);
    this.#next.push(0);
    if (node >= this.#onPath.length) {
      const grown = new Uint8Array(Math.max(node + 1, this.#onPath.length * 2));
      grown.set(this.#onPath);
      this.#onPath = grown;
    }
    this.#onPath[node] = 1;
  }

  #pop(node: number): void {
    this.#nodes.length--;
    this.#next.length--;
    this.#onPath[node] = 0;
  }
}
