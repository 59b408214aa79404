/** So many things at once, then so many a second. */
export class Bucket {
  readonly #size: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** @param now in seconds, as in everything else here */
  constructor(size: number, perSecond: number, now: number) {
    this.#size = size;
    this.#perSecond = perSecond;
    this.#left = size;
    this.#at = now;
  }

  /** Whether nothing is left. */
  empty(now: number): boolean {
    this.#refill(now);
    return this.#left < 1;
  }

  full(now: number): boolean {
    this.#refill(now);
    return this.#left === this.#size;
  }

  /** Takes one, also where none is left. How many seconds until nothing is owed. */
  take(now: number): number {
    this.#refill(now);
    this.#left--;
    return Math.max(0, -this.#left / this.#perSecond);
  }

  #refill(now: number): void {
    this.#left = Math.min(this.#size, this.#left + (now - this.#at) * this.#perSecond);
    this.#at = now;
  }
}
