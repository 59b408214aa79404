import type { Divergence } from "./report.js";

/** What comparing found so far. */
export class Tally {
  calls = 0;
  compared = 0;
  equal = 0;
  diverged = 0;
  first: Divergence | undefined;
  /** How what jobs ran with besides JavaScript is another here: one sentence each. */
  readonly tools = new Set<string>();
  /** Which comparisons were made. */
  readonly #seen = new Set<string>();

  /** Compares two digests of a node, once where several lines have them. True where they are equal or known to differ. */
  same(id: string, recorded: string, replayed: string): boolean {
    const key = `${id} ${recorded} ${replayed}`;
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    this.compared++;
    if (recorded === replayed) this.equal++;
    else this.diverged++;
    return recorded === replayed;
  }
}
