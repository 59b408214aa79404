import { AtomContext, type AtomSession, enterAtom, leaveAtom } from "../atom/current-atom.js";
import { GraphvmError } from "../errors.js";
import type { Op } from "../graph/op.js";
import type { Structure } from "../graph/structure.js";
import type { Between } from "./between.js";
import type { Cotangents } from "./cotangents.js";
import { foldVjpOf, type Numeric, vjpOf } from "./differentiable.js";
import { describeValue, notDifferentiable, notNumeric, vjpFailed } from "./failures.js";

/** What a reverse sweep needs of a graph: its nodes, their values, and what is fixed inside atoms. */
export interface Swept {
  readonly structure: Structure;
  readonly session: AtomSession;
  value(node: number): unknown;
  /** Whether the node's value came from outside: it depends on nothing then. */
  given(node: number): boolean;
}

type FunctionOp = Extract<Op, { readonly kind: "apply" | "all" }>;
type FoldOp = Extract<Op, { readonly kind: "fold" }>;

/** One reverse sweep: passes the cotangents of each node on to those of its dependencies that lead to an x. */
export class PullBack {
  readonly #graph: Swept;
  readonly #between: Between;
  readonly #cotangents: Cotangents;

  constructor(graph: Swept, between: Between, cotangents: Cotangents) {
    this.#graph = graph;
    this.#between = between;
    this.#cotangents = cotangents;
  }

  /** The node's own value, which must be a number or a vector of doubles. */
  value(node: number): Numeric {
    const value = this.#graph.value(node);
    if (typeof value === "number" || value instanceof Float64Array) return value;
    throw notNumeric(this.#graph.structure, this.#between, node, value);
  }

  /** @throws NotDifferentiableError, NotNumericError, VjpFailedError */
  pass(node: number): void {
    const op = this.#graph.structure.opOf(node);
    const output = this.value(node);
    if (op.kind === "alias") this.#alias(node, output);
    else if (op.kind === "fold") this.#rows(node, output, this.#foldRow(node, op, output));
    else this.#rows(node, output, this.#functionRow(node, op, output));
  }

  #alias(node: number, output: Numeric): void {
    const target = this.#graph.structure.dependency(node, 0);
    this.#cotangents.reach(target);
    for (let row = 0; row < this.#cotangents.rows; row++) {
      const cotangent = this.#cotangents.row(node, row, output);
      if (cotangent !== undefined) this.#cotangents.add(target, row, output, cotangent);
    }
  }

  /**
   * Runs `pull` for each seed whose cotangent is not zero. Where all are, it runs once for what it says of the structure:
   * whether an atom without a vector-Jacobian product lies further on must not depend on values.
   */
  #rows(node: number, output: Numeric, pull: (cotangent: Numeric, row: number) => void): void {
    let passed = false;
    for (let row = 0; row < this.#cotangents.rows; row++) {
      const cotangent = this.#cotangents.row(node, row, output);
      if (cotangent === undefined) continue;
      this.#inContext(node, pull, cotangent, row);
      passed = true;
    }
    if (!passed) this.#inContext(node, pull, typeof output === "number" ? 0 : new Float64Array(output.length), -1);
  }

  #functionRow(node: number, op: FunctionOp, output: Numeric): (cotangent: Numeric, row: number) => void {
    const { structure } = this.#graph;
    const vjp = vjpOf(op.fn);
    if (!vjp) throw notDifferentiable(structure, this.#between, node);
    const count = structure.count(node);
    const inputs = new Array<unknown>(count);
    for (let i = 0; i < count; i++) inputs[i] = this.#graph.value(structure.dependency(node, i));
    return (cotangent, row) => {
      const result: unknown = vjp(cotangent, inputs, output, op.params);
      if (!Array.isArray(result) || result.length !== count)
        throw this.#failed(node, `gave ${describeValue(result)} where an array of ${count} cotangents was due`);
      for (let i = 0; i < count; i++) this.#give(node, i, row, inputs[i], result[i]);
    };
  }

  #foldRow(node: number, op: FoldOp, output: Numeric): (cotangent: Numeric, row: number) => void {
    const { structure } = this.#graph;
    const vjp = foldVjpOf(op.fold);
    if (!vjp) throw notDifferentiable(structure, this.#between, node);
    const count = structure.count(node);
    return (cotangent, row) => {
      for (let i = 0; i < count; i++) {
        const dependency = structure.dependency(node, i);
        if (!this.#between.holds(dependency)) continue;
        const input = this.#graph.value(dependency);
        this.#give(node, i, row, input, vjp(cotangent, input, output, i, count));
      }
    };
  }

  /** Adds what a vector-Jacobian product gave for one dependency. Null says that nothing flows there. */
  #give(node: number, index: number, row: number, input: unknown, given: unknown): void {
    const dependency = this.#graph.structure.dependency(node, index);
    if (!this.#between.holds(dependency) || given === null) return;
    if (typeof input === "number") {
      if (typeof given !== "number")
        throw this.#failed(node, `gave ${describeValue(given)} for input ${index}, which is a number`);
    } else if (!(input instanceof Float64Array)) {
      throw notNumeric(this.#graph.structure, this.#between, dependency, input);
    } else if (!(given instanceof Float64Array) || given.length !== input.length) {
      const due = describeValue(input);
      throw this.#failed(node, `gave ${describeValue(given)} for input ${index}, which is ${due}`);
    }
    this.#cotangents.reach(dependency);
    if (row >= 0) this.#cotangents.add(dependency, row, input, given as Numeric);
  }

  #inContext(node: number, pull: (cotangent: Numeric, row: number) => void, cotangent: Numeric, row: number): void {
    const { session, structure } = this.#graph;
    const outer = enterAtom(new AtomContext(session, structure.table, node));
    try {
      pull(cotangent, row);
    } catch (error) {
      throw namesNode(error) ? error : this.#failed(node, undefined, error);
    } finally {
      leaveAtom(outer);
    }
  }

  #failed(node: number, what: string | undefined, cause?: unknown): Error {
    return vjpFailed(this.#graph.structure, this.#between, node, what, cause);
  }
}

/** Whether the error is one of ours that says already where it happened. */
const namesNode = (error: unknown): boolean => error instanceof GraphvmError && error.fields.node !== undefined;
