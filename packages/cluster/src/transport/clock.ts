/** What the shells measure time with, in seconds. The scheduler has none. */
export interface Clock {
  /** Seconds since some moment; never goes back. */
  now(): number;
  /** Calls `tick` again and again until the returned function is called. Keeps no process alive. */
  every(seconds: number, tick: () => void): () => void;
  /** Calls `ring` once, unless the returned function is called before. */
  after(seconds: number, ring: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now() / 1000,
  every(seconds, tick) {
    const timer = setInterval(tick, seconds * 1000);
    timer.unref();
    return () => clearInterval(timer);
  },
  after(seconds, ring) {
    const timer = setTimeout(ring, seconds * 1000);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Settles after so many seconds, or when it is called off. */
export function rest(seconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const stop = clock.after(seconds, end);
    signal?.addEventListener("abort", end);
  });
}
