import type { Structure } from "@graphvm/engine/internal";
import { Dominators } from "./dominators.js";

/** A place of a graph from which branches go that may be computed side by side. */
export interface Fork {
  /** How many nodes can be computed beside the longest way through the branches. */
  readonly gain: number;
  /** The nodes at the branches' ends. */
  readonly branches: readonly number[];
}

/** What a fork must keep off the longest way, at least: a part of the whole graph, and one of what its branches compute. */
interface Worth {
  readonly ofGraph: number;
  readonly ofBranches: number;
}

/** Of branches that are more than one node. */
const LARGE: Worth = { ofGraph: 1 / 64, ofBranches: 1 / 8 };
/** Where branches of one node count too, leaves for one: a job each only where the graph is hardly anything else. */
const SMALL: Worth = { ofGraph: 1 / 6, ofBranches: 1 / 2 };
/** Branches that need each other in longer chains are the steps of one computation. */
const LONGEST_CHAIN = 32;

/**
 * The forks of a graph, those that gain most first. A fork's branches are what hangs below one node and is needed for it
 * alone; that one branch needs another is allowed, and counts. A node counts one, whatever it costs: what was measured
 * would not be the same when a recording is replayed.
 */
export function findForks(graph: Structure, order: Uint32Array, roots: readonly number[]): Fork[] {
  const tree = new Dominators(graph, order, roots);
  const weight = weights(tree, order.length);
  const isSmall = (place: number): boolean => weight[place] === 1;
  const large = measure(tree, weight, LARGE, isSmall);
  const all = measure(tree, weight, SMALL, () => false);
  const accepted = new Map<number, { readonly gain: number; readonly small: boolean; readonly branches: number[] }>();
  // the top is no node: its branches, the roots, are jobs anyway
  for (let place = 0; place < order.length; place++) {
    const gains = { large: large(place), all: all(place) };
    const small = gains.all > 0 && gains.all >= 2 * gains.large;
    const gain = small ? gains.all : gains.large;
    if (gain > 0) accepted.set(place, { gain, small, branches: [] });
  }
  for (let place = 0; place < order.length; place++) {
    const fork = accepted.get(tree.above(place));
    if (fork && (fork.small || !isSmall(place))) fork.branches.push(order[place]!);
  }
  return [...accepted.values()].sort((a, b) => b.gain - a.gain);
}

/** How many nodes each node dominates, itself included. */
function weights(tree: Dominators, size: number): Uint32Array {
  const weight = new Uint32Array(size + 1).fill(1);
  for (let place = 0; place < size; place++) weight[tree.above(place)]! += weight[place]!;
  return weight;
}

/** What can be computed side by side below each node: how many nodes are off the longest way, 0 where it is not worth it. */
function measure(
  tree: Dominators,
  weight: Uint32Array,
  worth: Worth,
  skip: (place: number) => boolean,
): (fork: number) => number {
  const column = (): Uint32Array => new Uint32Array(tree.top + 1);
  /** Of a branch: the nodes on the longest way to its end through those it needs, and how many of them these are. */
  const [way, steps] = [column(), column()];
  /** Of a fork: all nodes of its branches, the longest way, the longest chain. */
  const [work, longest, chain] = [column(), column(), column()];
  for (let place = 0; place < tree.top; place++) {
    // what a branch needs stands before all of it, and is measured by now
    tree.eachDependency(place, (dependency) => {
      const fork = tree.above(dependency);
      if (fork === place || skip(dependency)) return;
      const branch = tree.branch(place, fork);
      way[branch] = Math.max(way[branch]!, way[dependency]!);
      steps[branch] = Math.max(steps[branch]!, steps[dependency]!);
    });
    way[place]! += weight[place]!;
    steps[place]! += 1;
    if (skip(place)) continue;
    const fork = tree.above(place);
    work[fork]! += weight[place]!;
    longest[fork] = Math.max(longest[fork]!, way[place]!);
    chain[fork] = Math.max(chain[fork]!, steps[place]!);
  }
  return (fork) => {
    const gain = work[fork]! - longest[fork]!;
    const least = Math.max(tree.top * worth.ofGraph, work[fork]! * worth.ofBranches);
    return chain[fork]! <= LONGEST_CHAIN && gain >= least ? gain : 0;
  };
}
