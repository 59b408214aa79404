import type { Clock } from "../transport/clock.js";

/** Ends a master that nobody has used for so long. */
export class IdleEnd {
  readonly #clock: Clock;
  readonly #seconds: number;
  readonly #quiet: () => boolean;
  readonly #end: () => void;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock, seconds: number, quiet: () => boolean, end: () => void) {
    this.#clock = clock;
    this.#seconds = seconds;
    this.#quiet = quiet;
    this.#end = end;
    this.changed();
  }

  /** Something began or ended: the time without use starts, goes on or is over. */
  changed(): void {
    if (this.#closed) return;
    if (!this.#quiet()) {
      this.#cancel?.();
      this.#cancel = undefined;
    } else this.#cancel ??= this.#clock.after(this.#seconds, this.#end);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }
}
