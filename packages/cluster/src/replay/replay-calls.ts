import { GraphvmError } from "@graphvm/engine";
import { ConnectionLostError } from "../errors.js";
import type { JournalLine, Recording } from "../recording/index.js";
import { LOADS } from "./check-programs.js";
import { type Comparison, compareValue, compareWait } from "./compare-jobs.js";
import { causeWithoutRuns } from "./find-cause.js";
import { recordedWait } from "./recorded-jobs.js";
import { ReplayLimits } from "./replay-limits.js";
import type { Cause } from "./report.js";
import { errorCode, unbox } from "./unbox.js";

/** Lines that a replay leaves out: they are no calls, or concern the recording or another replay, not the pipeline. */
const SKIPPED: ReadonlySet<string> = new Set(
  "export setRecording clearRecording getRecording restart status graph nodeDigests runAgain node nodeValue".split(" "),
);

/** Errors that tell of a machine or a plane and its limits, not of the pipeline: calls that ended with one are not compared. */
const MACHINE_ERRORS: ReadonlySet<string> = new Set(
  "GVM1104 GVM3201 GVM3301 GVM3302 GVM3401 GVM3402 GVM3405 GVM3406 GVM3502 GVM3503 GVM3605 GVM5060 GVM5061 GVM5063 GVM5068".split(
    " ",
  ),
);

/** Errors of programs that atoms run: not there, a package not there, other versions, died, too slow. */
const TOOL_ERRORS: ReadonlySet<string> = new Set("GVM5060 GVM5061 GVM5063 GVM5065 GVM5068".split(" "));

/** What a replay does besides comparing. */
export interface CallHooks {
  readonly onCall?: ((line: JournalLine) => void) | undefined;
  /** The node to stop at. */
  readonly until?: string | undefined;
  /** Called after jobs were given out, with the node where it is among them: true ends the replay. */
  readonly onDispatch?: ((line: JournalLine) => Promise<boolean>) | undefined;
}

/** Issues the recorded calls again, in order, and compares every digest. Stops where a call ends otherwise than recorded. */
export async function replayCalls(comparison: Comparison, hooks: CallHooks): Promise<void> {
  const { session, recording, tally } = comparison;
  const limits = new ReplayLimits(session, recording);
  for (const line of recording.lines) {
    if (line.method === "endCluster") break;
    if (await limits.concern(line)) continue;
    if (SKIPPED.has(line.method) || MACHINE_ERRORS.has(errorCode(line, recording) ?? "")) continue;
    hooks.onCall?.(line);
    const params = callParams(line, comparison, limits, hooks.until);
    const outcome = await issue(comparison, line.method, params);
    tally.calls++;
    if (!(await compareOutcome(line, outcome, comparison))) break;
    if (line.method === "dispatchJobs" && hooks.onDispatch && (await hooks.onDispatch(line))) break;
  }
}

function callParams(
  line: JournalLine,
  { recording, changes }: Comparison,
  limits: ReplayLimits,
  until: string | undefined,
): unknown {
  // whoever waited may not have wanted the digests; a replay does
  if (line.method === "wait") return {};
  const params = limits.params(unbox(line.params, recording));
  if (line.method === "dispatchJobs" && until !== undefined) return { ...(params as object), until };
  const program = LOADS.has(line.method) ? changes.programs.get(programName(params)) : undefined;
  return program === undefined ? params : { program };
}

function programName(params: unknown): string {
  return (params as { program: { name: string } }).program.name;
}

type Outcome = { readonly result: unknown } | { readonly error: GraphvmError };

async function issue({ session }: Comparison, method: string, params: unknown): Promise<Outcome> {
  try {
    return { result: await session.replayCall(method, params) };
  } catch (error) {
    if (error instanceof GraphvmError && !(error instanceof ConnectionLostError)) return { error };
    throw error;
  }
}

/** Whether the replay can go on. */
async function compareOutcome(line: JournalLine, outcome: Outcome, comparison: Comparison): Promise<boolean> {
  const { recording, tally, changes } = comparison;
  const recordedError = errorCode(line, recording);
  const unlike = endedOtherwise(line, outcome, recordedError);
  if (unlike !== undefined) {
    const { cause, why } = errorCause(outcome) ?? causeWithoutRuns(changes);
    tally.diverged++;
    tally.first ??= { seq: line.seq, method: line.method, cause, why, ...blamed(outcome), message: unlike };
    return false;
  }
  if ("error" in outcome) return true;
  if (line.method === "wait") {
    const { jobs } = outcome.result as { jobs: { id: string; digest: string }[] };
    await compareWait(line, recordedWait(line, recording), jobs, comparison);
  }
  if (line.method === "getData") {
    const recorded = unbox(line.result ?? null, recording) as { id: string; digest: string };
    await compareValue(line, recorded, outcome.result as { digest: string }, comparison);
  }
  return true;
}

/** The cause that an error says by itself. */
function errorCause(outcome: Outcome): { cause: Cause; why: string } | undefined {
  if (!("error" in outcome)) return undefined;
  const { code, message } = outcome.error;
  if (code === "GVM1204") return { cause: "input", why: "an input changed" };
  // another program than JavaScript is not here, is another, or did not last
  return TOOL_ERRORS.has(code) ? { cause: "environment", why: message } : undefined;
}

/** How a call ended here and not in the recording, or the other way round. */
function endedOtherwise(line: JournalLine, outcome: Outcome, recorded: string | undefined): string | undefined {
  const call = `Call ${line.seq} (${line.method})`;
  if ("error" in outcome) {
    if (recorded === outcome.error.code) return undefined;
    const wanted = recorded === undefined ? "an answer" : `the error ${recorded}`;
    return `${call} had ${wanted} in the recording and ends here with ${outcome.error.code}: ${outcome.error.message}`;
  }
  return recorded === undefined
    ? undefined
    : `${call} failed in the recording with ${recorded} and does not fail here.`;
}

/** The node an error speaks of. */
function blamed(outcome: Outcome): { node?: string; rule?: string } {
  if (!("error" in outcome)) return {};
  const { node, rule } = outcome.error.fields as { node?: unknown; rule?: unknown };
  return {
    ...(typeof node === "string" ? { node } : {}),
    ...(typeof rule === "string" ? { rule } : {}),
  };
}

/** Whether a recording has the digests of nodes. */
export function hasNodeDigests(recording: Recording): boolean {
  return recording.lines.some((line) => line.method === "wait" && recordedWait(line, recording).nodes.size > 0);
}
