import type { Numeric } from "@graphvm/engine";
import { ShapeError } from "./errors.js";

/** Applies `f` to a number or to each component of a vector. */
export function map<V extends Numeric>(x: V, f: (x: number) => number): V {
  if (typeof x === "number") return f(x) as V;
  const result = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) result[i] = f(x[i]!);
  return result as V;
}

/**
 * Applies `f` to two numbers or component by component.
 *
 * @throws ShapeError for a number and a vector, or vectors of different lengths.
 */
export function zip<V extends Numeric>(a: V, b: V, f: (a: number, b: number) => number): V {
  if (typeof a === "number" && typeof b === "number") return f(a, b) as V;
  checkSameShape(a, b);
  const [x, y] = [a as Float64Array, b as Float64Array];
  const result = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) result[i] = f(x[i]!, y[i]!);
  return result as V;
}

/** @throws ShapeError */
export function checkSameShape(a: Numeric, b: Numeric): void {
  const same = typeof a === "number" ? typeof b === "number" : typeof b !== "number" && a.length === b.length;
  if (!same) throw new ShapeError(`${shapeOf(a)} and ${shapeOf(b)} are not of the same shape.`, {});
}

/** @throws ShapeError where `length` is not what is due. */
export function checkLength(what: string, length: number, due: number): void {
  if (length !== due) throw new ShapeError(`${what}: ${due} due, ${length} given.`, { due, length });
}

const shapeOf = (x: Numeric): string => (typeof x === "number" ? "a number" : `a vector of ${x.length}`);
