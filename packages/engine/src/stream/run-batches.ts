import { type AtomSession, currentAtom } from "../atom/current-atom.js";
import { NoAtomError, StreamSourceError } from "../errors.js";
import type { Op } from "../graph/op.js";
import { Structure } from "../graph/structure.js";
import type { Ref } from "../identity/ref.js";
import { matchSources } from "./feeds.js";
import { makePlan, type Plan, type Plannable } from "./plan.js";
import { BatchRunner } from "./runner.js";

/** How far the part of a graph below a stream may expand before it counts as endless. */
const MAX_NODES = 100_000_000;

/** A list with every batch of a source. */
export type BatchList<T = unknown> = ArrayLike<T>;

/** A stream as part of a batch: what it computes for each batch, and the nodes whose values it needs once. */
export interface StreamedPart {
  readonly constants: readonly Ref[];
  /** The names of its sources. */
  readonly sources: readonly string[];
  /**
   * Inside an atom: every batch in order, in bounded memory; the output of the last one, or all of them. Random numbers
   * are those of `graph.stream` under the same seed.
   *
   * @throws StreamSourceError where lists and sources don't fit, or there is no last batch.
   */
  run(lists: readonly BatchList[], constants: readonly unknown[], give: "last" | "all"): Promise<unknown>;
}

/** Expands a ref that depends on stream sources, in a graph of its own. */
export function streamedPart(ref: Ref): StreamedPart {
  const structure = new Structure({ nodes: MAX_NODES });
  const plan = makePlan(plannable(structure), [structure.intern(ref)]);
  return {
    constants: plan.constants.map((node) => structure.table.ref(node)!),
    sources: plan.sources,
    run: (lists, constants, give) => runBatches(plan, lists, constants, give),
  };
}

/** A graph of its own has no values yet. */
function plannable(structure: Structure): Plannable {
  const ops = new Map<number, Op>();
  return {
    structure,
    done: () => false,
    expand: (node) => void ops.set(node, structure.expand(node)),
    takeOp: (node) => {
      const op = ops.get(node)!;
      ops.delete(node);
      return op;
    },
  };
}

/** Orders lists of batches by a part's sources: one list, or one for each source by name. */
export function matchLists<L>(part: StreamedPart, given: L | { readonly [name: string]: L }, single: boolean): L[] {
  return matchSources<L>(part.sources, given, single);
}

async function runBatches(
  plan: Plan,
  lists: readonly BatchList[],
  constants: readonly unknown[],
  give: "last" | "all",
): Promise<unknown> {
  const runner = new BatchRunner(plan, sessionHere(), give === "last");
  const { length } = shortest(lists);
  const outputs: unknown[] = [];
  const inputs: unknown[] = new Array(lists.length);
  runner.setConstants(constants);
  runner.begin();
  for (let batch = 0; batch < length; batch++) {
    for (let i = 0; i < lists.length; i++) inputs[i] = lists[i]![batch];
    const work = runner.run(inputs, batch);
    if (work) await work;
    if (give === "all") outputs.push(runner.outputs()[0]);
    else if (batch === length - 1) return runner.outputs()[0];
    runner.release();
  }
  if (give === "all") return outputs;
  throw new StreamSourceError("There are no batches, so there is no last one: use stream.outputs for a list.", {});
}

function sessionHere(): AtomSession {
  const atom = currentAtom();
  if (!atom) throw new NoAtomError("A stream's batches run inside an atom.", {});
  return atom.session;
}

/** Sources are read side by side, so the first that ends ends all. */
function shortest(lists: readonly BatchList[]): BatchList {
  return lists.reduce((a, b) => (b.length < a.length ? b : a));
}
