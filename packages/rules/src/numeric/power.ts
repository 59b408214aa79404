/** Whole exponents up to this are multiplied out. */
const MAX_WHOLE = 1024;

/**
 * x to the power k without the language's own powers, whose bits differ between Node versions: repeated squaring for whole
 * k up to 1,024, otherwise exp(k log x), whose relative error grows with |k log x| (some 1e-16 times that).
 */
export function power(x: number, k: number): number {
  if (!Number.isInteger(k) || Math.abs(k) > MAX_WHOLE) return Math.exp(k * Math.log(x));
  let result = 1;
  let square = x;
  for (let rest = Math.abs(k); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    if (rest > 1) square *= square;
  }
  return k < 0 ? 1 / result : result;
}
