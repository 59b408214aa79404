import { type AdjointOptions, adjoint, type Derivatives } from "../adjoint/adjoint.js";
import type { AtomSession } from "../atom/current-atom.js";
import { installDeterministicGlobals } from "../atom/deterministic-globals.js";
import { LocalInputs } from "../atom/local-inputs.js";
import { type ReadPolicy, type UndeclaredRead, UndeclaredReads } from "../atom/undeclared-reads.js";
import { type Tools, UsedTools } from "../atom/used-tools.js";
import { digestValue } from "../codec/codec.js";
import { NotComputedError, UnencodableValueError } from "../errors.js";
import { describeRef } from "../identity/describe.js";
import { hexToId } from "../identity/hash128.js";
import { nodeWords } from "../identity/node-id.js";
import { Ref, type Rule } from "../identity/ref.js";
import { type StreamOptions, startStream } from "../stream/start-stream.js";
import type { Stream } from "../stream/stream.js";
import { atomFailure } from "./atom-failure.js";
import { type CalcOptions, Calculation } from "./calculation.js";
import { equalValues } from "./equal-values.js";
import { type Explanation, explainNode } from "./explain.js";
import { NodeData } from "./node-data.js";
import { type GraphStats, graphStats } from "./stats.js";
import { Structure } from "./structure.js";
import { ValueStore } from "./value-store.js";

/** How many bytes values may take in memory, and in which folder the rest lies: a temporary one unless told otherwise. */
export interface Budget {
  readonly bytes: number;
  readonly folder?: string;
}

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
  /**
   * Which values stay: `"all"` (the default: every intermediate result can be looked at), `"targets"` (what `calc` was
   * asked for; others go once their last consumer ran), or a budget in bytes past which the coldest go to a temporary
   * folder and come back when they are asked for.
   */
  readonly retain?: "all" | "targets" | Budget;
  /** Measure how long each atom takes, for `explain`. Default false: it costs memory for each node. */
  readonly timings?: boolean;
  /**
   * What is done where an atom reads something that is not declared (files, network, environment, other programs, Node's
   * own clocks): written down for `undeclaredReads` (the default), or refused with an error. Native code is not seen.
   */
  readonly undeclared?: ReadPolicy;
}

/** What the atom of one node read without declaring it. */
export interface NodeReads {
  readonly node: string;
  /** The rule and its params, shortened. */
  readonly label: string;
  readonly reads: readonly UndeclaredRead[];
}

/** A node, named by its ref or by its id's 32 hexadecimal digits. */
export type NodeName<T = unknown> = Ref<T> | string;

/**
 * A graph in this process: expands refs, computes values, keeps them, and computes again only what an edit changed.
 *
 * @example
 * const graph = createGraph({ seed: 7 });
 * const total = await graph.calc(seq.sumEven(10));
 */
export class Graph implements Disposable {
  readonly structure: Structure;
  readonly #session: AtomSession;
  readonly #data: NodeData;
  readonly #values: ValueStore;
  readonly #targetsOnly: boolean;

  /** @throws BudgetError for a budget in bytes that is too small. */
  constructor(options: GraphOptions = {}) {
    const { retain = "all" } = options;
    this.structure = new Structure({ nodes: options.maxNodes ?? 1_000_000_000 });
    this.#session = {
      seed: options.seed ?? 0,
      epoch: options.epoch ?? 0,
      inputs: options.inputs ?? new LocalInputs(),
      reads: new UndeclaredReads(options.undeclared ?? "report"),
      tools: new UsedTools(),
    };
    this.#values = typeof retain === "object" ? new ValueStore(retain.bytes, retain.folder) : new ValueStore();
    this.#data = new NodeData(this.structure, this.#session, this.#values, options.timings ?? false);
    this.#targetsOnly = retain === "targets";
  }

  /**
   * Computes a node and everything below it that has no value yet or is out of date, dependencies first, in the rules'
   * order. Asynchronous atoms run side by side.
   *
   * @throws AtomFailedError, RuleFailedError, CycleError, CancelledError; values computed before the error are kept, and
   * another `calc` goes on from there.
   */
  async calc<T>(target: Ref<T>, options?: CalcOptions): Promise<T>;
  async calc<T>(targets: readonly Ref<T>[], options?: CalcOptions): Promise<T[]>;
  async calc(targets: Ref | readonly Ref[], options: CalcOptions = {}): Promise<unknown> {
    installDeterministicGlobals();
    const refs = Array.isArray(targets) ? (targets as readonly Ref[]) : [targets as Ref];
    for (const ref of refs)
      if (!(ref instanceof Ref))
        throw new TypeError(`calc takes what calling a rule gives, a ref; this is ${typeof ref}.`);
    const roots = refs.map((ref) => this.structure.intern(ref));
    await new Calculation(this.#data, roots, options, this.#targetsOnly).run();
    const values = roots.map((root) => this.#values.get(root));
    return Array.isArray(targets) ? values : values[0];
  }

  /**
   * What atoms read without declaring it, so far: a replay can't check that it is still the same.
   *
   * @param options.fresh Only what was found since it was asked for like this last.
   */
  undeclaredReads({ fresh = false }: { readonly fresh?: boolean } = {}): NodeReads[] {
    const { table } = this.structure;
    const found = fresh ? this.#session.reads!.fresh() : this.#session.reads!.list();
    return found.map(({ node, reads }) => {
      const ref = table.ref(node);
      return { node: table.idHex(node), label: ref ? describeRef(ref, 60) : table.idHex(node), reads };
    });
  }

  /** Programs and libraries that atoms ran besides JavaScript, with versions, as far as they told, since this was asked last. */
  toolsUsed(): Tools {
    return this.#session.tools!.fresh();
  }

  /** @throws NotComputedError where the node has no value, or one that is out of date. */
  getData<T = unknown>(name: NodeName<T>): T {
    const node = this.#find(name);
    if (node < 0 || !this.#data.done(node)) {
      const what = typeof name === "string" ? `Node ${name}` : describeRef(name);
      const stale = node >= 0 && this.#values.has(node);
      const state = stale ? "is out of date" : "has no value here";
      throw new NotComputedError(`${what} ${state}: calc it, or something that depends on it, first.`, {});
    }
    return this.#values.get(node) as T;
  }

  /** Whether a node has a value that is up to date. */
  hasData(name: NodeName): boolean {
    const node = this.#find(name);
    return node >= 0 && this.#data.done(node);
  }

  /**
   * The sha-256 of a node's value; computed when first asked for.
   *
   * @throws UnencodableValueError that names the node, for a value that has no encoding.
   */
  digest(name: NodeName): string {
    const node = this.#find(name);
    const value = this.getData(name);
    let digest = this.#data.digests.get(node);
    if (digest === undefined) {
      try {
        digest = digestValue(value);
      } catch (error) {
        throw atomFailure(error, this.structure, node, [node]);
      }
      this.#data.digests.set(node, digest);
    }
    return digest;
  }

  /**
   * Gives a node a value from outside: nothing below it is expanded, and what depends on it is out of date if the value is
   * another than before.
   *
   * @throws UnencodableValueError for undefined, which no node's value is.
   */
  setData(name: NodeName, value: unknown): void {
    if (value === undefined)
      throw new UnencodableValueError(`Node ${String(name)} can't be given undefined: null stands for no value.`, {
        node: String(name),
      });
    const { structure } = this;
    const node = typeof name === "string" ? structure.internId(hexToId(name)) : structure.intern(name);
    const known = this.#values.has(node);
    const same = known && this.#data.done(node) && equalValues(this.#values.get(node), value);
    this.#data.given.add(node);
    if (same) return;
    this.#values.set(node, value);
    this.#data.digests.delete(node);
    // a node that never had a value has no dependents that have one, unless those were kept without it
    const { freshness } = this.#data;
    if (known || freshness.active || this.#targetsOnly) freshness.edited([node]);
  }

  /** A node must run again, for a reason its params don't show: a file was written, say. */
  invalidate(name: NodeName): void {
    const node = this.#find(name);
    if (node < 0) return;
    this.#data.given.delete(node);
    this.#data.freshness.invalidated([node], false);
  }

  /**
   * Takes another version of some rules: nodes of those whose text changed expand and run again, and so does what depends
   * on them as far as values change. What a body calls outside itself has no part in its text: `all` runs every rule again.
   *
   * @returns how many nodes have another rule now
   */
  redefine(rules: Iterable<Rule>, options: { readonly all?: boolean } = {}): number {
    const { table } = this.structure;
    const changed = new Set<Rule>();
    for (const rule of rules) if (table.redefine(rule) || options.all) changed.add(rule);
    const nodes: number[] = [];
    for (let node = 0; node < table.size; node++) {
      const rule = table.rule(node);
      if (rule && changed.has(rule) && this.structure.isExpanded(node) && !this.#data.given.has(node)) nodes.push(node);
    }
    if (nodes.length > 0) this.#data.freshness.invalidated(nodes, true);
    return nodes.length;
  }

  /** What is known of a node: its clause, params and dependencies, whether it was computed, and in how long. */
  explain(name: NodeName): Explanation {
    const node = typeof name === "string" ? this.#find(name) : this.structure.intern(name);
    if (node < 0) throw new NotComputedError(`There is no node ${String(name)} in this graph.`, {});
    return explainNode(this.#data, node);
  }

  /**
   * dy/dx for each of `xs`, which may stand anywhere in the graph: zero where y does not depend on x, a number where both
   * are numbers, and otherwise a Jacobian with y's components as rows. Computes what has no value yet, and then goes back
   * from y once, with the values that are there.
   *
   * @throws NotDifferentiableError for an atom without a vector-Jacobian product between y and an x; NotNumericError;
   * VjpFailedError.
   * @example const [delta, vega] = await graph.adjoint(price, [spot, volatility]);
   */
  async adjoint<Y, const Xs extends readonly Ref[]>(
    y: Ref<Y>,
    xs: Xs,
    options: AdjointOptions<Y> = {},
  ): Promise<Derivatives<Y, Xs>> {
    const swept = {
      structure: this.structure,
      session: this.#session,
      value: (node: number) => this.#values.get(node),
      given: (node: number) => this.#data.given.has(node),
      calc: (targets: readonly Ref[]) => this.calc(targets),
    };
    return (await adjoint(swept, y, xs, options as AdjointOptions)) as Derivatives<Y, Xs>;
  }

  /**
   * Runs a graph with sources batch by batch: an async iterable of what the target gives in each. A batch is pulled from
   * the source when an output is asked for, never before. Nodes that depend on no source and no state are computed once.
   *
   * @throws StreamSourceError where sources and batches don't fit; StreamStateError for a state saved from another stream;
   * RuleFailedError, CycleError. While it runs: AtomFailedError with `fields.batch`, StreamSourceError, CancelledError;
   * they end the stream, and `stream.state()` is that of the last whole batch.
   * @example
   * for await (const mean of graph.stream(stream.average(price), { source: [1, 2, 6] })) console.log(mean); // 1, 1.5, 3
   */
  stream<T>(target: Ref<T>, options: StreamOptions): Stream<T>;
  stream<T>(targets: readonly Ref<T>[], options: StreamOptions): Stream<T[]>;
  stream(targets: Ref | readonly Ref[], options: StreamOptions): Stream<unknown> {
    return startStream(this.#data, (refs) => this.calc(refs), targets, options);
  }

  stats(): GraphStats {
    return graphStats(this.structure, this.#values, this.#data.runs);
  }

  /** Lets go of the values and of the folder cold ones went to. */
  close(): void {
    this.#values.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #find(name: NodeName): number {
    if (typeof name !== "string") return this.structure.table.find(nodeWords(name));
    return /^[0-9a-f]{32}$/.test(name) ? this.structure.table.find(hexToId(name)) : -1;
  }
}

/** Makes an empty graph. */
export function createGraph(options: GraphOptions = {}): Graph {
  return new Graph(options);
}
