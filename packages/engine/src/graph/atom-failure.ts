import { AtomFailedError, GraphvmError } from "../errors.js";
import { describeRef } from "../identity/describe.js";
import type { Structure } from "./structure.js";

/**
 * The error of a node: what the atom threw, with the node's id, its rule, and the rules that led to it. An error that is
 * already one of ours keeps its class and code.
 */
export function atomFailure(error: unknown, structure: Structure, node: number, path: readonly number[]): Error {
  const ref = structure.table.ref(node);
  const name = ref ? describeRef(ref) : structure.table.idHex(node);
  const rules = path.slice(-20).map((step) => {
    const rule = structure.table.rule(step);
    return rule ? `${rule.ns}.${rule.name}` : "?";
  });
  const fields = { node: structure.table.idHex(node), rule: rules.at(-1), path: rules };
  if (error instanceof GraphvmError) {
    if (error.fields.node !== undefined) return error;
    const type = error.constructor as typeof GraphvmError;
    const placed = new type(
      `${error.message} (in ${name})`,
      { ...error.fields, ...fields },
      { cause: error.cause, code: error.code },
    );
    if (error.stack !== undefined) placed.stack = error.stack;
    return placed;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new AtomFailedError(`${name} failed: ${message}`, fields, { cause: error });
}
