import { AsyncResource } from "node:async_hooks";
import { quietly } from "@graphvm/engine/internal";

// made while the package loads: what runs in it belongs to no atom, whichever needed it first
const outside = new AsyncResource("graphvm");

/**
 * Runs what graphvm does for an atom and the atom has declared, such as starting its Python: neither that nor what follows
 * from it later counts as a read of the atom's.
 */
export function ownWork<T>(work: () => T): T {
  return quietly(() => outside.runInAsyncScope(work));
}
