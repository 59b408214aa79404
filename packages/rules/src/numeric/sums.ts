import { differentiable, type Fold, type Numeric } from "@graphvm/engine";
import { checkLength, checkSameShape, map, zip } from "./shapes.js";

/** The sum of w_i x_i over any number of inputs of one shape: `apply(weightedSum, [0.7, 0.3])(a, b)`. */
export const weightedSum: <V extends Numeric>(weights: readonly number[], ...xs: V[]) => V = differentiable.withParams(
  (weights: readonly number[], ...xs: Numeric[]) => weighted(weights, xs),
  (c, _xs: Numeric[], _output, [weights]: [weights: readonly number[]]) => weights.map((w) => map(c, (v) => w * v)),
) as never;

/** The same for `apply.all`, where the inputs are many. */
export const weightedSumAll: <V extends Numeric>(weights: readonly number[], xs: readonly V[]) => V =
  differentiable.all(
    (weights: readonly number[], xs: readonly Numeric[]) => weighted(weights, xs),
    (c, _xs: readonly Numeric[], _output, [weights]: [weights: readonly number[]]) =>
      weights.map((w) => map(c, (v) => w * v)),
  ) as never;

/** The product of at least one input, for `apply.all`; inputs that are 0 have their derivatives too. */
export const product: <V extends Numeric>(xs: readonly V[]) => V = differentiable.all(
  (xs: readonly Numeric[]) => xs.slice(1).reduce((a, b) => zip(a, b, (x, y) => x * y), first(xs)),
  (c, xs: readonly Numeric[]) => {
    const times = (a: number, b: number): number => a * b;
    const after: Numeric[] = new Array(xs.length);
    after[xs.length - 1] = map(first(xs), () => 1);
    for (let i = xs.length - 2; i >= 0; i--) after[i] = zip(after[i + 1]!, xs[i + 1]!, times);
    let before = c;
    return xs.map((x, i) => {
      const cotangent = zip(before, after[i]!, times);
      before = zip(before, x, times);
      return cotangent;
    });
  },
) as never;

/** The sum of numbers, one at a time: `apply.fold(sum)(refs)`. Of none it is 0. */
export const sum: Fold<number, number> = differentiable.fold(
  { init: () => 0, step: (total: number, x: number) => total + x },
  (c) => c,
);

/** The sum of vectors of one length, one at a time. Of none it is empty. */
export const vectorSum: Fold<Float64Array, Float64Array | undefined, Float64Array> = differentiable.fold(
  { init: () => undefined as Float64Array | undefined, step: addTo, finish: (total) => total ?? new Float64Array(0) },
  (c) => c,
);

/** The state is the fold's own: it may be written to. */
function addTo(total: Float64Array | undefined, x: Float64Array): Float64Array {
  if (!total) return x.slice();
  checkSameShape(total, x);
  for (let i = 0; i < x.length; i++) total[i]! += x[i]!;
  return total;
}

function weighted(weights: readonly number[], xs: readonly Numeric[]): Numeric {
  checkLength("inputs of a weighted sum", xs.length, weights.length);
  return xs.slice(1).reduce<Numeric>(
    (total, x, i) => {
      const w = weights[i + 1]!;
      return zip(total, x, (t, v) => t + w * v);
    },
    map(first(xs), (v) => weights[0]! * v),
  );
}

function first(xs: readonly Numeric[]): Numeric {
  checkLength("inputs", Math.min(xs.length, 1), 1);
  return xs[0]!;
}
