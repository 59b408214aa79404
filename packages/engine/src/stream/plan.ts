import { ruleFailure } from "../graph/atom-failure.js";
import { cycleError } from "../graph/cycle-error.js";
import type { Op } from "../graph/op.js";
import type { Structure } from "../graph/structure.js";
import { Walk } from "../graph/walk.js";
import { sourceName } from "./source.js";
import { statefulOf } from "./stateful.js";

/**
 * What a stream does for each batch, made once. Slots hold values: first those of the constants, nodes that depend on no
 * source and no state and are computed once; then those that run in every batch, dependencies before dependents.
 */
export interface Plan {
  readonly structure: Structure;
  /** The nodes whose values are needed and never change: slots [0, constants.length). */
  readonly constants: readonly number[];
  /** The nodes that run in every batch: slot `constants.length + i` belongs to `nodes[i]`. */
  readonly nodes: Uint32Array;
  /** Their ops, without dependencies. */
  readonly ops: readonly Op[];
  /** The slots that `nodes[i]` depends on are `edges[starts[i], starts[i + 1])`. */
  readonly starts: Uint32Array;
  readonly edges: Uint32Array;
  /** The slots of the nodes asked for. */
  readonly targets: Uint32Array;
  /** The names of the sources, in the order they were met. */
  readonly sources: readonly string[];
}

interface Varying {
  readonly op: Op;
  /** One more than that of any dependency: nodes of a level don't depend on each other. */
  readonly level: number;
}

/** A graph that can be planned. */
export interface Plannable {
  readonly structure: Structure;
  /** Whether a node's value is there already. */
  done(node: number): boolean;
  /** Makes a node's dependencies known. */
  expand(node: number): void;
  takeOp(node: number): Op;
}

/**
 * Expands what the roots depend on and puts what runs in every batch in order: by level, and inside a level in the order
 * of the rules.
 *
 * @throws RuleFailedError, CycleError, ExpansionLimitError
 */
export function makePlan(graph: Plannable, roots: readonly number[]): Plan {
  const { structure } = graph;
  const varying = findVarying(graph, roots);
  const nodes = [...varying.keys()].sort((a, b) => varying.get(a)!.level - varying.get(b)!.level); // stable
  const constants = new Map<number, number>();
  const needed = (node: number): void => {
    if (!varying.has(node) && !constants.has(node)) constants.set(node, constants.size);
  };
  let edgeCount = 0;
  for (const node of nodes) {
    const count = structure.count(node);
    edgeCount += count;
    for (let i = 0; i < count; i++) needed(structure.dependency(node, i));
  }
  roots.forEach(needed);
  const slots = new Map(nodes.map((node, i) => [node, constants.size + i]));
  const slotOf = (node: number): number => slots.get(node) ?? constants.get(node)!;
  const starts = new Uint32Array(nodes.length + 1);
  const edges = new Uint32Array(edgeCount);
  nodes.forEach((node, i) => {
    const count = structure.count(node);
    for (let k = 0; k < count; k++) edges[starts[i]! + k] = slotOf(structure.dependency(node, k));
    starts[i + 1] = starts[i]! + count;
  });
  const ops = nodes.map((node) => varying.get(node)!.op);
  const sources = new Set(ops.flatMap((op) => (op.kind === "apply" ? (sourceName(op.fn) ?? []) : [])));
  return {
    structure,
    constants: [...constants.keys()],
    nodes: Uint32Array.from(nodes),
    ops,
    starts,
    edges,
    targets: Uint32Array.from(roots, slotOf),
    sources: [...sources],
  };
}

/** The nodes that depend on a source or on a state, or are one. */
function findVarying(graph: Plannable, roots: readonly number[]): Map<number, Varying> {
  const { structure } = graph;
  const varying = new Map<number, Varying>();
  const open = new Map<number, Op>();
  const finished = new Set<number>();
  const walk: Walk = new Walk(
    {
      done: (node) => {
        if (finished.has(node)) return true;
        if (open.has(node) || !graph.done(node)) return false;
        finished.add(node);
        return true;
      },
      enter: (node) => {
        if (open.has(node)) return;
        try {
          graph.expand(node);
          open.set(node, { ...graph.takeOp(node), deps: [] } as unknown as Op); // they are edges now
        } catch (error) {
          throw ruleFailure(error, structure, node, walk.path());
        }
      },
      count: (node) => structure.count(node),
      dependency: (node, index) => structure.dependency(node, index),
      leave: (node) => {
        const op = open.get(node)!;
        const level = levelOf(structure, node, op, varying);
        if (level >= 0) varying.set(node, { op, level });
        open.delete(node);
        finished.add(node);
        return undefined;
      },
      cycle: (ring) => cycleError(structure, ring),
    },
    roots,
  );
  walk.advance();
  return varying;
}

/** The level of a node that varies; -1 for one that doesn't. */
function levelOf(structure: Structure, node: number, op: Op, varying: ReadonlyMap<number, Varying>): number {
  const own = "fn" in op && (statefulOf(op.fn) !== undefined || sourceName(op.fn) !== undefined);
  let level = own ? 0 : -1;
  const count = structure.count(node);
  for (let i = 0; i < count; i++) {
    const below = varying.get(structure.dependency(node, i));
    if (below) level = Math.max(level, below.level + 1);
  }
  return level;
}
