import type { Labels } from "@graphvm/engine";
import type { Structure } from "@graphvm/engine/internal";
import { LabelConflictError } from "../errors.js";
import type { Constraints } from "./constraints.js";
import type { CutJob } from "./cut.js";

/**
 * The labels a job's worker must have: those of every node it computes. The cut keeps different ones apart, but for nodes
 * that are never copied: they are computed beside who needs them.
 *
 * @throws LabelConflictError
 */
export function jobLabels(structure: Structure, constraints: Constraints, job: CutJob): Labels | undefined {
  if (!constraints.any) return undefined;
  const all = new Map<string, { readonly value: string; readonly node: number }>();
  const add = (node: number): void => {
    for (const [name, value] of Object.entries(constraints.on(node) ?? {})) {
      const other = all.get(name);
      if (other && other.value !== value)
        throw conflict(structure, other.node, node, `${name}=${other.value}`, `${name}=${value}`);
      all.set(name, { value, node });
    }
  };
  for (const node of job.nodes) add(node);
  if (job.pin !== undefined) checkPin(structure, constraints.on(job.pin) ?? {}, all, job);
  if (all.size === 0) return undefined;
  return Object.fromEntries([...all].map(([name, { value }]) => [name, value]));
}

/** What runs beside a value that is never copied can't ask for more than that value's job did. */
function checkPin(
  structure: Structure,
  pinned: Labels,
  all: ReadonlyMap<string, { readonly value: string; readonly node: number }>,
  job: CutJob,
): void {
  for (const [name, { value, node }] of all)
    if (pinned[name] !== value) throw conflict(structure, job.pin!, node, "another worker", `${name}=${value}`);
}

function conflict(structure: Structure, a: number, b: number, labelA: string, labelB: string): LabelConflictError {
  const name = (node: number): string => {
    const { ns, name: rule } = structure.table.rule(node)!;
    return `${ns}.${rule}`;
  };
  return new LabelConflictError(
    `The rule ${name(b)} must run on ${labelB}, and the value of ${name(a)}, which is never copied, lies on ${labelA}: let it be copied, or give both the same labels.`,
    { rules: [name(a), name(b)] },
  );
}
