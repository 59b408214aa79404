import { apply, createGraph, namespace, type Op, type Ref, rule, stream } from "@graphvm/rules";

const add = (a: number, b: number): number => (a + b) / 2;
const own = namespace("bench", {
  /** A chain of `n` nodes over two neighbours each. */
  mix: rule(
    (x: Ref<number>, n: number): Op<number> =>
      n === 0 ? apply((v: number) => v)(x) : apply(add)(n > 1 ? own.mix(x, n - 2) : x, own.mix(x, n - 1)),
  ),
  spread: rule(
    (x: Ref<number>): Op<number> =>
      apply((window: readonly number[], mean: number) => window[window.length - 1]! - mean)(
        stream.sliding(x, 10),
        stream.average(x),
      ),
  ),
});

const x = stream.source<number>("x");

/** What is streamed: the running average; windows and state over it; and a graph of a thousand nodes. */
export const WORKS: { readonly [name: string]: { readonly target: () => Ref<number>; readonly batches: number } } = {
  average: { target: () => stream.average(x), batches: 1_000_000 },
  spread: { target: () => stream.average(own.spread(x)), batches: 1_000_000 },
  "1,000 nodes": { target: () => stream.average(own.mix(x, 998)), batches: 10_000 },
};

/** What one run of a stream, and of the same graph in a batch, came to. */
export interface StreamRun {
  readonly batches: number;
  readonly nodes: number;
  readonly streamSeconds: number;
  readonly batchSeconds: number;
  /** What lives on the heap after 1,000 batches and after the last, in bytes. */
  readonly heapStart: number;
  readonly heapEnd: number;
  /** The largest resident memory by the end of the stream, and by the end of the batch behind it. */
  readonly peakBytes: number;
  readonly batchPeakBytes: number;
  readonly equal: boolean;
}

const price = (i: number): number => (i * 7919) % 1009;

function* prices(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield price(i);
}

/** Streams a work once, and then computes it in a batch. */
export async function runStream(name: string, collect: () => void): Promise<StreamRun> {
  const { target, batches } = WORKS[name]!;
  const heap = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const graph = createGraph();
  const outputs = graph.stream(target(), { source: prices(batches) });
  let last = Number.NaN;
  for (let i = 0; i < 1000; i++) last = (await outputs.next()).value ?? Number.NaN;
  const heapStart = heap();
  const start = performance.now();
  for await (const output of outputs) last = output;
  const streamSeconds = (performance.now() - start) / 1000;
  const heapEnd = heap();
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const list = Float64Array.from({ length: batches }, (_, i) => price(i));
  const begin = performance.now();
  const inBatch = await graph.calc(stream.final(target(), list));
  const batchSeconds = (performance.now() - begin) / 1000;
  const nodes = graph.stats().nodes - 1;
  const batchPeakBytes = process.resourceUsage().maxRSS * 1024;
  const equal = Object.is(last, inBatch);
  return { batches, nodes, streamSeconds, batchSeconds, heapStart, heapEnd, peakBytes, batchPeakBytes, equal };
}
