/**
 * Solves a symmetric positive semidefinite system, `matrix` row after row. Of many solutions it gives that of the least
 * length: directions with almost no weight are left out (eigenvalues by Jacobi's rotations, exact to the last digits and
 * the same on every machine).
 */
export function solveSymmetric(matrix: Float64Array, right: Float64Array, cutoff = 1e-14): Float64Array {
  const n = right.length;
  const { values, vectors } = eigen(matrix, n);
  const least = values.reduce((a, b) => Math.max(a, b), 0) * cutoff * n;
  const solution = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    if (values[k]! <= least) continue;
    let along = 0;
    for (let i = 0; i < n; i++) along += vectors[i * n + k]! * right[i]!;
    along /= values[k]!;
    for (let i = 0; i < n; i++) solution[i]! += along * vectors[i * n + k]!;
  }
  return solution;
}

/** Solves a symmetric positive definite system by Cholesky's factors; undefined if it is not positive definite. */
export function solvePositive(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const n = right.length;
  const factor = matrix.slice();
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = factor[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[j * n + k]!;
      if (i === j) {
        if (!(sum > 1e-13 * matrix[j * n + j]!)) return undefined;
        factor[j * n + j] = Math.sqrt(sum);
      } else factor[i * n + j] = sum / factor[j * n + j]!;
    }
  }
  const solution = right.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) solution[i]! -= factor[i * n + k]! * solution[k]!;
    solution[i]! /= factor[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) solution[i]! -= factor[k * n + i]! * solution[k]!;
    solution[i]! /= factor[i * n + i]!;
  }
  return solution;
}

/** Eigenvalues and eigenvectors (in columns) by cyclic Jacobi rotations (Golub and Van Loan, 8.5). */
function eigen(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let all = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const square = a[i * n + j]! * a[i * n + j]!;
        all += square;
        if (i !== j) off += square;
      }
    }
    if (off <= all * 1e-32) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors };
}

function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const x = a[k * n + p]!;
    const y = a[k * n + q]!;
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const x = a[p * n + k]!;
    const y = a[q * n + k]!;
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const v = vectors[k * n + p]!;
    const w = vectors[k * n + q]!;
    vectors[k * n + p] = c * v - s * w;
    vectors[k * n + q] = s * v + c * w;
  }
}

/**
 * The least of `w' Q w / 2 - b' w + sum(l1 |w|)` by coordinate descent (Friedman, Hastie and Tibshirani 2010), from `start`.
 * A coordinate without curvature stays 0.
 *
 * @param l1 a penalty for each coordinate
 * @param tol stops when no coordinate moves by more than this part of the greatest
 */
export function descend(
  q: Float64Array,
  b: Float64Array,
  l1: Float64Array,
  start: Float64Array,
  tol: number,
  passes: number,
): Float64Array {
  const n = b.length;
  const w = start.slice();
  const slope = b.slice(); // b - Q w
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) slope[i]! -= q[i * n + j]! * w[j]!;
  for (let pass = 0; pass < passes; pass++) {
    let moved = 0;
    let greatest = 0;
    for (let j = 0; j < n; j++) {
      const curve = q[j * n + j]!;
      if (curve <= 0) continue;
      const old = w[j]!;
      const free = slope[j]! + curve * old;
      const next = Math.sign(free) * (Math.max(Math.abs(free) - l1[j]!, 0) / curve);
      const step = next - old;
      if (step !== 0) {
        w[j] = next;
        for (let i = 0; i < n; i++) slope[i]! -= step * q[i * n + j]!;
      }
      // Moves are compared in units in which every coordinate has the same curvature.
      const scale = Math.sqrt(curve);
      moved = Math.max(moved, Math.abs(step) * scale);
      greatest = Math.max(greatest, Math.abs(next) * scale);
    }
    if (moved <= tol * greatest) break;
  }
  return w;
}
