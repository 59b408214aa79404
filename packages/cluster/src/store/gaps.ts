interface Gap {
  readonly at: number;
  readonly length: number;
}

/** Which parts of a file are in use: gives out the first that is large enough, and takes parts back. */
export class Gaps {
  /** In order, none touching the next. */
  readonly #gaps: Gap[] = [];
  /** Behind it nothing is in use. */
  end = 0;

  take(length: number): number {
    const index = this.#gaps.findIndex((gap) => gap.length >= length);
    if (index < 0) {
      const at = this.end;
      this.end += length;
      return at;
    }
    const gap = this.#gaps[index]!;
    const rest = gap.length - length;
    this.#gaps.splice(index, 1, ...(rest > 0 ? [{ at: gap.at + length, length: rest }] : []));
    return gap.at;
  }

  give(at: number, length: number): void {
    if (length === 0) return;
    const next = this.#gaps.findIndex((gap) => gap.at > at);
    const index = next < 0 ? this.#gaps.length : next;
    const before = this.#gaps[index - 1];
    const after = this.#gaps[index];
    const from = before && before.at + before.length === at ? before : undefined;
    const to = after && at + length === after.at ? after : undefined;
    const gap = { at: from?.at ?? at, length: length + (from?.length ?? 0) + (to?.length ?? 0) };
    this.#gaps.splice(from ? index - 1 : index, (from ? 1 : 0) + (to ? 1 : 0), gap);
    const last = this.#gaps.at(-1)!;
    if (last.at + last.length !== this.end) return;
    this.#gaps.pop();
    this.end = last.at;
  }
}
