import { type Op, Ref } from "@graphvm/engine";
import { type BatchList, matchLists, type StreamedPart, streamedPart } from "@graphvm/engine/internal";
import { apply } from "../dsl/apply.js";

/** Every batch of a source: a list, a typed array, or a node that has one for its value. */
export type AllBatches = BatchList | Ref<BatchList>;

/** The batches of a graph's one source, or of each of its sources by name. */
export type GivenBatches = AllBatches | { readonly [source: string]: AllBatches };

/**
 * The op that runs a stream in a batch: depends on the lists that are nodes, and on the nodes that the stream needs once,
 * which the graph shares with whatever else needs them.
 */
export function inBatch(target: Ref, batches: GivenBatches, give: "last" | "all"): Op {
  const part = streamedPart(target);
  const lists = matchLists<AllBatches>(part, batches as AllBatches, isList(batches));
  const nodes = lists.filter((list) => list instanceof Ref);
  return apply.all(async (values: readonly unknown[]) => {
    let next = 0;
    const given = lists.map((list) => (list instanceof Ref ? values[next++] : list) as BatchList);
    return runPart(part, given, values.slice(next), give);
  })([...nodes, ...part.constants]);
}

function isList(batches: GivenBatches): batches is AllBatches {
  return batches instanceof Ref || Array.isArray(batches) || ArrayBuffer.isView(batches);
}

async function runPart(
  part: StreamedPart,
  lists: readonly BatchList[],
  constants: readonly unknown[],
  give: "last" | "all",
): Promise<unknown> {
  for (const list of lists) {
    if (!Array.isArray(list) && !ArrayBuffer.isView(list))
      throw new TypeError("a source's batches are a list or a typed array");
  }
  return part.run(lists, constants, give);
}
