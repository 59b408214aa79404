import { type Cotangents, differentiable, type Numeric } from "@graphvm/engine";
import { NoRootError } from "./errors.js";
import { map } from "./shapes.js";

/** What is known of an f(x, p) whose root is sought, with any number of inputs p. */
export interface Slopes<P extends Numeric[]> {
  /** df/dx. */
  readonly dx: (x: number, ...p: P) => number;
  /** df/dp for each p, of p's shape; null where f does not depend on it. */
  readonly dp: (x: number, ...p: P) => Cotangents<P>;
  /** Two numbers between which f changes its sign, once. */
  readonly bracket: readonly [number, number] | ((...p: P) => readonly [number, number]);
}

const MAX_STEPS = 200;

/**
 * An atom that solves f(x, p) = 0 for x, by Newton's method kept inside a bracket by bisection, until x moves by less than
 * its last bit (or 1e-20 of the bracket). Its derivative is that of
 * the implicit function theorem, dx/dp = -(df/dp) / (df/dx), so nothing is differentiated through the iteration.
 *
 * @throws NoRootError where f has one sign at both ends of the bracket, or is NaN.
 * @example
 * const impliedVolatility = root((vol, price: number, spot: number) => callPrice(spot, vol) - price, {
 *   dx: (vol, _price, spot) => vega(spot, vol),
 *   dp: (vol, _price, spot) => [-1, delta(spot, vol)],
 *   bracket: [1e-4, 5],
 * });
 * apply(impliedVolatility)(price, spot);
 */
export function root<F extends (x: number, ...p: never[]) => number>(
  f: F,
  { dx, dp, bracket }: Slopes<Inputs<F>>,
): (...p: Inputs<F>) => number {
  type P = Inputs<F>;
  const equation = f as unknown as Fn<P>;
  return differentiable(
    (...p: P): number => solve(equation, dx, typeof bracket === "function" ? bracket(...p) : bracket, p),
    (c: number, p: P, x: number) => {
      const slope = dx(x, ...p);
      if (slope === 0 || Number.isNaN(slope))
        throw new NoRootError(`df/dx is ${slope} at the root ${x}: x has no derivative there.`, { x, slope });
      const back = (each: Numeric | null): Numeric | null => each && map(each, (v) => (-c * v) / slope);
      return (dp(x, ...p) as readonly (Numeric | null)[]).map(back) as unknown as Cotangents<P>;
    },
  );
}

/** What an f(x, p) takes besides x: its types alone say what the slopes are given. */
export type Inputs<F> = F extends (x: number, ...p: infer P) => number ? (P extends Numeric[] ? P : never) : never;

type Fn<P extends Numeric[]> = (x: number, ...p: P) => number;

function solve<P extends Numeric[]>(f: Fn<P>, dx: Fn<P>, bracket: readonly [number, number], p: P): number {
  let [low, high] = bracket;
  const ends = [f(low, ...p), f(high, ...p)] as const;
  if (ends[0] === 0) return low;
  if (ends[1] === 0) return high;
  if (Math.sign(ends[0]) * Math.sign(ends[1]) !== -1) {
    const message = `f is ${ends[0]} at ${low} and ${ends[1]} at ${high}: no change of sign. Widen the bracket.`;
    throw new NoRootError(message, { bracket: [low, high], f: ends });
  }
  const rising = ends[0] < 0;
  let x = low + (high - low) / 2;
  const nothing = 1e-20 * Math.abs(high - low);
  let before = Math.abs(high - low);
  for (let step = 0; step < MAX_STEPS; step++) {
    const y = f(x, ...p);
    if (y === 0) return x;
    if (Number.isNaN(y)) throw new NoRootError(`f is NaN at ${x}.`, { x });
    if (y < 0 === rising) low = x;
    else high = x;
    // Newton's step where it stays inside and at least halves the last one; otherwise the middle.
    const newton = x - y / dx(x, ...p);
    const inside = newton > Math.min(low, high) && newton < Math.max(low, high);
    const next = inside && Math.abs(newton - x) <= before / 2 ? newton : low + (high - low) / 2;
    before = Math.abs(next - x);
    if (before <= Math.max(2.3e-16 * Math.abs(next), nothing)) return next;
    x = next;
  }
  throw new NoRootError(`No root after ${MAX_STEPS} steps, last at ${x}.`, { x });
}
