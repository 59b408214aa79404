import type { Structure } from "./structure.js";
import type { ValueStore } from "./value-store.js";

/** What a graph holds. */
export interface GraphStats {
  readonly nodes: number;
  readonly edges: number;
  /** Nodes whose rule has run. */
  readonly expanded: number;
  /** Nodes that have a value. */
  readonly computed: number;
  /** How many times an atom ran. */
  readonly runs: number;
  /** Memory in columns and slabs, what is known of objects, and bytes that lie in the spill folder. */
  readonly bytes: { readonly structure: number; readonly values: number; readonly spilled: number };
  /** Nodes of each rule, most first, then by name. */
  readonly rules: { readonly [rule: string]: number };
}

export function graphStats(structure: Structure, values: ValueStore, runs: number): GraphStats {
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
    computed: values.size,
    runs,
    bytes: { structure: structure.bytes, values: values.bytes, spilled: values.spilledBytes },
    rules: Object.fromEntries(sorted),
  };
}
