import { RefusedError } from "../errors.js";
import { type Clock, rest } from "./clock.js";

/** For how long workers and clients dial a lost master again, unless they are told otherwise, in seconds. */
export const RECONNECT_SECONDS = 60;

/** The first pause between two attempts and the longest, in seconds. Each is twice the one before. */
const FIRST = 0.05;
const LONGEST = 0.5;

/** For how long a lost link is dialled again. */
export interface RedialOptions {
  readonly seconds: number;
  readonly clock: Clock;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

/**
 * Tries until it works, with growing pauses. Who is refused does not try again.
 *
 * @throws what the last attempt threw, when the time is over
 */
export async function redial<T>(attempt: () => Promise<T>, { seconds, clock, signal }: RedialOptions): Promise<T> {
  let late = false;
  const stopTime = clock.after(seconds, () => {
    late = true;
  });
  // the clock's timers keep no process alive, and whoever waits for this must live to see it
  const alive = setInterval(() => {}, 1_000_000_000);
  try {
    for (let pause = FIRST; ; pause = Math.min(2 * pause, LONGEST)) {
      try {
        return await attempt();
      } catch (error) {
        if (late || signal.aborted || error instanceof RefusedError) throw error;
        await rest(pause, clock, signal);
        if (signal.aborted) throw error;
      }
    }
  } finally {
    clearInterval(alive);
    stopTime();
  }
}
