import type { AtomSession } from "../atom/current-atom.js";
import { equalValues } from "./equal-values.js";
import { Freshness } from "./freshness.js";
import { ChunkedList } from "./growable.js";
import type { Op } from "./op.js";
import type { Structure } from "./structure.js";
import type { ValueStore } from "./value-store.js";

/** How many ops may wait for their dependencies in memory: a chain of nodes is as deep as it is long. */
const MAX_LIVE_OPS = 1 << 20;
const NO_DEPS: readonly never[] = [];

/** What a graph knows of its nodes besides who depends on whom: ops that wait, values, digests, what is out of date. */
export class NodeData {
  readonly structure: Structure;
  readonly session: AtomSession;
  readonly values: ValueStore;
  readonly freshness: Freshness;
  readonly digests = new Map<number, string>();
  /** Asynchronous atoms that several calcs may be waiting for. */
  readonly pending = new Map<number, Promise<void>>();
  /** Nodes whose value came from outside: it can't be made again here. */
  readonly given = new Set<number>();
  /** Seconds each node took, where that is asked for. */
  readonly seconds: Map<number, number> | undefined;
  /** How many atoms have run. */
  runs = 0;
  readonly #ops = new ChunkedList<Op>();
  #liveOps = 0;

  constructor(structure: Structure, session: AtomSession, values: ValueStore, timings: boolean) {
    this.structure = structure;
    this.session = session;
    this.values = values;
    this.freshness = new Freshness(structure, this.given);
    this.seconds = timings ? new Map() : undefined;
  }

  /** Whether a node has a value and that value is up to date. */
  done(node: number): boolean {
    return this.values.has(node) && this.freshness.isFresh(node);
  }

  /** Runs the node's rule where that was not done yet, or where the rule is another now. */
  expand(node: number): void {
    if (this.structure.isExpanded(node) && !this.freshness.mustExpand(node)) return;
    const op = this.structure.expand(node);
    // An op waits without its dependencies: they are edges now. Past a number, it is made again when needed.
    if (this.#liveOps >= MAX_LIVE_OPS) return;
    this.#liveOps++;
    this.#ops.set(node, withoutDeps(op));
  }

  takeOp(node: number): Op {
    const op = this.#ops.get(node);
    if (!op) return this.structure.opOf(node);
    this.#liveOps--;
    this.#ops.set(node, undefined);
    return op;
  }

  /** Keeps a computed value. A value equal to the one before leaves what depends on it as it is. */
  keep(node: number, value: unknown): void {
    const { freshness, values } = this;
    const changed = freshness.isFresh(node) || !values.has(node) || !equalValues(values.get(node), value);
    if (changed || values.get(node) !== value) values.set(node, value);
    if (changed && this.digests.size > 0) this.digests.delete(node);
    freshness.confirm(node, changed);
  }
}

function withoutDeps(op: Op): Op {
  switch (op.kind) {
    case "apply":
      return { kind: "apply", fn: op.fn, params: op.params, deps: NO_DEPS };
    case "all":
      return { kind: "all", fn: op.fn, params: op.params, deps: NO_DEPS };
    case "fold":
      return { kind: "fold", fold: op.fold, deps: NO_DEPS };
    case "alias":
      return op;
  }
}
