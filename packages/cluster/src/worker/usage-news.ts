import * as v from "valibot";
import type { Clock } from "../transport/clock.js";

const bytes = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What a worker's process says of its values, in bytes. */
export const usageSchema = v.object({
  /** Values in memory. */
  held: bytes,
  /** Values on its disk because memory did not hold them. */
  spilled: bytes,
  /** Fetched from other processes so far. */
  moved: bytes,
});
export type Usage = v.InferOutput<typeof usageSchema>;

/** How often the master hears of it at most, in seconds. */
const EVERY = 0.25;

/** Tells the master what a worker's process holds: soon after it changed, and a few times a second at most. */
export class UsageNews {
  readonly #usage: () => Usage;
  readonly #tell: (usage: Usage) => void;
  readonly #clock: Clock;
  #timer: (() => void) | undefined;

  constructor(usage: () => Usage, tell: (usage: Usage) => void, clock: Clock) {
    this.#usage = usage;
    this.#tell = tell;
    this.#clock = clock;
  }

  changed(): void {
    this.#timer ??= this.#clock.after(EVERY, () => {
      this.#timer = undefined;
      this.#tell(this.#usage());
    });
  }

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
  }
}
