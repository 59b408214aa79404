import type { Session } from "../client/session.js";
import type { NodeDigest } from "../worker/inspect-job.js";
import type { Changes } from "./changes.js";
import type { Cause } from "./report.js";

/** What is to blame, by what that was found, and the node inside the job where that could be told. */
export interface FoundCause {
  readonly cause: Cause;
  readonly why: string;
  readonly node?: string;
  readonly rule?: string;
}

/** How often a job that diverged runs once more. */
const RUNS = 2;

/**
 * Finds out why a job gave other bytes than recorded: it runs again on a fresh graph, and where the runs differ the node
 * is not deterministic. Otherwise it is what the caller changed, else this machine.
 */
export async function findCause(session: Session, job: string, changes: Changes): Promise<FoundCause> {
  const [first] = await nodesHere(session, [job]);
  for (let run = 0; run < RUNS; run++) {
    const again = await runAgain(session, job);
    const unequal = again && first && firstUnequal(first, again);
    if (unequal) {
      const why = "run twice here on the same inputs, it gave two values";
      return { cause: "nondeterminism", why, node: unequal[0], rule: unequal[1] };
    }
    if (again === undefined) break;
  }
  return causeWithoutRuns(changes);
}

/** The cause where no job can be run again: of a call that ended otherwise. */
export function causeWithoutRuns({ asked, machine }: Changes): FoundCause {
  const [named] = asked;
  if (named !== undefined) return { cause: named[0], why: named[1] };
  if (machine.length > 0) return { cause: "environment", why: machine.join("; ") };
  const why =
    "the same code, seed, inputs and versions give the same value again here, and another was recorded: it depends on something that is not declared, such as a file, a variable, a time zone or an earlier run";
  return { cause: "environment", why };
}

/** The digests of the nodes of jobs, as they came out in this replay. */
export async function nodesHere(session: Session, jobs: readonly string[]): Promise<(readonly NodeDigest[])[]> {
  const { nodes } = await session.replayCall<{ nodes: { [job: string]: NodeDigest[] } }>("nodeDigests", { jobs });
  return jobs.map((job) => nodes[job] ?? []);
}

async function runAgain(session: Session, job: string): Promise<readonly NodeDigest[] | undefined> {
  try {
    return (await session.replayCall<{ nodes: NodeDigest[] }>("runAgain", { job })).nodes;
  } catch {
    // its worker is gone, or it fails this time: then the other ways to tell must do
    return undefined;
  }
}

function firstUnequal(first: readonly NodeDigest[], again: readonly NodeDigest[]): NodeDigest | undefined {
  const digests = new Map(again.map(([id, , digest]) => [id, digest]));
  return first.find(([id, , digest]) => digests.has(id) && digests.get(id) !== digest);
}
