import { StreamOnlyError } from "../errors.js";
import type { AtomFunction, Op } from "../graph/op.js";

const SOURCE: unique symbol = Symbol("graphvm.source");

/**
 * What a rule returns that stands for a stream's batches: its value is the batch at hand of the source of that name.
 *
 * @example
 * const market = namespace("market", { price: rule((): Op<number> => streamSource("price")) });
 * for await (const price of graph.stream(market.price(), { source: { price: [100, 101] } })) console.log(price);
 */
export function streamSource<T>(name: string): Op<T> {
  const fn = (): never => {
    throw new StreamOnlyError(
      `The stream source "${name}" has no batches here: use graph.stream(ref, { source }), or stream.final(ref, batches) in a batch.`,
      { source: name },
    );
  };
  Object.defineProperty(fn, SOURCE, { value: name });
  return { kind: "apply", fn, params: [], deps: [] };
}

/** The name of the source this function stands for, or undefined for any other function. */
export function sourceName(fn: AtomFunction): string | undefined {
  return (fn as { [SOURCE]?: string })[SOURCE];
}
