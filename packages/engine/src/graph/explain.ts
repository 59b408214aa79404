import { given } from "../given.js";
import { describeParams, describeRef } from "../identity/describe.js";
import type { NodeData } from "./node-data.js";

/** What a graph knows of one node. */
export interface Explanation {
  readonly id: string;
  /** `namespace.rule`. */
  readonly rule: string;
  readonly params: string;
  /** The name it was given for people. */
  readonly label?: string;
  /** Of a rule with clauses: each one, and why it matched or didn't. */
  readonly clauses: readonly string[];
  /** What it depends on, in order; at most the first hundred. */
  readonly dependencies: readonly string[];
  readonly dependencyCount: number;
  /** `new`: only named; `expanded`: its rule ran; `computed`; `stale`: something below it changed. */
  readonly state: "new" | "expanded" | "computed" | "stale";
  /** Whether its value came from outside instead of an atom. */
  readonly given: boolean;
  /** How long its atom took, where the graph was made with `timings`. */
  readonly seconds?: number;
}

const SHOWN = 100;

export function explainNode(data: NodeData, node: number): Explanation {
  const { structure, values } = data;
  const { table } = structure;
  const rule = table.rule(node);
  const params = table.params(node);
  const dependencies = structure.dependencies(node);
  const computed = values.has(node);
  const label = table.labels.get(node);
  const seconds = data.seconds?.get(node);
  const name = (dependency: number): string => {
    const ref = table.ref(dependency);
    return ref ? describeRef(ref) : table.idHex(dependency);
  };
  return {
    id: table.idHex(node),
    rule: rule ? `${rule.ns}.${rule.name}` : "(known by its id alone)",
    params: describeParams(params),
    ...given({ label }),
    clauses: rule?.explain?.(params) ?? [],
    dependencies: Array.from(dependencies.subarray(0, SHOWN), name),
    dependencyCount: dependencies.length,
    state: computed ? (data.done(node) ? "computed" : "stale") : structure.isExpanded(node) ? "expanded" : "new",
    given: data.given.has(node),
    ...given({ seconds }),
  };
}
