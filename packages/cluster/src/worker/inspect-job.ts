import { createGraph, decodeValue, type Graph, GraphvmError } from "@graphvm/engine";
import { hexToId } from "@graphvm/engine/internal";
import * as v from "valibot";
import type { ProgramSet } from "../program/program-set.js";
import { bytesSchema, fileSchema, nodeIdSchema, readRefsSchema } from "../protocol.js";
import { type Methods, method } from "../rpc/peer.js";
import { PlacedInputs } from "./placed-inputs.js";

/** A node that a job computed, and the digest of its value. */
export type NodeDigest = readonly [id: string, rule: string, digest: string];

/** A question about the nodes of a job: where they end. */
export const nodesSchema = v.object({ id: nodeIdSchema, inputs: v.array(nodeIdSchema) });

const againSchema = v.object({
  id: nodeIdSchema,
  refs: readRefsSchema,
  inputs: v.array(v.object({ id: nodeIdSchema, bytes: v.nullable(bytesSchema) })),
  files: v.array(fileSchema),
});

/** What a compute thread has at hand. */
export interface ThreadState {
  readonly graph: Graph;
  readonly programs: ProgramSet;
  readonly session: { readonly seed: number; readonly epoch: number };
}

/** What a compute thread answers about jobs it has computed. */
export function inspectMethods(state: () => ThreadState): Methods {
  return {
    nodes: method(nodesSchema, ({ id, inputs }) => nodeDigests(state().graph, id, new Set(inputs))),
    again: method(againSchema, async ({ id, refs, inputs, files }) => {
      const { graph, programs, session } = state();
      const placed = new PlacedInputs();
      for (const file of files) placed.place(file);
      const fresh = createGraph({ ...session, inputs: placed });
      for (const input of inputs) {
        // a value that is never copied is taken from the graph it lies in
        fresh.setData(input.id, input.bytes ? decodeValue(input.bytes) : graph.getData(input.id));
      }
      const [ref] = await programs.read(refs);
      await fresh.calc(ref!);
      return nodeDigests(fresh, id, new Set(inputs.map((input) => input.id)));
    }),
  };
}

/** The digests of a job's nodes, dependencies first, itself last. Values that have no encoding have none. */
export function nodeDigests(graph: Graph, job: string, inputs: ReadonlySet<string>): NodeDigest[] {
  const { structure } = graph;
  const { table } = structure;
  const found: NodeDigest[] = [];
  const seen = new Set<number>();
  const stack: { node: number; next: number }[] = [{ node: table.find(hexToId(job)), next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { node } = top;
    if (top.next < structure.count(node)) {
      const dependency = structure.dependency(node, top.next++);
      if (!seen.has(dependency) && !inputs.has(table.idHex(dependency))) {
        seen.add(dependency);
        stack.push({ node: dependency, next: 0 });
      }
      continue;
    }
    stack.pop();
    const id = table.idHex(node);
    const digest = graph.hasData(id) ? digestOf(graph, id) : undefined;
    const rule = table.rule(node);
    if (digest !== undefined) found.push([id, rule ? `${rule.ns}.${rule.name}` : "", digest]);
  }
  return found;
}

function digestOf(graph: Graph, id: string): string | undefined {
  try {
    return graph.digest(id);
  } catch (error) {
    if (error instanceof GraphvmError) return undefined;
    throw error;
  }
}
