import { GraphvmError } from "@graphvm/engine";
import type { Session } from "../client/session.js";
import { ConnectionLostError } from "../errors.js";
import type { JournalLine, Recording } from "../recording/index.js";
import { ReplayLimits } from "./replay-limits.js";
import type { Cause, Divergence } from "./report.js";
import { errorCode, unbox } from "./unbox.js";

/** Calls that a replay leaves out: they concern the recording, not the pipeline. */
const SKIPPED: ReadonlySet<string> = new Set([
  "setRecording",
  "clearRecording",
  "getRecording",
  "restart",
  "status",
  "graph",
]);

/** Errors that tell of a machine and its limits, not of the pipeline: calls that ended with one are not compared. */
const MACHINE_ERRORS: ReadonlySet<string> = new Set(
  "GVM1104 GVM3201 GVM3301 GVM3302 GVM3401 GVM3402 GVM3405 GVM3406 GVM3502 GVM3503".split(" "),
);

/** What comparing found so far. */
export interface Tally {
  calls: number;
  compared: number;
  equal: number;
  diverged: number;
  first: Divergence | undefined;
  /** Which comparisons were made. */
  readonly seen: Set<string>;
}

interface Digests {
  readonly recorded: string;
  readonly replayed: string;
}

/** Issues the recorded calls again, in order, and compares every digest. Stops where a call ends otherwise than recorded. */
export async function replayCalls(
  session: Session,
  recording: Recording,
  cause: Cause,
  onCall?: (line: JournalLine) => void,
): Promise<Tally> {
  const tally: Tally = { calls: 0, compared: 0, equal: 0, diverged: 0, first: undefined, seen: new Set() };
  const limits = new ReplayLimits(session, recording);
  for (const line of recording.lines) {
    if (line.method === "endCluster") break;
    if (await limits.concern(line)) continue;
    if (SKIPPED.has(line.method) || MACHINE_ERRORS.has(errorCode(line, recording) ?? "")) continue;
    onCall?.(line);
    // whoever waited may not have wanted the digests; a replay does
    const params = line.method === "wait" ? {} : limits.params(unbox(line.params, recording));
    const outcome = await issue(session, line.method, params);
    tally.calls++;
    if (!compareOutcome(line, outcome, recording, tally, cause)) break;
  }
  return tally;
}

type Outcome = { readonly result: unknown } | { readonly error: GraphvmError };

async function issue(session: Session, method: string, params: unknown): Promise<Outcome> {
  try {
    return { result: await session.replayCall(method, params) };
  } catch (error) {
    if (error instanceof GraphvmError && !(error instanceof ConnectionLostError)) return { error };
    throw error;
  }
}

/** Whether the replay can go on. */
function compareOutcome(
  line: JournalLine,
  outcome: Outcome,
  recording: Recording,
  tally: Tally,
  cause: Cause,
): boolean {
  const recordedError = errorCode(line, recording);
  if ("error" in outcome) {
    if (recordedError === outcome.error.code) return true;
    const wanted = recordedError === undefined ? "an answer" : `the error ${recordedError}`;
    diverge(tally, {
      seq: line.seq,
      method: line.method,
      cause: outcome.error.code === "GVM1204" ? "input" : cause,
      message: `Call ${line.seq} (${line.method}) had ${wanted} in the recording and ends here with ${outcome.error.code}: ${outcome.error.message}`,
    });
    return false;
  }
  if (recordedError !== undefined) {
    const message = `Call ${line.seq} (${line.method}) failed in the recording with ${recordedError} and does not fail here.`;
    diverge(tally, { seq: line.seq, method: line.method, cause, message });
    return false;
  }
  const recorded = unbox(line.result ?? null, recording);
  if (line.method === "wait") compareJobs(line, recorded, outcome.result, tally, cause);
  if (line.method === "getData") compareValue(line, recorded, outcome.result, tally, cause);
  return true;
}

interface JobDigest {
  readonly id: string;
  readonly rule: string;
  readonly digest: string;
}

function compareJobs(line: JournalLine, recorded: unknown, replayed: unknown, tally: Tally, cause: Cause): void {
  const here = new Map((replayed as { jobs: JobDigest[] }).jobs.map((job) => [job.id, job.digest]));
  for (const { id, rule, digest } of (recorded as { jobs: JobDigest[] }).jobs) {
    compareDigest(tally, id, { recorded: digest, replayed: here.get(id) ?? "missing" }, () => ({
      seq: line.seq,
      method: line.method,
      cause,
      message: `Job ${rule} ${id} gave other bytes than recorded.`,
      job: id,
      rule,
    }));
  }
}

function compareValue(line: JournalLine, recorded: unknown, replayed: unknown, tally: Tally, cause: Cause): void {
  const { id, digest } = recorded as { id: string; digest: string };
  compareDigest(tally, id, { recorded: digest, replayed: (replayed as { digest: string }).digest }, () => ({
    seq: line.seq,
    method: line.method,
    cause,
    message: `The value of node ${id} is another than recorded.`,
    job: id,
  }));
}

/** A digest that stands in several lines counts once. */
function compareDigest(tally: Tally, id: string, digests: Digests, divergence: () => Divergence): void {
  const { recorded, replayed } = digests;
  const key = `${id} ${recorded} ${replayed}`;
  if (tally.seen.has(key)) return;
  tally.seen.add(key);
  tally.compared++;
  if (recorded === replayed) tally.equal++;
  else diverge(tally, { ...divergence(), recorded, replayed });
}

function diverge(tally: Tally, divergence: Divergence): void {
  tally.diverged++;
  tally.first ??= divergence;
}
