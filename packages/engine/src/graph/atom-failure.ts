import type { Inputs } from "../atom/inputs.js";
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
  const fields = place(structure, node, path);
  if (error instanceof GraphvmError)
    return error.fields.node === undefined ? copyWith(error, `${error.message} (in ${name})`, fields) : error;
  const message = error instanceof Error ? error.message : String(error);
  return new AtomFailedError(`${name} failed: ${message}`, fields, { cause: error });
}

/** The error of a rule's body, with the node's id, its rule, and the rules that led to it. */
export function ruleFailure(error: unknown, structure: Structure, node: number, path: readonly number[]): unknown {
  if (!(error instanceof GraphvmError) || error.fields.path !== undefined) return error;
  return copyWith(error, error.message, place(structure, node, path));
}

function place(structure: Structure, node: number, path: readonly number[]) {
  const rules = path.slice(-20).map((step) => {
    const rule = structure.table.rule(step);
    return rule ? `${rule.ns}.${rule.name}` : "?";
  });
  return { node: structure.table.idHex(node), rule: rules.at(-1), path: rules };
}

function copyWith(error: GraphvmError, message: string, fields: { readonly [name: string]: unknown }): GraphvmError {
  const type = error.constructor as typeof GraphvmError;
  const copy = new type(message, { ...error.fields, ...fields }, { cause: error.cause, code: error.code });
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}

/** An input that changed under an atom is why the atom failed. Looking also forgets the failed atom's inputs. */
export function changedInput(inputs: Inputs): unknown {
  try {
    inputs.check();
    return undefined;
  } catch (error) {
    return error;
  }
}
