import { differentiable } from "@graphvm/engine";
import { ShapeError } from "./errors.js";
import { checkLength } from "./shapes.js";

/**
 * The piecewise linear function through (knots, ordinates) at x, flat outside the knots. Knots rise strictly. It has
 * derivatives with respect to the ordinates and to x; at a knot that to x is the slope on its right.
 *
 * @throws ShapeError
 */
export const interpolate: (knots: readonly number[], ordinates: Float64Array, x: number) => number =
  differentiable.withParams(
    (knots: readonly number[], ordinates: Float64Array, x: number) => valueAt(knots, ordinates, x),
    (c, [ys, x]: [ordinates: Float64Array, x: number], _output, [knots]: [knots: readonly number[]]) => {
      const { left, weight, width } = place(knots, x);
      const slope = width === 0 ? 0 : (ys[left + 1]! - ys[left]!) / width;
      return [spread(c, ys.length, left, weight), c * slope];
    },
  );

/** The same at a constant x: `apply(interpolateAt, knots, 2.5)(ordinates)`. */
export const interpolateAt: (knots: readonly number[], x: number, ordinates: Float64Array) => number =
  differentiable.withParams(
    (knots: readonly number[], x: number, ordinates: Float64Array) => valueAt(knots, ordinates, x),
    (c, [ys]: [ordinates: Float64Array], _output, [knots, x]: [knots: readonly number[], x: number]) => {
      const { left, weight } = place(knots, x);
      return [spread(c, ys.length, left, weight)];
    },
  );

function valueAt(knots: readonly number[], ys: Float64Array, x: number): number {
  checkLength("ordinates", ys.length, knots.length);
  const { left, weight } = place(knots, x);
  return weight === 0 ? ys[left]! : ys[left]! * (1 - weight) + ys[left + 1]! * weight;
}

function spread(c: number, length: number, left: number, weight: number): Float64Array {
  const cotangent = new Float64Array(length);
  cotangent[left] = c * (1 - weight);
  if (weight !== 0) cotangent[left + 1] = c * weight;
  return cotangent;
}

/** The knot at or left of x, how far x is on the way to the next, and how far that is; 0 and 0 outside. */
function place(knots: readonly number[], x: number): { left: number; weight: number; width: number } {
  const last = knots.length - 1;
  checkLength("knots", Math.min(knots.length, 1), 1);
  if (Number.isNaN(x)) throw new ShapeError("There is no interpolation at NaN.", {});
  if (x < knots[0]!) return { left: 0, weight: 0, width: 0 };
  if (x >= knots[last]!) return { left: last, weight: 0, width: 0 };
  let left = 0;
  for (let right = last; right - left > 1; ) {
    const middle = (left + right) >>> 1;
    if (knots[middle]! <= x) left = middle;
    else right = middle;
  }
  const width = knots[left + 1]! - knots[left]!;
  if (!(width > 0)) throw new ShapeError(`Knots rise strictly; knot ${left + 1} does not.`, { knot: left + 1 });
  return { left, weight: (x - knots[left]!) / width, width };
}
