import { differentiable, type Numeric } from "@graphvm/engine";
import { normalCdf as cdf, normalPdf } from "./normal-cdf.js";
import { power as powerOf } from "./power.js";
import { map, zip } from "./shapes.js";

/** A function of a number, or of each component of a vector. */
export type Unary = <V extends Numeric>(x: V) => V;

/** A function of two numbers, or of two vectors of one length, component by component. */
export type Binary = <V extends Numeric>(a: V, b: V) => V;

/** A unary function with a constant before its input. */
export type Constant = <V extends Numeric>(k: number, x: V) => V;

/** f and df/dx, which may use f's value. */
function unary(f: (x: number) => number, slope: (x: number, y: number) => number): Unary {
  return differentiable(
    (x: Numeric) => map(x, f),
    (c, [x], y) => [zip(c, zip(x, y, slope), times)],
  ) as Unary;
}

/** f and its two partial derivatives. */
function binary(f: Fn, da: Fn, db: Fn): Binary {
  return differentiable(
    (a: Numeric, b: Numeric) => zip(a, b, f),
    (c, [a, b]) => [zip(c, zip(a, b, da), times), zip(c, zip(a, b, db), times)],
  ) as Binary;
}

type Fn = (a: number, b: number) => number;

const times: Fn = (a, b) => a * b;
const one: Fn = () => 1;

export const add: Binary = binary((a, b) => a + b, one, one);
export const subtract: Binary = binary(
  (a, b) => a - b,
  one,
  () => -1,
);
export const multiply: Binary = binary(
  times,
  (_, b) => b,
  (a) => a,
);
/** a / b. */
export const divide: Binary = binary(
  (a, b) => a / b,
  (_, b) => 1 / b,
  (a, b) => -a / (b * b),
);
export const negate: Unary = unary(
  (x) => -x,
  () => -1,
);
export const exp: Unary = unary(Math.exp, (_, y) => y);
/** The natural logarithm. */
export const log: Unary = unary(Math.log, (x) => 1 / x);
export const sqrt: Unary = unary(Math.sqrt, (_, y) => 0.5 / y);
/** The standard normal distribution function: see `normalCdf` in normal-cdf.ts for its source and error. */
export const normalCdf: Unary = unary(cdf, normalPdf);

/** k x. */
export const scale: Constant = differentiable.withParams(
  (k: number, x: Numeric) => map(x, (v) => k * v),
  (c, _inputs: [x: Numeric], _output, [k]: [k: number]) => [map(c, (v) => k * v)],
) as Constant;

/** x + k. */
export const shift: Constant = differentiable.withParams(
  (k: number, x: Numeric) => map(x, (v) => v + k),
  (c, _inputs: [x: Numeric], _output, _params: [k: number]) => [c],
) as Constant;

/** x to the power k: by multiplication for whole k, exp(k log x) otherwise (NaN for negative x, then). */
export const power: Constant = differentiable.withParams(
  (k: number, x: Numeric) => map(x, (v) => powerOf(v, k)),
  (c, [x]: [x: Numeric], _output, [k]: [k: number]) => [
    zip(c, x, (dy, v) => (k === 0 ? 0 : dy * k * powerOf(v, k - 1))),
  ],
) as Constant;
