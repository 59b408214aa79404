/** How many bytes of values and inputs this process sent to the processes of each plane; "" for those of none. */
export class SentBytes {
  readonly #totals = new Map<string, number>();
  #listener: (() => void) | undefined;

  add(plane: string, bytes: number): void {
    this.#totals.set(plane, (this.#totals.get(plane) ?? 0) + bytes);
    this.#listener?.();
  }

  get totals(): { readonly [plane: string]: number } {
    return Object.fromEntries(this.#totals);
  }

  onChange(listener: () => void): void {
    this.#listener = listener;
  }
}
