// The published coefficients, each as the double nearest to it.
const A = [2.2352520354606837, 161.02823106855587, 1067.6894854603709, 18154.98125334356, 0.06568233791820745] as const;
const B = [47.202581904688245, 976.0985517377767, 10260.932208618979, 45507.78933502673] as const;
const C = [
  0.39894151208813466, 8.883149794388377, 93.50665613217785, 597.2702763948002, 2494.5375852903726, 6848.190450536283,
  11602.65143764735, 9842.714838383978, 1.0765576773720192e-8,
] as const;
const D = [
  22.266688044328117, 235.387901782625, 1519.3775994075547, 6485.558298266761, 18615.571640885097, 34900.95272114598,
  38912.00328609327, 19685.429676859992,
] as const;
const P = [
  0.215898534057957, 0.12740116116024736, 0.022235277870649807, 0.0014216191932278934, 2.9112874951168793e-5,
  0.023073441764940174,
] as const;
const Q = [
  1.284260096144911, 0.4682382124808651, 0.06598813786892856, 0.0037823963320275824, 7.297515550839662e-5,
] as const;

/** 1 / sqrt(2 pi). */
const DENSITY_AT_0 = 0.3989422804014327;

/**
 * The standard normal distribution function: the rational Chebyshev approximations of W. J. Cody, "Rational Chebyshev
 * approximations for the error function", Math. Comp. 23 (1969), 631-637, in the form of ANORM in his SPECFUN (ACM TOMS 19
 * (1993), Algorithm 715). Absolute error under 2e-16, relative error under 1e-15 down to the smallest normal numbers
 * (x = -37), where squaring x in two parts keeps the error of the exponent small.
 */
export function normalCdf(x: number): number {
  const y = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (y <= 0.67448975) return 0.5 + central(x);
  const tail = y <= 5.656854249492381 ? shoulder(y) : y < 40 ? farTail(y) : 0;
  return x > 0 ? 1 - tail : tail;
}

/** The standard normal density: exp(-x^2 / 2) / sqrt(2 pi). */
export function normalPdf(x: number): number {
  return DENSITY_AT_0 * expOfHalfSquare(Math.abs(x));
}

function central(x: number): number {
  const square = Math.abs(x) > 1.11e-16 ? x * x : 0;
  let top = A[4] * square;
  let bottom = square;
  for (let i = 0; i < 3; i++) {
    top = (top + A[i]!) * square;
    bottom = (bottom + B[i]!) * square;
  }
  return (x * (top + A[3])) / (bottom + B[3]);
}

function shoulder(y: number): number {
  let top = C[8] * y;
  let bottom = y;
  for (let i = 0; i < 7; i++) {
    top = (top + C[i]!) * y;
    bottom = (bottom + D[i]!) * y;
  }
  return (expOfHalfSquare(y) * (top + C[7])) / (bottom + D[7]);
}

function farTail(y: number): number {
  const inverse = 1 / (y * y);
  let top = P[5] * inverse;
  let bottom = inverse;
  for (let i = 0; i < 4; i++) {
    top = (top + P[i]!) * inverse;
    bottom = (bottom + Q[i]!) * inverse;
  }
  const correction = (inverse * (top + P[4])) / (bottom + Q[4]);
  return (expOfHalfSquare(y) * (DENSITY_AT_0 - correction)) / y;
}

/** exp(-y^2 / 2), with y^2 taken as the square of y rounded to sixteenths, which is exact, and the rest. */
function expOfHalfSquare(y: number): number {
  if (y > 40) return 0;
  const rounded = Math.trunc(y * 16) / 16;
  const rest = (y - rounded) * (y + rounded);
  return Math.exp(-rounded * rounded * 0.5) * Math.exp(-rest * 0.5);
}
