import { describeParams } from "@graphvm/engine/internal";
import type { PlannerGraph } from "./planner-graph.js";

/** A graph to be drawn. Above a number of nodes it is folded: one box a rule. */
export interface GraphPicture {
  readonly folded: boolean;
  readonly nodes: readonly PictureNode[];
  /** Pairs of positions in `nodes`: dependency, dependent; folded, with how many edges it stands for. */
  readonly edges: readonly (readonly [from: number, to: number, count: number])[];
}

export interface PictureNode {
  readonly rule: string;
  readonly label: string;
  /** How many nodes the box stands for. */
  readonly count: number;
  /** The job that computes it, and whether it is that job's own node; absent where folded. */
  readonly job?: string;
  readonly isJob?: boolean;
}

export function drawGraph(graph: PlannerGraph, fold: number): GraphPicture {
  return graph.jobOf.size > fold ? folded(graph) : whole(graph);
}

function whole({ structure, jobOf }: PlannerGraph): GraphPicture {
  const at = new Map(Array.from(jobOf.keys(), (node, i) => [node, i] as const));
  const nodes = [...at.keys()].map((node): PictureNode => {
    const ref = structure.table.ref(node)!;
    const job = jobOf.get(node)!;
    const rule = `${ref.ns}.${ref.name}`;
    const label = `${rule}(${describeParams(ref.params, 24)})`;
    return { rule, label, count: 1, job: structure.table.idHex(job), isJob: job === node };
  });
  const edges: [number, number, number][] = [];
  for (const [node, to] of at) {
    for (const dependency of new Set(structure.dependencies(node))) {
      const from = at.get(dependency);
      if (from !== undefined) edges.push([from, to, 1]);
    }
  }
  return { folded: false, nodes, edges };
}

function folded({ structure, jobOf }: PlannerGraph): GraphPicture {
  const index = new Map<string, number>();
  const counts: number[] = [];
  const edges = new Map<string, number>();
  const ruleAt = (node: number): number => {
    const rule = structure.table.rule(node)!;
    const name = `${rule.ns}.${rule.name}`;
    const known = index.get(name) ?? counts.push(0) - 1;
    index.set(name, known);
    return known;
  };
  for (const node of jobOf.keys()) {
    const to = ruleAt(node);
    counts[to]!++;
    for (const dependency of structure.dependencies(node)) {
      const key = `${ruleAt(dependency)},${to}`;
      edges.set(key, (edges.get(key) ?? 0) + 1);
    }
  }
  const nodes = [...index].map(([rule, i]) => ({ rule, label: rule, count: counts[i]! }));
  return {
    folded: true,
    nodes,
    edges: [...edges].map(([key, count]) => {
      const [from, to] = key.split(",").map(Number) as [number, number];
      return [from, to, count] as const;
    }),
  };
}
