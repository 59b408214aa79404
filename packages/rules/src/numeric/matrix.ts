import { differentiable } from "@graphvm/engine";
import { checkLength, checkSameShape } from "./shapes.js";

/** Rows of the left matrix, what both share, columns of the right one. */
export type MatrixShape = readonly [rows: number, inner: number, columns: number];

/** The product of two matrices, each a vector row by row: `apply(matrixProduct, [m, k, n])(a, b)` is m by n. */
export const matrixProduct: (shape: MatrixShape, a: Float64Array, b: Float64Array) => Float64Array =
  differentiable.withParams(
    (shape: MatrixShape, a: Float64Array, b: Float64Array) => multiply(shape, a, b),
    (c, [a, b]: [a: Float64Array, b: Float64Array], _output, [[m, k, n]]: [MatrixShape]) => [
      multiply([m, n, k], c, transpose(b, k, n)),
      multiply([k, m, n], transpose(a, m, k), c),
    ],
  );

/** The inner product of two vectors of one length. */
export const dot: (a: Float64Array, b: Float64Array) => number = differentiable(
  (a: Float64Array, b: Float64Array) => {
    checkSameShape(a, b);
    let total = 0;
    for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
    return total;
  },
  (c, [a, b]) => [b.map((v) => c * v), a.map((v) => c * v)],
);

/** Numbers as one vector, for `apply.all`. */
export const stack: (xs: readonly number[]) => Float64Array = differentiable.all(
  (xs: readonly number[]) => Float64Array.from(xs),
  (c, xs) => xs.map((_, i) => c[i]!),
);

/** Component i of a vector. */
export const component: (i: number, x: Float64Array) => number = differentiable.withParams(
  (i: number, x: Float64Array) => {
    checkLength(`component ${i} of ${x.length}`, i >= 0 && i < x.length ? 1 : 0, 1);
    return x[i]!;
  },
  (c, [x]: [x: Float64Array], _output, [i]: [i: number]) => {
    const cotangent = new Float64Array(x.length);
    cotangent[i] = c;
    return [cotangent];
  },
);

function multiply([m, k, n]: MatrixShape, a: Float64Array, b: Float64Array): Float64Array {
  checkLength("components of the left matrix", a.length, m * k);
  checkLength("components of the right matrix", b.length, k * n);
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const left = a[i * k + l]!;
      for (let j = 0; j < n; j++) result[i * n + j]! += left * b[l * n + j]!;
    }
  }
  return result;
}

function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = a[i * columns + j]!;
  return result;
}
