import type { Random } from "../random.js";

/** Which links of a worker are concerned: all, those between it and the master, those over which others fetch its values. */
export type Links = "all" | "master" | "data";

/** Something that happens to a run. `after`: for how long it holds, in ms; undefined for good. */
export type Fault =
  | { readonly kind: "add" }
  | { readonly kind: "kill" }
  | { readonly kind: "stop"; readonly after: number | undefined }
  | { readonly kind: "stall" | "cut"; readonly links: Links; readonly after: number | undefined }
  | { readonly kind: "client"; readonly how: "stalled" | "cut"; readonly after: number };

/** A fault, when it strikes, and whom: the so-manieth of those that may be struck, counted round. */
export interface Planned {
  /** How many jobs are done then, at least. */
  readonly done: number;
  /** How long after that, in ms. */
  readonly delay: number;
  readonly victim: number;
  readonly fault: Fault;
}

/** What a seed says of a run: nothing in it depends on how the run goes. */
export interface Plan {
  readonly faults: readonly Planned[];
  /** When the master is killed, and for how long it is gone, in ms. */
  readonly master: { readonly done: number; readonly delay: number; readonly down: number } | undefined;
  /** Worker threads beside the processes; they go with the master. */
  readonly threads: number;
  /** Whether some values are never copied. */
  readonly pinned: boolean;
}

/** How many faults there are in one run. */
const LEAST = 3;
const MOST = 6;

/** Most strike at once, some while the jobs that came next are under way. */
const DELAYS = [0, 0, 10, 60, 250] as const;

const KINDS = ["kill", "stop", "stall", "cut", "add", "client"] as const;
const LINKS = ["all", "all", "master", "data"] as const;

/** @param jobs How many jobs the run has. */
export function planOf(random: Random, jobs: number, killMaster: boolean): Plan {
  const faults = Array.from({ length: LEAST + random.below(MOST - LEAST + 1) }, () => planned(random, jobs));
  const master = killMaster
    ? { done: 1 + random.below(jobs - 1), delay: random.pick(DELAYS), down: random.below(800) }
    : undefined;
  return { faults, master, threads: random.below(3) === 0 ? 1 : 0, pinned: random.below(3) === 0 };
}

function planned(random: Random, jobs: number): Planned {
  // also when all are done: the value is still to be fetched then
  const done = random.below(jobs + 1);
  return { done, delay: random.pick(DELAYS), victim: random.below(60), fault: faultOf(random) };
}

function faultOf(random: Random): Fault {
  const kind = random.pick(KINDS);
  const after = 100 + random.below(2500);
  const heals = random.below(4) > 0;
  if (kind === "client") return { kind, how: random.pick(["stalled", "cut"] as const), after };
  if (kind === "add" || kind === "kill") return { kind };
  if (kind === "stop") return { kind, after: heals ? after : undefined };
  return { kind, links: random.pick(LINKS), after: heals ? after : undefined };
}

/** What it is, for people. */
export function describe(fault: Fault, worker: string): string {
  if (fault.kind === "add") return "a worker is added";
  if (fault.kind === "kill") return `${worker} is killed`;
  const time = fault.after === undefined ? "for good" : `for ${fault.after} ms`;
  if (fault.kind === "stop") return `${worker} is stopped, ${time}`;
  if (fault.kind === "client") return `the client's link is ${fault.how}, ${time}`;
  const links = { all: "all links", master: "the link to the master", data: "its values' links" }[fault.links];
  return `${worker}: ${links} ${fault.kind === "stall" ? "stall" : "are cut"}, ${time}`;
}
