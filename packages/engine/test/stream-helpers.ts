import {
  type AtomFunction,
  createGraph,
  defineStateful,
  type Graph,
  type Ref,
  type Stream,
  type StreamSource,
  streamSource,
} from "@graphvm/engine";
import { call, rule } from "./helpers.js";

export const source = rule<[string], number>("source", (name) => streamSource(name));

/** A node that runs `fn` on values: one of a rule of its own. */
export const node = <T = number>(name: string, fn: AtomFunction, ...deps: readonly Ref[]): Ref<T> =>
  rule<[...Ref[]], T>(name, () => call(fn, [], deps))(...deps);

/** The sum of all values so far. */
export const total = defineStateful({
  state: () => ({ total: 0 }),
  next: (s: { total: number }, x: number) => ({ state: { total: s.total + x }, value: s.total + x }),
});

export const totalOf = (x: Ref<number>): Ref<number> => node("total", total, x);

/** Everything a stream gives. */
export async function drain<T>(stream: Stream<T>): Promise<T[]> {
  const outputs: T[] = [];
  for await (const output of stream) outputs.push(output);
  return outputs;
}

export const run = <T>(ref: Ref<T>, from: StreamSource, graph: Graph = createGraph()): Promise<T[]> =>
  drain(graph.stream(ref, { source: from }));

/** Numbers from 0, counting how many were pulled and whether it was closed. */
export function counted(n = Number.POSITIVE_INFINITY): {
  pulled: number;
  closed: number;
  [Symbol.iterator](): Generator<number>;
} {
  return {
    pulled: 0,
    closed: 0,
    *[Symbol.iterator]() {
      try {
        for (let i = 0; i < n; i++) {
          this.pulled++;
          yield i;
        }
      } finally {
        this.closed++;
      }
    },
  };
}

/** A promise and what settles it. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
