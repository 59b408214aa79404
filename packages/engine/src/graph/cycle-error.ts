import { CycleError } from "../errors.js";
import { describeRef } from "../identity/describe.js";
import type { Structure } from "./structure.js";

/** The error for nodes that depend on each other in a ring. */
export function cycleError(structure: Structure, nodes: readonly number[]): CycleError {
  const refs = nodes.map((node) => structure.table.ref(node)).map((ref) => (ref ? describeRef(ref, 40) : "?"));
  return new CycleError(`These nodes depend on each other: ${refs.join(" -> ")}. Break the ring in one of the rules.`, {
    cycle: refs,
  });
}
