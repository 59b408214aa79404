/** How many entries of a story are kept. */
const KEPT = 50;

/** What happened to a job or a worker, in order: the last entries, and how many came before them. */
export class Story {
  readonly #entries: string[] = [];
  #forgotten = 0;

  add(entry: string): void {
    this.#entries.push(entry);
    // twice as many are let stand, so that forgetting costs nothing most of the time
    if (this.#entries.length >= 2 * KEPT) this.#forgotten += this.#entries.splice(0, KEPT).length;
  }

  /** How many entries there ever were. */
  get length(): number {
    return this.#forgotten + this.#entries.length;
  }

  /** The last entries, the latest last. */
  get entries(): readonly string[] {
    return this.#entries.slice(-KEPT);
  }

  toString(): string {
    const { entries } = this;
    const before = this.length - entries.length;
    return [...(before > 0 ? [`(${before} entries before)`] : []), ...entries].join("; ");
  }
}
