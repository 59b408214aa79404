import { GraphvmError } from "../errors.js";
import { atomFailure } from "../graph/atom-failure.js";
import type { Plan } from "./plan.js";
import { BEFORE_FIRST } from "./stream-atom.js";

/** The error of a node in a batch: its node, rule, path and batch number, and what was thrown as cause. */
export function batchFailure(error: unknown, plan: Plan, index: number, batch: number): Error {
  const failure = atomFailure(error, plan.structure, plan.nodes[index]!, pathTo(plan, index));
  if (!(failure instanceof GraphvmError) || failure.fields.batch !== undefined) return failure;
  const type = failure.constructor as typeof GraphvmError;
  const where = batch === BEFORE_FIRST ? "before the first batch" : `in batch ${batch}`;
  const fields = batch === BEFORE_FIRST ? failure.fields : { ...failure.fields, batch };
  const copy = new type(`${failure.message} (${where})`, fields, { cause: failure.cause, code: failure.code });
  if (failure.stack !== undefined) copy.stack = failure.stack;
  return copy;
}

/** The nodes from one that was asked for down to the failed one. Levels fall along the way, so there is no ring. */
function pathTo(plan: Plan, index: number): number[] {
  const first = plan.constants.length;
  const above = new Map<number, number | undefined>();
  const queue: number[] = [];
  const visit = (slot: number, from: number | undefined): void => {
    if (slot < first || above.has(slot - first)) return;
    above.set(slot - first, from);
    queue.push(slot - first);
  };
  for (const slot of plan.targets) visit(slot, undefined);
  for (let at = 0; at < queue.length && !above.has(index); at++) {
    const i = queue[at]!;
    for (let k = plan.starts[i]!; k < plan.starts[i + 1]!; k++) visit(plan.edges[k]!, i);
  }
  const path: number[] = [];
  for (let i: number | undefined = index; i !== undefined; i = above.get(i)) path.push(plan.nodes[i]!);
  return path.reverse();
}
