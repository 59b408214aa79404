import type { Op, Ref } from "@graphvm/engine";
import { cycleError, Structure, Walk } from "@graphvm/engine/internal";
import { apply, namespace, rule } from "@graphvm/rules";

/** A graph drawn by hand: each node's rule and the nodes it depends on. The rule of a name is what stands before its digits. */
export interface Drawn {
  readonly [node: string]: readonly string[];
}

/** Makes the structure of a drawn graph as the planner would, and finds its nodes by name. */
export function draw(drawn: Drawn, roots: readonly string[]) {
  const one = (...values: unknown[]): unknown => values;
  const rules: { [rule: string]: (name: string) => Ref } = {};
  const make = (name: string): Ref => g[ruleOf(name)]!(name);
  for (const name of Object.keys(drawn)) {
    rules[ruleOf(name)] ??= rule(
      (node: string): Op => apply(one as (...args: unknown[]) => unknown)(...drawn[node]!.map(make)),
    );
  }
  const g = namespace("g", rules);
  const structure = new Structure({ nodes: 100_000 });
  const refs = roots.map(make);
  const handles = refs.map((ref) => structure.intern(ref));
  const order: number[] = [];
  const left = new Set<number>();
  const walk = new Walk(
    {
      done: (node) => left.has(node),
      enter: (node) => void (structure.isExpanded(node) || structure.expand(node)),
      count: (node) => structure.count(node),
      dependency: (node, index) => structure.dependency(node, index),
      leave: (node) => {
        left.add(node);
        order.push(node);
        return undefined;
      },
      cycle: (nodes) => cycleError(structure, nodes),
    },
    handles,
  );
  walk.advance();
  const nameOf = (node: number): string => String(structure.table.ref(node)!.params[0]);
  return { structure, order: Uint32Array.from(order), roots: handles, nameOf };
}

export const ruleOf = (name: string): string => name.replace(/\d+$/, "");
