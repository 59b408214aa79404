import type { Structure } from "./structure.js";

/** What a graph holds. */
export interface GraphStats {
  readonly nodes: number;
  readonly edges: number;
  /** Nodes whose rule has run. */
  readonly expanded: number;
  /** Nodes that have a value. */
  readonly computed: number;
  /** Nodes of each rule, most first, then by name. */
  readonly rules: { readonly [rule: string]: number };
}

export function graphStats(structure: Structure, computed: number): GraphStats {
  const counts = new Map<string, number>();
  for (let node = 0; node < structure.table.size; node++) {
    const rule = structure.table.rule(node);
    const name = rule ? `${rule.ns}.${rule.name}` : "(imported)";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return {
    nodes: structure.table.size,
    edges: structure.edges,
    expanded: structure.expanded,
    computed,
    rules: Object.fromEntries(sorted),
  };
}
