import { createGraph, type GraphStats } from "@graphvm/engine";
import { apply, dispatch, int, namespace, number, type Op, type Ref, rule, when } from "@graphvm/rules";

type Vec = Float64Array;

const LENGTH = 10;

function wsum(weights: readonly number[], a: Vec, b: Vec): Vec {
  const sum = new Float64Array(LENGTH);
  for (let i = 0; i < LENGTH; i++) sum[i] = weights[0]! * a[i]! + weights[1]! * b[i]!;
  return sum;
}

const randomVector = (length: number): Vec => Float64Array.from({ length }, () => Math.random());

// Written as a user writes it: recursive fib, sumEven with as many dependencies as n asks for.
const seq = namespace("seq", {
  fib: dispatch(
    when([int.max(1)], (): Op<Vec> => apply(randomVector, LENGTH)()),
    when([int], (n): Op<Vec> => apply(wsum, [0.7, 0.3])(seq.fib(n - 1), seq.fib(n - 2))),
    when([number], (x): Ref<Vec> => seq.fib(Math.floor(x))),
  ),
  sumEven: rule((n: number): Op<Vec> => apply.fold({ init: () => new Float64Array(LENGTH), step: add })(evens(n))),
});

function* evens(n: number): Iterable<Ref<Vec>> {
  for (let i = 0; i <= n; i += 2) yield seq.fib(i);
}

function add(sum: Vec, value: Vec): Vec {
  for (let i = 0; i < LENGTH; i++) sum[i] = sum[i]! + value[i]!;
  return sum;
}

/** What is measured: the sum of the even terms up to n, and the n-th term alone. */
export type Work = "s_n" | "y_n";

/** Builds and runs one graph, every value kept, digests not asked for. */
export async function runOnce(work: Work, n: number): Promise<{ seconds: number; stats: GraphStats }> {
  const start = performance.now();
  const graph = createGraph({ seed: 1 });
  await graph.calc(work === "s_n" ? seq.sumEven(n) : seq.fib(n));
  return { seconds: (performance.now() - start) / 1000, stats: graph.stats() };
}
