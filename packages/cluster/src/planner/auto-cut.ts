import type { Structure } from "@graphvm/engine/internal";
import { type Cut, type CutJob, cutGraph } from "./cut.js";
import { findForks } from "./forks.js";

/** So many branches are cut at most: a job costs about as much as a thousand small atoms. */
const MOST = 4096;

/**
 * Cuts a graph where it forks, without being told rules: branches that can be computed side by side become jobs, and
 * what they share. A function of the graph alone, so that a replay cuts in the same places: a change of it, or of what
 * counts as a fork, needs a behaviour flag. Where branches share so much that most jobs would be what lies between them,
 * the forks that gain least are left out.
 */
export function autoCut(graph: Structure, order: Uint32Array, cut: Omit<Cut, "cut">): CutJob[] {
  const named = new Set<string>();
  const forks = upTo(MOST, findForks(graph, order, cut.roots), isCopied(graph, cut.noCopy));
  const uncut = cutGraph(graph, order, { ...cut, cut: named });
  for (let count = forks.length; count > 0; count = Math.floor(count / 2)) {
    const chosen = forks.slice(0, count).flat();
    const jobs = cutGraph(graph, order, { ...cut, cut: named, nodes: chosen });
    if (jobs.length <= uncut.length + 2 * chosen.length) return jobs;
  }
  return uncut;
}

/** The branches of forks, as long as there are not too many. */
function upTo(most: number, forks: ReturnType<typeof findForks>, mayCut: (node: number) => boolean): number[][] {
  let left = most;
  const taken: number[][] = [];
  for (const { branches } of forks) {
    const nodes = branches.filter(mayCut);
    if (nodes.length < 2 || nodes.length > left) continue;
    left -= nodes.length;
    taken.push(nodes);
  }
  return taken;
}

/** What is never copied is no good place to cut: whoever needs it would have to run where it lies. */
function isCopied({ table }: Structure, noCopy: ReadonlySet<string>): (node: number) => boolean {
  return (node) => {
    const rule = table.rule(node)!;
    return !noCopy.has(`${rule.ns}.${rule.name}`);
  };
}
