import { createHash } from "node:crypto";
import { createRandom } from "./random.js";

const FUNCTIONS = [
  "acos",
  "acosh",
  "asin",
  "asinh",
  "atan",
  "atanh",
  "cbrt",
  "ceil",
  "cos",
  "cosh",
  "exp",
  "expm1",
  "floor",
  "fround",
  "log",
  "log10",
  "log1p",
  "log2",
  "round",
  "sign",
  "sin",
  "sinh",
  "sqrt",
  "tan",
  "tanh",
  "trunc",
] as const;

let known: string | undefined;

/**
 * A digest of what `Math` answers here on some thousand arguments. Machines whose digests differ may give other bits for
 * the same program, so a cluster does not mix them, and a replay under another digest that diverges says "environment".
 * Powers are part of it: they are what differs between Node versions.
 */
export function numericsDigest(): string {
  if (known !== undefined) return known;
  const random = createRandom(1);
  const results = new Float64Array(100 * (FUNCTIONS.length + 3));
  let at = 0;
  for (let i = 0; i < 100; i++) {
    const x = (random.next() - 0.5) * (i % 3 === 0 ? 2 : 40);
    const y = random.next() * 8;
    for (const name of FUNCTIONS) results[at++] = Math[name](x);
    results[at++] = Math.atan2(x, y);
    results[at++] = Math.hypot(x, y);
    results[at++] = power(y, x);
  }
  for (let i = 0; i < results.length; i++) if (Number.isNaN(results[i])) results[i] = Number.NaN;
  known = createHash("sha256").update(new Uint8Array(results.buffer)).digest("hex").slice(0, 16);
  return known;
}

// biome-ignore lint/plugin: measuring what the ban is about
const power = (base: number, exponent: number): number => base ** exponent;
