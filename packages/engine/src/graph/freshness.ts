import { uint8Column, uint32Column } from "./growable.js";
import type { Structure } from "./structure.js";

const FRESH = 0;
/** Something below it changed; whether its dependencies' values did is not known yet. */
const DOUBTED = 1;
/** It must run again. */
const STALE = 2;
/** Its rule changed: it must expand again, then run. */
const REDEFINED = 3;

/**
 * What an edit makes doubtful, and what turns out to have changed. Nothing is kept before the first edit. After it each
 * node has the revision in which its value last changed and the one in which it was last found right; a doubted node runs
 * again only if a dependency changed since.
 */
export class Freshness {
  #revision = 0;
  #active = false;
  readonly #state = uint8Column();
  readonly #changed = uint32Column();
  readonly #checked = uint32Column();
  readonly #structure: Structure;
  /** Nodes whose value came from outside: they depend on nothing. */
  readonly #given: ReadonlySet<number>;

  constructor(structure: Structure, given: ReadonlySet<number>) {
    this.#structure = structure;
    this.#given = given;
  }

  /** Whether there was an edit. */
  get active(): boolean {
    return this.#active;
  }

  isFresh(node: number): boolean {
    return !this.#active || node >= this.#state.length || this.#state.data[node] === FRESH;
  }

  mustExpand(node: number): boolean {
    return this.#active && node < this.#state.length && this.#state.data[node] === REDEFINED;
  }

  /** Whether a node that has a value can keep it: it was only doubted, and no dependency changed since it was checked. */
  holds(node: number): boolean {
    if (!this.#active || this.#stateOf(node) !== DOUBTED) return false;
    const checked = this.#checked.data[node] ?? 0;
    for (let i = 0, count = this.#structure.count(node); i < count; i++) {
      if ((this.#changed.data[this.#structure.dependency(node, i)] ?? 0) > checked) return false;
    }
    return true;
  }

  /** The node's value is right as of now; `changed` says whether it is another than before. */
  confirm(node: number, changed: boolean): void {
    if (!this.#active) return;
    this.#cover(node);
    this.#state.data[node] = FRESH;
    this.#checked.data[node] = this.#revision;
    if (changed) this.#changed.data[node] = this.#revision;
  }

  /** A node was given another value: everything above it is in doubt. */
  edited(nodes: readonly number[]): void {
    this.#begin();
    for (const node of nodes) this.confirm(node, true);
    this.#doubtAbove(nodes);
  }

  /** These nodes must run again, whatever their dependencies say. */
  invalidated(nodes: readonly number[], redefined: boolean): void {
    this.#begin();
    for (const node of nodes) {
      this.#cover(node);
      this.#state.data[node] = redefined ? REDEFINED : STALE;
    }
    this.#doubtAbove(nodes);
  }

  #begin(): void {
    this.#active = true;
    this.#revision++;
    this.#structure.keepConsumers();
  }

  #doubtAbove(nodes: readonly number[]): void {
    const consumers = this.#structure.keepConsumers();
    const stack = [...nodes];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      consumers.each(node, (owner) => {
        if (this.#given.has(owner)) return;
        this.#cover(owner);
        if (this.#state.data[owner] !== FRESH) return;
        this.#state.data[owner] = DOUBTED;
        stack.push(owner);
      });
    }
  }

  #stateOf(node: number): number {
    return node < this.#state.length ? this.#state.data[node]! : FRESH;
  }

  #cover(node: number): void {
    this.#state.cover(node);
    this.#changed.cover(node);
    this.#checked.cover(node);
  }
}
