import { ExpansionLimitError, GraphvmError, RuleFailedError } from "../errors.js";
import { describeRef } from "../identity/describe.js";
import { Ref, type Rule } from "../identity/ref.js";
import { Consumers } from "./consumers.js";
import { uint32Column } from "./growable.js";
import { NodeTable } from "./node-table.js";
import { isOp, type Op } from "./op.js";

/** How far expansion may go before it counts as endless. */
export interface ExpansionLimits {
  readonly nodes: number;
  /** How many dependencies all nodes may have together. Default: 64 a node, and 16,777,216 at least. */
  readonly edges?: number;
  /** Checked now and then; throws to stop. */
  readonly check?: () => void;
}

const NOT_EXPANDED = 0xffffffff;

/** Which nodes there are and what they depend on: interned nodes and their edges, in compressed sparse rows. */
export class Structure {
  readonly table = new NodeTable();
  readonly limits: ExpansionLimits;
  readonly #edges = uint32Column();
  readonly #start = uint32Column();
  readonly #count = uint32Column();
  expanded = 0;
  #consumers: Consumers | undefined;

  constructor(limits: ExpansionLimits) {
    this.limits = limits;
  }

  get edges(): number {
    return this.#edges.length;
  }

  intern(ref: Ref): number {
    return this.#known(this.table.intern(ref));
  }

  internId(words: Uint32Array): number {
    return this.#known(this.table.internId(words));
  }

  isExpanded(node: number): boolean {
    return this.#start.data[node] !== NOT_EXPANDED;
  }

  count(node: number): number {
    return this.#count.data[node]!;
  }

  dependency(node: number, index: number): number {
    return this.#edges.data[this.#start.data[node]! + index]!;
  }

  dependencies(node: number): Uint32Array {
    if (!this.isExpanded(node)) return new Uint32Array(0);
    const start = this.#start.data[node]!;
    return this.#edges.data.slice(start, start + this.count(node));
  }

  /**
   * Runs the body of the node's rule and interns what it depends on.
   *
   * @throws RuleFailedError where the body throws or returns something else; ExpansionLimitError past the limits.
   */
  expand(node: number): Op {
    const rule = this.table.rule(node);
    if (!rule)
      throw new RuleFailedError(
        `Node ${this.table.idHex(node)} is known by its id alone: its value must be sent along.`,
        { node: this.table.idHex(node) },
      );
    return rule.within ? rule.within(() => this.#expandNow(node, rule)) : this.#expandNow(node, rule);
  }

  /** Who depends on whom, kept from the first call on. */
  keepConsumers(): Consumers {
    if (!this.#consumers) {
      const consumers = new Consumers();
      for (let node = 0; node < this.#start.length; node++) {
        if (this.isExpanded(node))
          for (let i = 0; i < this.count(node); i++) consumers.add(this.dependency(node, i), node);
      }
      this.#consumers = consumers;
    }
    return this.#consumers;
  }

  /** The op of an expanded node: runs its rule's body again and records nothing. */
  opOf(node: number): Op {
    const rule = this.table.rule(node)!;
    return rule.within ? rule.within(() => this.#runBody(node, rule)) : this.#runBody(node, rule);
  }

  get bytes(): number {
    return this.table.bytes + this.#edges.bytes + this.#start.bytes + this.#count.bytes + (this.#consumers?.bytes ?? 0);
  }

  #expandNow(node: number, rule: Rule): Op {
    const op = this.#runBody(node, rule);
    this.#record(node, op);
    return op;
  }

  #runBody(node: number, rule: Rule): Op {
    let result: Op | Ref;
    try {
      result = rule.expand(this.table.params(node));
    } catch (error) {
      throw this.#failed(node, error);
    }
    return this.#asOp(node, result);
  }

  #asOp(node: number, result: Op | Ref): Op {
    if (result instanceof Ref) return { kind: "alias", deps: [result] };
    if (isOp(result)) return result;
    const what = typeof result === "object" && result !== null && "then" in result ? "a promise" : typeof result;
    throw this.#failed(node, new TypeError(`the rule returned ${what}; a rule returns apply(...)(...) or a ref`));
  }

  #record(node: number, op: Op): void {
    const start = this.#edges.length;
    try {
      for (const dependency of op.deps) {
        if (!(dependency instanceof Ref)) throw noRef(this.#edges.length - start, dependency);
        this.#edges.push(this.intern(dependency));
        if ((this.#edges.length & 0xffff) === 0) this.#checkEdges(node);
      }
    } catch (error) {
      this.#edges.length = start;
      throw this.#failed(node, error);
    }
    if (!this.isExpanded(node)) this.expanded++;
    this.#start.data[node] = start;
    this.#count.data[node] = this.#edges.length - start;
    if (this.#consumers)
      for (let i = start; i < this.#edges.length; i++) this.#consumers.add(this.#edges.data[i]!, node);
    if ((this.expanded & 1023) === 0) this.limits.check?.();
  }

  /** A body that yields refs for ever: the same ref makes no new node. */
  #checkEdges(node: number): void {
    this.limits.check?.();
    const edges = this.limits.edges ?? Math.max(this.limits.nodes * 64, 16_777_216);
    if (this.#edges.length <= edges) return;
    throw new ExpansionLimitError(
      `The graph grew past ${edges.toLocaleString("en-US")} dependencies at ${this.#describe(node)}: a rule may never end; otherwise raise the limit.`,
      { edges, node: this.table.idHex(node) },
    );
  }

  #known(node: number): number {
    if (node < this.#start.length) return node;
    if (node >= this.limits.nodes) {
      throw new ExpansionLimitError(
        `The graph grew past ${this.limits.nodes.toLocaleString("en-US")} nodes at ${this.#describe(node)}: a rule may never end; otherwise raise the limit.`,
        { nodes: this.limits.nodes, node: this.table.idHex(node) },
      );
    }
    this.#start.push(NOT_EXPANDED);
    this.#count.push(0);
    return node;
  }

  #describe(node: number): string {
    const ref = this.table.ref(node);
    return ref ? describeRef(ref) : this.table.idHex(node);
  }

  #failed(node: number, error: unknown): unknown {
    if (error instanceof GraphvmError) return error; // says already what to do
    const message = error instanceof Error ? error.message : String(error);
    const rule = this.table.rule(node)!;
    return new RuleFailedError(
      `The rule ${this.#describe(node)} failed: ${message}`,
      { node: this.table.idHex(node), rule: `${rule.ns}.${rule.name}` },
      { cause: error },
    );
  }
}

function noRef(position: number, value: unknown): TypeError {
  const what = value === null ? "null" : Array.isArray(value) ? "an array" : `of type ${typeof value}`;
  return new TypeError(
    `dependency ${position} is no ref but ${what}: a value goes into the first brackets, as in apply(f, value)(ref)`,
  );
}
