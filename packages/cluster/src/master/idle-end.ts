import type { Clock } from "../transport/clock.js";

/** Ends a master that nobody has used for so long. */
export class IdleEnd {
  readonly #clock: Clock;
  readonly #seconds: number;
  readonly #quiet: () => boolean;
  readonly #end: () => void;
  #cancel: (() => void) | undefined;
  #counts = false;

  constructor(clock: Clock, seconds: number, quiet: () => boolean, end: () => void) {
    this.#clock = clock;
    this.#seconds = seconds;
    this.#quiet = quiet;
    this.#end = end;
  }

  /** From now on the time counts. */
  begin(): void {
    this.#counts = true;
    this.changed();
  }

  /** Something began or ended: the time without use starts, goes on or is over. */
  changed(): void {
    if (!this.#counts) return;
    if (!this.#quiet()) {
      this.#cancel?.();
      this.#cancel = undefined;
    } else this.#cancel ??= this.#clock.after(this.#seconds, this.#end);
  }

  close(): void {
    this.#counts = false;
    this.#cancel?.();
  }
}
