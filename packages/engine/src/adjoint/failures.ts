import type { Structure } from "../graph/structure.js";
import { describeRef } from "../identity/describe.js";
import type { Between } from "./between.js";
import { NotDifferentiableError, NotNumericError, VjpFailedError } from "./errors.js";

/** The last rules of a path that an error names. */
const SHOWN = 20;

export function notDifferentiable(structure: Structure, between: Between, node: number): NotDifferentiableError {
  const { name, way, fields } = place(structure, between, node);
  return new NotDifferentiableError(
    `${name} has no vector-Jacobian product, and lies on the way to an x (${way}): make its atom with differentiable(...).`,
    fields,
  );
}

export function notNumeric(structure: Structure, between: Between, node: number, value: unknown): NotNumericError {
  const { name, way, fields } = place(structure, between, node);
  const type = describeValue(value);
  return new NotNumericError(
    `The value of ${name} is ${type} (${way}): only numbers and Float64Arrays can be differentiated.`,
    { ...fields, type },
  );
}

/** `what` completes "the vector-Jacobian product of …"; without it the error is that `cause` was thrown. */
export function vjpFailed(
  structure: Structure,
  between: Between,
  node: number,
  what: string | undefined,
  cause: unknown,
): VjpFailedError {
  const { name, fields } = place(structure, between, node);
  const said = what ?? `failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new VjpFailedError(`The vector-Jacobian product of ${name} ${said}`, fields, { cause });
}

/** What kind of value it is, for a sentence. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${(value as Uint8Array).length}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return value.constructor?.name === "Object" ? "an object" : `a ${nameOf(value)}`;
  return value === undefined ? "nothing" : `a ${typeof value}`;
}

const nameOf = (value: object): string => value.constructor?.name ?? "object";

function place(structure: Structure, between: Between, node: number) {
  const ref = structure.table.ref(node);
  const rules = between.path(node).map((step) => {
    const rule = structure.table.rule(step);
    return rule ? `${rule.ns}.${rule.name}` : "?";
  });
  const path = rules.slice(-SHOWN);
  const way = `${rules.length > SHOWN ? "… -> " : ""}${path.join(" -> ")}`;
  const name = ref ? describeRef(ref) : structure.table.idHex(node);
  return { name, way, fields: { node: structure.table.idHex(node), rule: path.at(-1), path } };
}
