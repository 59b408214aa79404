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
  /** All dependencies are done. "pending": the node will be done later, and `Walk.settled` says when. */
  leave(node: number): "pending" | undefined;
  /** Whether the walk should stop for now. */
  full?(): boolean;
  /** `nodes` depend on each other in a ring. */
  cycle(nodes: readonly number[]): Error;
}

/** A node that waits for a dependency, and where to go on with its dependencies then. */
interface Parked {
  readonly node: number;
  readonly next: number;
}

/**
 * Depth first from `roots`, dependencies before dependents, in the order rules gave them, on an explicit stack: a chain
 * of a million nodes is no deeper than any other. A node that waits for a pending one is parked, and the walk goes on
 * beside it; without pending nodes nothing is ever parked.
 */
export class Walk {
  readonly #graph: Walked;
  readonly #roots: readonly number[];
  readonly #nodes = uint32Column();
  readonly #next = uint32Column();
  /** Dependencies before this one were done when the node was pushed. */
  readonly #from = uint32Column();
  #onPath = new Uint8Array(1024);
  #root = 0;
  /** Pending and parked nodes, with those that wait for each. */
  readonly #waiting = new Map<number, Parked[]>();
  readonly #awake: Parked[] = [];

  constructor(graph: Walked, roots: readonly number[]) {
    this.#graph = graph;
    this.#roots = roots;
  }

  /** From the root to the node at hand. */
  path(): number[] {
    return Array.from(this.#nodes.data.subarray(0, this.#nodes.length));
  }

  /** Goes on until the end (true), or until it must stop for `full` or for pending nodes (false). */
  advance(): boolean {
    for (;;) {
      if (this.#graph.full?.()) return false;
      if (this.#nodes.length === 0) {
        if (!this.#begin()) return this.#waiting.size === 0;
        continue;
      }
      const top = this.#nodes.length - 1;
      const node = this.#nodes.data[top]!;
      if (!this.#graph.done(node)) {
        if (this.#descend(node, top)) continue;
        if (this.#waiting.size > 0 && this.#park(node, top)) continue;
        if (this.#graph.leave(node) === "pending") {
          this.#waiting.set(node, this.#waiting.get(node) ?? []);
          this.#pop(node);
          continue;
        }
      }
      this.#pop(node);
      if (this.#waiting.size > 0) this.settled(node);
    }
  }

  /** A pending node is done: whatever waited for it goes on at the next `advance`. */
  settled(node: number): void {
    const parked = this.#waiting.get(node);
    if (!parked) return;
    this.#waiting.delete(node);
    this.#awake.push(...parked);
  }

  /** Starts with something that woke up, or with the next root. */
  #begin(): boolean {
    const awake = this.#awake.shift();
    if (awake) {
      this.#push(awake.node, awake.next);
      return true;
    }
    if (this.#root === this.#roots.length) return false;
    const root = this.#roots[this.#root++]!;
    if (!this.#graph.done(root) && !this.#waiting.has(root)) this.#push(root, 0);
    return true;
  }

  /** Pushes the node's next unfinished dependency, if there is one that can be worked on. */
  #descend(node: number, top: number): boolean {
    const graph = this.#graph;
    let next = this.#next.data[top]!;
    if (next === 0) graph.enter(node);
    const count = graph.count(node);
    while (next < count) {
      const dependency = graph.dependency(node, next++);
      if (graph.done(dependency) || (this.#waiting.size > 0 && this.#waiting.has(dependency))) continue;
      this.#next.data[top] = next;
      if (this.#onPath[dependency] === 1) throw graph.cycle(this.#ring(dependency));
      this.#push(dependency, 0);
      return true;
    }
    this.#next.data[top] = next;
    return false;
  }

  /** Parks a node whose dependencies are not all done: those that are not wait for pending ones themselves. */
  #park(node: number, top: number): boolean {
    const graph = this.#graph;
    for (let next = this.#from.data[top]!, count = graph.count(node); next < count; next++) {
      const dependency = graph.dependency(node, next);
      if (graph.done(dependency)) continue;
      this.#waiting.get(dependency)!.push({ node, next: next + 1 });
      if (!this.#waiting.has(node)) this.#waiting.set(node, []);
      this.#pop(node);
      return true;
    }
    return false;
  }

  #ring(node: number): number[] {
    const path = this.path();
    return [...path.slice(path.indexOf(node)), node];
  }

  #push(node: number, next: number): void {
    this.#nodes.push(node);
    this.#next.push(next);
    this.#from.push(next);
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
    this.#from.length--;
    this.#onPath[node] = 0;
  }
}
