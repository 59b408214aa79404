import type { Random } from "../random.js";

/** What strikes a run on NATS. `after`: for how long it holds, in ms. */
export type FabricFault =
  | { readonly kind: "kill" }
  | { readonly kind: "leader" }
  | { readonly kind: "stop"; readonly after: number }
  | { readonly kind: "server"; readonly after: number };

/** A fault, when it strikes, and whom: the so-manieth of those that may be struck, counted round. */
export interface FabricPlanned {
  /** How many jobs are done then, at least. */
  readonly done: number;
  /** How long after that, in ms. */
  readonly delay: number;
  readonly victim: number;
  readonly fault: FabricFault;
}

/** How many faults workers have in one run, at most. */
const MOST = 3;

const DELAYS = [0, 0, 10, 60] as const;

/**
 * What a seed says of a run: the leader and a server of NATS are killed once each, workers are killed and stopped.
 *
 * @param jobs How many jobs the run has.
 */
export function fabricPlanOf(random: Random, jobs: number): FabricPlanned[] {
  const workers = Array.from({ length: 1 + random.below(MOST) }, (): FabricFault => {
    return random.below(2) === 0 ? { kind: "kill" } : { kind: "stop", after: 100 + random.below(5000) };
  });
  const faults: FabricFault[] = [{ kind: "leader" }, { kind: "server", after: 200 + random.below(3000) }, ...workers];
  return faults
    .map((fault) => ({ done: random.below(jobs - 1), delay: random.pick(DELAYS), victim: random.below(60), fault }))
    .sort((a, b) => a.done - b.done);
}
