import type { Clock } from "@graphvm/cluster";

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly ring: () => void;
}

/** A clock that goes on only when it is told to. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  every(seconds: number, tick: () => void): () => void {
    return this.#set({ at: this.#now + seconds, every: seconds, ring: tick });
  }

  after(seconds: number, ring: () => void): () => void {
    return this.#set({ at: this.#now + seconds, every: undefined, ring });
  }

  /** Lets time pass: every timer rings at its moment, in order. */
  advance(seconds: number): void {
    const end = this.#now + seconds;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = next.at;
      if (next.every === undefined) this.#timers.delete(next);
      else next.at += next.every;
      next.ring();
    }
    this.#now = end;
  }

  #set(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= end && timer.at < (first?.at ?? Infinity)) first = timer;
    return first;
  }
}
