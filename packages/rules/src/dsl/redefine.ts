import type { Graph } from "@graphvm/engine";
import { NamespaceError } from "../errors.js";
import { namespaceInfo } from "./namespace.js";

/**
 * Gives a live graph another version of a namespace. Nodes of rules whose text changed run again when they are asked for,
 * and what depends on them as far as values change; everything else keeps its value. What a body calls outside itself is no
 * part of its text: `{ all: true }` runs every rule of the namespace again.
 *
 * @returns how many nodes have another rule now
 * @example
 * const price = namespace("price", { tax: rule((net: number): Op<number> => apply((n: number) => n * 0.2, net)()) });
 * redefine(graph, price);
 */
export function redefine(graph: Graph, namespace: object, options: { readonly all?: boolean } = {}): number {
  const info = namespaceInfo(namespace);
  if (!info) throw new NamespaceError("redefine() takes what namespace(...) returned.", {});
  return graph.redefine(info.rules.values(), options);
}
