import * as elementwise from "./elementwise.js";
import { interpolate, interpolateAt } from "./interpolate.js";
import { component, dot, matrixProduct, stack } from "./matrix.js";
import { root } from "./root.js";
import { product, sum, vectorSum, weightedSum, weightedSumAll } from "./sums.js";

/**
 * Atoms that carry their derivative, for the bodies of rules. Values are numbers or Float64Arrays; what works on either
 * works on vectors component by component.
 *
 * @example
 * const forward = rule((t: number): Op<number> => apply(numeric.multiply)(market.spot(), market.growth(t)));
 */
export const numeric = Object.freeze({
  ...elementwise,
  weightedSum,
  weightedSumAll,
  sum,
  vectorSum,
  product,
  matrixProduct,
  dot,
  stack,
  component,
  interpolate,
  interpolateAt,
  root,
});
