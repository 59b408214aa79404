import { decodeValue, GraphvmError, type Tools } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import type { Session } from "../client/session.js";
import { findHosts } from "../program/host-modules.js";
import type { JournalLine, Recording } from "../recording/index.js";
import type { Changes } from "./changes.js";
import { differenceOf, type ValueDifference } from "./difference.js";
import { findCause, nodesHere } from "./find-cause.js";
import { capturedOutput, type RecordedWait } from "./recorded-jobs.js";
import type { Divergence } from "./report.js";
import type { Tally } from "./tally.js";
import { toolDifferences } from "./tool-differences.js";

/** What comparing needs. */
export interface Comparison {
  readonly session: Session;
  readonly recording: Recording;
  readonly changes: Changes;
  readonly tally: Tally;
  readonly level: "jobs" | "nodes";
}

/** A job or a node of one, with its two digests. */
interface Pair {
  readonly id: string;
  readonly rule: string;
  readonly job: string;
  readonly recorded: string;
  readonly replayed: string;
  /** How what the job ran with besides JavaScript is another here. */
  readonly tools: readonly string[];
}

/** Compares the jobs of a `wait` line, in topological order, and their nodes where they were recorded. */
export async function compareWait(
  line: JournalLine,
  recorded: RecordedWait,
  here: readonly { readonly id: string; readonly digest: string; readonly tools?: Tools }[],
  comparison: Comparison,
): Promise<void> {
  const found = new Map(here.map((job) => [job.id, job]));
  for (const job of recorded.jobs) {
    const { id, rule, digest } = job;
    const tools = toolDifferences(job, found.get(id));
    for (const each of tools) comparison.tally.tools.add(each);
    const nodes = comparison.level === "nodes" ? recorded.nodes.get(id) : undefined;
    if (nodes !== undefined && nodes.length > 0) {
      const [there] = await nodesHere(comparison.session, [id]);
      const replayed = new Map(there!.map(([node, , digest]) => [node, digest]));
      for (const [node, nodeRule, nodeDigest] of nodes) {
        const pair = { id: node, rule: nodeRule, job: id, recorded: nodeDigest, tools };
        await compare(line, { ...pair, replayed: replayed.get(node) ?? "missing" }, recorded, comparison);
      }
    }
    const pair = { id, rule, job: id, recorded: digest, replayed: found.get(id)?.digest ?? "missing", tools };
    await compare(line, pair, recorded, comparison);
  }
}

/** Compares a value that a client read. */
export async function compareValue(
  line: JournalLine,
  recorded: { readonly id: string; readonly digest: string },
  replayed: { readonly digest: string },
  comparison: Comparison,
): Promise<void> {
  const { session, tally } = comparison;
  if (tally.same(recorded.id, recorded.digest, replayed.digest) || tally.first !== undefined) return;
  const { node } = await session.replayCall<{ node: { rule: string; job: string } | null }>("node", {
    name: recorded.id,
  });
  const pair = { id: recorded.id, rule: node?.rule ?? "", job: node?.job ?? recorded.id };
  const digests = { recorded: recorded.digest, replayed: replayed.digest, tools: [...tally.tools] };
  tally.first = await describe(line, { ...pair, ...digests }, undefined, comparison);
}

async function compare(line: JournalLine, pair: Pair, recorded: RecordedWait, comparison: Comparison): Promise<void> {
  const { tally } = comparison;
  if (tally.same(pair.id, pair.recorded, pair.replayed) || tally.first !== undefined) return;
  tally.first = await describe(line, pair, recorded, comparison);
}

/** Says where, how and why: runs the job again, and reads both values where there are two. */
async function describe(
  line: JournalLine,
  pair: Pair,
  recorded: RecordedWait | undefined,
  comparison: Comparison,
): Promise<Divergence> {
  const { job, id, tools } = pair;
  const { machine, ...asked } = comparison.changes;
  const changes = { ...asked, machine: [...tools, ...machine] };
  const { cause, why, ...blamed } = await findCause(comparison.session, job, changes);
  const node = blamed.node ?? id;
  const rule = blamed.rule ?? pair.rule;
  const difference = await valueDifference(job, recorded?.outputs.get(job), comparison);
  const what = node === job ? `Job ${rule} ${job}` : `Node ${rule} ${node} of job ${job}`;
  return {
    ...{ seq: line.seq, method: line.method, cause, why },
    message: `${what} gave other bytes than recorded.`,
    ...{ job, node, rule, recorded: pair.recorded, replayed: pair.replayed },
    ...given({ difference }),
  };
}

async function valueDifference(
  job: string,
  blobs: readonly string[] | undefined,
  { session, recording }: Comparison,
): Promise<ValueDifference | undefined> {
  if (blobs === undefined) return undefined;
  try {
    const { bytes } = await session.replayValue({ id: job, job });
    await importHosts(recording);
    return differenceOf(decodeValue(capturedOutput(blobs, recording)), decodeValue(Uint8Array.from(bytes)));
  } catch (error) {
    // the value is gone, or of a class that nobody here knows: the digests stand
    if (error instanceof GraphvmError) return undefined;
    throw error;
  }
}

/** Loads the packages whose values a recorded program can give: they know how those are read. */
export async function importHosts(recording: Recording): Promise<void> {
  for (const { blob } of recording.header.programs) {
    const code = Buffer.from(recording.blobs.get(blob)).toString("utf8");
    for (const url of findHosts(code)) await import(url);
  }
}
