/** So many rules have time series of their own; the rest share one, so that no program can fill a metrics store. */
export const MAX_RULES = 100;

/** The label of the rules that came after the first hundred. */
export const OTHER = "(other)";

/** Gives rules their label in metrics. */
export class RuleLabels {
  readonly #known = new Set<string>();

  of(rule: string): string {
    if (this.#known.has(rule)) return rule;
    if (this.#known.size >= MAX_RULES) return OTHER;
    this.#known.add(rule);
    return rule;
  }
}
