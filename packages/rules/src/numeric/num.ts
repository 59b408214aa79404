import type { Numeric, Op, Ref } from "@graphvm/engine";
import { apply } from "../dsl/apply.js";
import { namespace } from "../dsl/namespace.js";
import { dispatch, rule, when } from "../dsl/rule.js";
import { arrayOf, number, ref } from "../patterns/pattern.js";
import type { Binary, Constant, Unary } from "./elementwise.js";
import type { MatrixShape } from "./matrix.js";
import { numeric } from "./numeric.js";

const unary = (atom: Unary) => rule(<V extends Numeric>(x: Ref<V>): Op<V> => apply(atom as (x: V) => V)(x));
const binary = (atom: Binary) =>
  rule(<V extends Numeric>(a: Ref<V>, b: Ref<V>): Op<V> => apply(atom as (a: V, b: V) => V)(a, b));
const constant = (atom: Constant) =>
  rule(<V extends Numeric>(k: number, x: Ref<V>): Op<V> => apply(atom as (k: number, x: V) => V, k)(x));

/**
 * Arithmetic on refs, each result a node with its derivative: `num.multiply(spot, num.exp(num.scale(-t, rate)))`. Numbers
 * and Float64Arrays alike, component by component.
 */
export const num = namespace("num", {
  /** A node with this value. */
  constant: rule(<V extends Numeric>(value: V): Op<V> => apply((v: V) => v, value)()),
  add: binary(numeric.add),
  subtract: binary(numeric.subtract),
  multiply: binary(numeric.multiply),
  /** a / b. */
  divide: binary(numeric.divide),
  negate: unary(numeric.negate),
  exp: unary(numeric.exp),
  /** The natural logarithm. */
  log: unary(numeric.log),
  sqrt: unary(numeric.sqrt),
  /** The standard normal distribution function. */
  normalCdf: unary(numeric.normalCdf),
  /** k x. */
  scale: constant(numeric.scale),
  /** x + k. */
  shift: constant(numeric.shift),
  /** x to the power k. */
  power: constant(numeric.power),

  /** The sum of numbers; 0 of none. */
  sum: rule((xs: readonly Ref<number>[]): Op<number> => apply.fold(numeric.sum)(xs)),
  vectorSum: rule((xs: readonly Ref<Float64Array>[]): Op<Float64Array> => apply.fold(numeric.vectorSum)(xs)),
  weightedSum: rule(
    <V extends Numeric>(weights: readonly number[], xs: readonly Ref<V>[]): Op<V> =>
      apply.all(numeric.weightedSumAll as (weights: readonly number[], xs: readonly V[]) => V, weights)(xs),
  ),
  product: rule(
    <V extends Numeric>(xs: readonly Ref<V>[]): Op<V> => apply.all(numeric.product as (xs: readonly V[]) => V)(xs),
  ),

  /** Row by row: an m by k matrix times a k by n one, with shape [m, k, n]. */
  matrixProduct: rule(
    (shape: MatrixShape, a: Ref<Float64Array>, b: Ref<Float64Array>): Op<Float64Array> =>
      apply(numeric.matrixProduct, shape)(a, b),
  ),
  dot: rule((a: Ref<Float64Array>, b: Ref<Float64Array>): Op<number> => apply(numeric.dot)(a, b)),
  /** Numbers as one vector. */
  stack: rule((xs: readonly Ref<number>[]): Op<Float64Array> => apply.all(numeric.stack)(xs)),
  component: rule((i: number, x: Ref<Float64Array>): Op<number> => apply(numeric.component, i)(x)),

  /** Piecewise linear between knots and flat outside, at a constant or at a node's value. */
  interpolate: dispatch(
    when([arrayOf(number), ref<Float64Array>(), number], (knots, ordinates, x) =>
      apply(numeric.interpolateAt, knots, x)(ordinates),
    ),
    when([arrayOf(number), ref<Float64Array>(), ref<number>()], (knots, ordinates, x) =>
      apply(numeric.interpolate, knots)(ordinates, x),
    ),
  ),
});
