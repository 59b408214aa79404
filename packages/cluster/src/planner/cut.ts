import type { Structure } from "@graphvm/engine/internal";
import type { Constraints } from "./constraints.js";

/** Where a graph is cut: by the roots and by rule names. A function of the graph and these sets alone. */
export interface Cut {
  readonly roots: readonly number[];
  /** Rules (`namespace.rule`) whose nodes become jobs. */
  readonly cut: ReadonlySet<string>;
  /** More nodes that become jobs. */
  readonly nodes?: readonly number[];
  /** Rules whose values are never copied between workers. */
  readonly noCopy: ReadonlySet<string>;
  /** Where nodes may run, and which values leave their plane. */
  readonly constraints?: Constraints;
}

/** A job as the cut finds it, by node handles. */
export interface CutJob {
  readonly node: number;
  readonly inputs: readonly number[];
  readonly pin: number | undefined;
  readonly noCopy: boolean;
  /** The nodes it computes, itself included. */
  readonly nodes: readonly number[];
}

const NONE = 0xffffffff;
const MANY = 0xfffffffe;

/**
 * Cuts a graph into jobs, in topological order.
 *
 * - Roots, nodes of cut rules, and nodes that are named, are jobs.
 * - A node that is no leaf and that two jobs reach becomes a job itself, unless its rule is `noCopy`: then each of them
 *   computes it again.
 * - A node with other labels than what needs it becomes a job; so does one whose value leaves the plane it was made in.
 * - A node that depends on a `noCopy` job becomes a job too and runs where that value lies.
 *
 * `order` lists every reachable node, dependencies first.
 */
export function cutGraph(
  graph: Structure,
  order: Uint32Array,
  { roots, cut, nodes = [], noCopy, constraints }: Cut,
): CutJob[] {
  const ruleName = (node: number): string => {
    const rule = graph.table.rule(node);
    return rule ? `${rule.ns}.${rule.name}` : "";
  };
  const { isJob, isNoCopy, owner } = columns(graph.table.size, order);
  for (const node of order) {
    const name = ruleName(node);
    if (noCopy.has(name)) isNoCopy[node] = 1;
    if (cut.has(name) || constraints?.exports(node)) isJob[node] = 1;
  }
  for (const root of roots) isJob[root] = 1;
  for (const node of nodes) isJob[node] = 1;

  const pins = new Map<number, number>();
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const count = graph.count(node);
    if (isJob[node] === 0 && isNoCopy[node] === 0 && owner[node] === MANY && count > 0) isJob[node] = 1;
    for (let d = 0; d < count; d++) {
      const dependency = graph.dependency(node, d);
      if (constraints?.any && moves(constraints, node, dependency)) isJob[dependency] = 1;
      if (isJob[dependency] === 1 && isNoCopy[dependency] === 1 && !pins.has(node)) {
        isJob[node] = 1;
        pins.set(node, dependency);
      }
    }
    const own = isJob[node] === 1 ? node : owner[node]!;
    for (let d = 0; d < count; d++) {
      const dependency = graph.dependency(node, d);
      owner[dependency] = owner[dependency] === NONE || owner[dependency] === own ? own : MANY;
    }
  }
  const jobs: CutJob[] = [];
  for (const node of order) {
    if (isJob[node] === 0) continue;
    const pin = pins.get(node);
    const reach = reachOf(graph, node, (other) => isJob[other] === 1 && (isNoCopy[other] === 0 || other === pin));
    jobs.push({ node, pin, noCopy: isNoCopy[node] === 1, ...reach });
  }
  return jobs;
}

/** Whether a dependency must run elsewhere than what needs it. */
function moves(constraints: Constraints, node: number, dependency: number): boolean {
  const on = constraints.on(dependency);
  return on !== undefined && on !== constraints.on(node);
}

/** Columns over node handles, kept from one cut to the next: a small graph costs the same beside a large one. */
let kept = { isJob: new Uint8Array(0), isNoCopy: new Uint8Array(0), owner: new Uint32Array(0) };

function columns(size: number, order: Uint32Array): typeof kept {
  if (kept.owner.length < size) {
    const length = size * 2;
    kept = { isJob: new Uint8Array(length), isNoCopy: new Uint8Array(length), owner: new Uint32Array(length) };
  }
  for (const node of order) {
    kept.isJob[node] = 0;
    kept.isNoCopy[node] = 0;
    kept.owner[node] = NONE;
  }
  return kept;
}

/** The nodes a job computes and the jobs below them that it needs. */
function reachOf(
  graph: Structure,
  job: number,
  isInput: (node: number) => boolean,
): { inputs: number[]; nodes: number[] } {
  const inputs = new Set<number>();
  const nodes = new Set([job]);
  const stack = [job];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (let d = 0, count = graph.count(node); d < count; d++) {
      const dependency = graph.dependency(node, d);
      if (isInput(dependency)) inputs.add(dependency);
      else if (!nodes.has(dependency)) {
        nodes.add(dependency);
        stack.push(dependency);
      }
    }
  }
  return { inputs: [...inputs].sort((a, b) => a - b), nodes: [...nodes] };
}
