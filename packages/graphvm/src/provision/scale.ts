/** How far a pool may grow, and how long it waits before it shrinks. */
export interface ScaleLimits {
  readonly min: number;
  readonly max: number;
  /** For so long fewer workers must have been enough, in seconds. */
  readonly idleSeconds: number;
}

/** What a look at the queue showed. */
export interface Demand {
  /** Seconds of any clock that goes forward. */
  readonly now: number;
  /** Workers that what waits would keep busy. */
  readonly waiting: number;
  /** Workers of the pool that run something. */
  readonly busy: number;
  /** Workers that joined since the last look, and those that ended before they had. */
  readonly joined: number;
  readonly lost: number;
}

/** What is remembered from look to look. */
export interface Scale {
  /** How many workers there should be. */
  readonly workers: number;
  /** Since when fewer were enough, and the most that were needed since. */
  readonly fewer?: { readonly since: number; readonly most: number };
  /** None is started before that time: those before ended at once. */
  readonly pause?: { readonly until: number; readonly seconds: number };
}

/** The longest that is waited before another worker is tried, in seconds. */
const LONGEST_PAUSE = 60;

/** Before the first look. */
export function startScale({ min }: ScaleLimits): Scale {
  return { workers: min };
}

/**
 * How many workers a pool should have. It grows at once to as many as what waits and runs keeps busy. It shrinks when fewer
 * were enough for `idleSeconds` on end, and then to the most that were needed in that time, so that a queue which comes and goes
 * neither starts nor stops anything. Workers that end before they join are tried again after 1 s, 2 s, 4 s and so on.
 */
export function scale(before: Scale, demand: Demand, limits: ScaleLimits): Scale {
  const pause = pauseAfter(before, demand);
  return { ...wanted(before, demand, limits), ...(pause ? { pause } : {}) };
}

/** Whether workers may be started now. */
export function mayStart({ pause }: Scale, now: number): boolean {
  return pause === undefined || now >= pause.until;
}

function pauseAfter({ pause }: Scale, { now, joined, lost }: Demand): Scale["pause"] {
  if (joined > 0) return undefined;
  if (lost === 0) return pause;
  const seconds = pause ? Math.min(2 * pause.seconds, LONGEST_PAUSE) : 1;
  return { until: now + seconds, seconds };
}

function wanted(before: Scale, { now, waiting, busy }: Demand, limits: ScaleLimits): Pick<Scale, "workers" | "fewer"> {
  const need = Math.min(Math.max(waiting + busy, limits.min), limits.max);
  const { workers, fewer } = before;
  if (need >= workers) return { workers: need };
  if (!fewer) return limits.idleSeconds === 0 ? { workers: need } : { workers, fewer: { since: now, most: need } };
  const most = Math.max(fewer.most, need);
  if (now - fewer.since < limits.idleSeconds) return { workers, fewer: { since: fewer.since, most } };
  return { workers: most };
}
