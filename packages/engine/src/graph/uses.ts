import { ruleFailure } from "./atom-failure.js";
import { cycleError } from "./cycle-error.js";
import { uint8Column, uint32Column } from "./growable.js";
import type { NodeData } from "./node-data.js";
import { Walk } from "./walk.js";

/** How often each value will still be asked for. */
export interface Uses {
  /** The node ran: its dependencies are used once less, and go when nobody needs them any more. */
  used(node: number): void;
}

/**
 * Expands everything that must run for `roots` and counts consumers, so that a value can go as soon as its last consumer
 * ran. Roots and values from outside stay.
 */
export function countUses(data: NodeData, roots: readonly number[]): Uses {
  const { structure, values, given } = data;
  const uses = uint32Column();
  const seen = uint8Column();
  const keep = new Set(roots);
  const walk: Walk = new Walk(
    {
      done: (node) => data.done(node) || (node < seen.length && seen.data[node] === 1),
      enter: (node) => {
        try {
          data.expand(node);
        } catch (error) {
          throw ruleFailure(error, structure, node, walk.path());
        }
      },
      count: (node) => structure.count(node),
      dependency: (node, index) => structure.dependency(node, index),
      leave: (node) => {
        seen.cover(node);
        seen.data[node] = 1;
        for (let i = 0, count = structure.count(node); i < count; i++) {
          const dependency = structure.dependency(node, i);
          uses.cover(dependency);
          uses.data[dependency]!++;
        }
        return undefined;
      },
      cycle: (nodes) => cycleError(structure, nodes),
    },
    roots,
  );
  walk.advance();
  return {
    used: (node) => {
      for (let i = 0, count = structure.count(node); i < count; i++) {
        const dependency = structure.dependency(node, i);
        if (--uses.data[dependency]! === 0 && !keep.has(dependency) && !given.has(dependency))
          values.delete(dependency);
      }
    },
  };
}
