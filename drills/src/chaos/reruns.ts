/** A job that a worker ran to its end, in ms since the epoch. */
export interface Ran {
  readonly worker: string;
  readonly job: string;
  readonly from: number;
  readonly to: number;
}

/** A time in which nobody could have what a worker holds: it was stopped, or killed for good. */
export interface Away {
  readonly worker: string;
  readonly from: number;
  readonly to: number;
}

/** Whoever was there again for so long has been asked for what it holds, in ms. */
const SETTLED = 500;

/**
 * Runs of jobs that had ended before, on a worker that was there and held what came out. One that was away itself and goes on with
 * what it had been given before was not told yet that another has done it.
 */
export function needlessReruns(ran: readonly Ran[], away: readonly Away[]): Ran[] {
  const there = (worker: string, at: number): boolean =>
    !away.some((each) => each.worker === worker && each.from < at && each.to + SETTLED > at);
  return ran.filter(
    (again) =>
      there(again.worker, again.from) &&
      ran.some((first) => first.job === again.job && first.to < again.from && there(first.worker, again.from)),
  );
}
