import type { AtomSession } from "../atom/current-atom.js";
import { installDeterministicGlobals } from "../atom/deterministic-globals.js";
import { LocalInputs } from "../atom/local-inputs.js";
import { digestValue } from "../codec/codec.js";
import { CycleError, NotComputedError, UnencodableValueError } from "../errors.js";
import { describeRef } from "../identity/describe.js";
import { hexToId } from "../identity/hash128.js";
import { nodeWords } from "../identity/node-id.js";
import type { Ref } from "../identity/ref.js";
import { atomFailure, ruleFailure } from "./atom-failure.js";
import { ChunkedList } from "./growable.js";
import type { Op } from "./op.js";
import { type DependencyValues, isPromise, runOp } from "./run-op.js";
import { type GraphStats, graphStats } from "./stats.js";
import { Structure } from "./structure.js";
import { ValueStore } from "./value-store.js";
import { Walk, type Walked } from "./walk.js";

/** What a graph is made with; everything has a default. */
export interface GraphOptions {
  /** Seeds every atom's random numbers, together with the node's id. Default 0. */
  readonly seed?: number;
  /** What the clock says inside atoms, in milliseconds since 1970. Default 0. */
  readonly epoch?: number;
  /** Where declared inputs lie. Default: the working directory. */
  readonly inputs?: AtomSession["inputs"];
  /** How many nodes there may be. Default 1,000,000,000. */
  readonly maxNodes?: number;
}

/** A node, named by its ref or by its id's 32 hexadecimal digits. */
export type NodeName<T = unknown> = Ref<T> | string;

/** How many ops may wait for their dependencies in memory: a chain of nodes is as deep as it is long. */
const MAX_LIVE_OPS = 1 << 20;
const NO_DEPS: readonly never[] = [];

/**
 * A graph in this process: expands refs, computes values and keeps every one of them.
 *
 * @example
 * const graph = createGraph({ seed: 7 });
 * const total = await graph.calc(seq.sumEven(10));
 */
export class Graph {
  readonly structure: Structure;
  readonly #session: AtomSession;
  readonly #ops = new ChunkedList<Op>();
  readonly #values = new ValueStore();
  readonly #digests = new Map<number, string>();
  // Asynchronous atoms that two calcs may both be waiting for.
  readonly #pending = new Map<number, Promise<void>>();
  #liveOps = 0;

  constructor(options: GraphOptions = {}) {
    this.structure = new Structure({ nodes: options.maxNodes ?? 1_000_000_000 });
    this.#session = { seed: options.seed ?? 0, epoch: options.epoch ?? 0, inputs: options.inputs ?? new LocalInputs() };
  }

  /**
   * Computes a node and everything below it that has no value yet, dependencies first, in the rules' order.
   *
   * @throws AtomFailedError, RuleFailedError, CycleError; values computed before the error are kept, and another `calc`
   * goes on from there.
   */
  async calc<T>(target: Ref<T>): Promise<T>;
  async calc<T>(targets: readonly Ref<T>[]): Promise<T[]>;
  async calc(targets: Ref | readonly Ref[]): Promise<unknown> {
    installDeterministicGlobals();
    const refs = Array.isArray(targets) ? (targets as readonly Ref[]) : [targets as Ref];
    const roots = refs.map((ref) => this.structure.intern(ref));
    const walk = new Walk(
      this.#walked(() => walk),
      roots,
    );
    for (let pending = walk.advance(); pending; pending = walk.advance()) await pending;
    const values = roots.map((root) => this.#values.get(root));
    return Array.isArray(targets) ? values : values[0];
  }

  /** @throws NotComputedError where the node has no value. */
  getData<T = unknown>(name: NodeName<T>): T {
    const node = this.#find(name);
    const value = node < 0 ? undefined : this.#values.get(node);
    if (value === undefined) {
      const what = typeof name === "string" ? `Node ${name}` : describeRef(name);
      throw new NotComputedError(`${what} has no value here: calc it, or something that depends on it, first.`, {});
    }
    return value as T;
  }

  hasData(name: NodeName): boolean {
    const node = this.#find(name);
    return node >= 0 && this.#values.has(node);
  }

  /** The sha-256 of a node's value; computed when first asked for. */
  digest(name: NodeName): string {
    const node = this.#find(name);
    let digest = this.#digests.get(node);
    if (digest === undefined) {
      digest = digestValue(this.getData(name));
      this.#digests.set(node, digest);
    }
    return digest;
  }

  /**
   * Gives a node a value computed elsewhere, so that nothing below it is expanded here.
   *
   * @throws UnencodableValueError for undefined, which no node's value is.
   */
  setData(id: string, value: unknown): void {
    if (value === undefined)
      throw new UnencodableValueError(`Node ${id} can't be given undefined: null stands for no value.`, { node: id });
    const node = this.structure.internId(hexToId(id));
    this.#store(node, value);
  }

  stats(): GraphStats {
    return graphStats(this.structure, this.#values.size);
  }

  #find(name: NodeName): number {
    if (typeof name !== "string") return this.structure.table.find(nodeWords(name));
    return /^[0-9a-f]{32}$/.test(name) ? this.structure.table.find(hexToId(name)) : -1;
  }

  #store(node: number, value: unknown): void {
    this.#values.set(node, value);
    if (this.#digests.size > 0) this.#digests.delete(node);
  }

  #walked(walk: () => Walk): Walked {
    const { structure } = this;
    return {
      done: (node) => this.#values.has(node),
      enter: (node) => {
        if (structure.isExpanded(node)) return;
        try {
          this.#keepOp(node, structure.expand(node));
        } catch (error) {
          throw ruleFailure(error, structure, node, walk().path());
        }
      },
      count: (node) => structure.count(node),
      dependency: (node, index) => structure.dependency(node, index),
      leave: (node) => (this.#pending.size > 0 ? this.#pending.get(node) : undefined) ?? this.#run(node, walk),
      cycle: (nodes) => cycleError(structure, nodes),
    };
  }

  #run(node: number, walk: () => Walk): Promise<void> | undefined {
    const { structure } = this;
    const op = this.#takeOp(node);
    try {
      const dependencies = new NodeValues(structure, this.#values, node);
      const value = runOp(op, dependencies, this.#session, structure.table, node);
      if (!isPromise(value)) {
        this.#keep(node, value);
        return undefined;
      }
      const pending = Promise.resolve(value)
        .then((settled) => this.#keep(node, settled))
        .catch((error: unknown) => {
          throw this.#failure(node, error, walk());
        })
        .finally(() => this.#pending.delete(node));
      this.#pending.set(node, pending);
      return pending;
    } catch (error) {
      throw this.#failure(node, error, walk());
    }
  }

  /** An op waits for its dependencies without them: they are edges now. Past a number, it is made again when needed. */
  #keepOp(node: number, op: Op): void {
    if (this.#liveOps >= MAX_LIVE_OPS) return;
    this.#liveOps++;
    this.#ops.set(node, { ...op, deps: NO_DEPS } as Op);
  }

  #takeOp(node: number): Op {
    const op = this.#ops.get(node);
    if (!op) return this.structure.opOf(node);
    this.#liveOps--;
    this.#ops.set(node, undefined);
    return op;
  }

  #keep(node: number, value: unknown): void {
    if (value === undefined) throw new TypeError("the atom returned nothing; return null where there is no value");
    this.#session.inputs.check();
    this.#store(node, value);
  }

  #failure(node: number, error: unknown, walk: Walk): Error {
    return atomFailure(changedInput(this.#session.inputs) ?? error, this.structure, node, walk.path());
  }
}

/** The values of one node's dependencies. */
class NodeValues implements DependencyValues {
  readonly count: number;
  readonly #structure: Structure;
  readonly #values: ValueStore;
  readonly #node: number;

  constructor(structure: Structure, values: ValueStore, node: number) {
    this.count = structure.count(node);
    this.#structure = structure;
    this.#values = values;
    this.#node = node;
  }

  value(index: number): unknown {
    return this.#values.get(this.#structure.dependency(this.#node, index));
  }
}

/** An input that changed under an atom is why the atom failed. Looking also forgets the failed atom's inputs. */
function changedInput(inputs: AtomSession["inputs"]): unknown {
  try {
    inputs.check();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The error for nodes that depend on each other in a ring. */
export function cycleError(structure: Structure, nodes: readonly number[]): CycleError {
  const refs = nodes.map((node) => structure.table.ref(node)).map((ref) => (ref ? describeRef(ref, 40) : "?"));
  return new CycleError(`These nodes depend on each other: ${refs.join(" -> ")}. Break the ring in one of the rules.`, {
    cycle: refs,
  });
}

/** Makes an empty graph. */
export function createGraph(options: GraphOptions = {}): Graph {
  return new Graph(options);
}
