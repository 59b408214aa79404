import type { ModelSpec } from "./specs.js";

/** Models that draw nothing. */
const SEEDLESS: readonly string[] = [
  "LogisticRegression",
  "LinearRegression",
  "Ridge",
  "Lasso",
  "ElasticNet",
  "GaussianNB",
];

/** A specification with a seed: its own, or a new one where the model draws and it has none. */
export function seeded<S extends ModelSpec>(spec: S, seed: () => number): S {
  const draws = !SEEDLESS.includes(spec.model) && (spec as { readonly seed?: number }).seed === undefined;
  return draws ? { ...spec, seed: seed() } : spec;
}
