import {
  differenceOf,
  type JobOutcome,
  type JournalLine,
  type Recording,
  type ValueDifference,
} from "@graphvm/cluster";
import { capturedOutput, importHosts, inputName, recordedWait, unbox } from "@graphvm/cluster/internal";
import { decodeValue, GraphvmError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { recordedJobs } from "./jobs.js";

/** A reason why two recorded runs can differ. */
export interface DiffReason {
  readonly kind: "input" | "param" | "code" | "environment" | "seed" | "calls";
  /** What it is about: a URI, a program, a version. */
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** A job whose value is another in the second run. */
export interface MovedJob {
  readonly rule: string;
  readonly a: string;
  readonly b: string;
  /** The digests. */
  readonly digestA: string;
  readonly digestB: string;
  /** Whether it is the same node in both; else it is the job of that rule that stands in the same place. */
  readonly sameNode: boolean;
  readonly difference?: ValueDifference;
}

/** What two recordings have otherwise. */
export interface RecordingDiff {
  /** Whether every job came out the same in both, whatever else differs. */
  readonly same: boolean;
  /** Inputs, params, code, environment and seed, in this order. */
  readonly reasons: readonly DiffReason[];
  /** Jobs that both runs have and that came out otherwise, dependencies first. */
  readonly moved: readonly MovedJob[];
  /** How many jobs came out the same, and how many only one run has. */
  readonly equal: number;
  readonly onlyA: number;
  readonly onlyB: number;
}

/** Compares two recordings and runs nothing of them. */
export async function diffOf(a: Recording, b: Recording): Promise<RecordingDiff> {
  const reasons = [...inputs(a, b), ...params(a, b), ...code(a, b), ...environment(a, b), ...seed(a, b)];
  await importHosts(a);
  await importHosts(b);
  const pairs = pairJobs(recordedJobs(a), recordedJobs(b));
  const outputs = [outputBlobs(a), outputBlobs(b)] as const;
  const moved: MovedJob[] = [];
  for (const { a: left, b: right } of pairs.both) {
    if (left.digest === right.digest) continue;
    const difference = outputDifference(outputs[0].get(left.id), outputs[1].get(right.id), a, b);
    moved.push({
      ...{ rule: left.rule, a: left.id, b: right.id, digestA: left.digest, digestB: right.digest },
      sameNode: left.id === right.id,
      ...given({ difference }),
    });
  }
  const { onlyA, onlyB } = pairs;
  const same = moved.length === 0 && onlyA === 0 && onlyB === 0;
  return { same, reasons, moved, equal: pairs.both.length - moved.length, onlyA, onlyB };
}

function inputs({ header: a }: Recording, { header: b }: Recording): DiffReason[] {
  const names = [...new Set([...a.inputs, ...b.inputs].map(inputName))];
  return names.flatMap((name) => {
    const [left, right] = [a, b].map(
      (header) => header.inputs.find((input) => inputName(input) === name)?.sha256 ?? "(not read)",
    );
    return left === right ? [] : [{ kind: "input" as const, what: name, a: left!, b: right! }];
  });
}

/** Calls that make up a pipeline; the rest looks at it. */
const PIPELINE: ReadonlySet<string> = new Set(["dispatchJobs", "initGraph", "getData", "wait"]);

/** The first call whose params differ, and where in them. */
function params(a: Recording, b: Recording): DiffReason[] {
  const [left, right] = [a, b].map(({ lines }) => lines.filter(({ method }) => PIPELINE.has(method)));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const [x, y] = [left![i], right![i]];
    if (x?.method !== y?.method) {
      return [{ kind: "calls", what: `call ${i} of the pipeline`, a: x?.method ?? "(none)", b: y?.method ?? "(none)" }];
    }
    const [cell] = differenceOf(paramsOf(x!, a), paramsOf(y!, b)).cells;
    if (cell) return [{ kind: "param", what: `${x!.method} ${cell.path}`.trim(), a: cell.recorded, b: cell.replayed }];
  }
  return [];
}

/** Times and tries reach no value, and neither does whether the digests were asked for. */
function paramsOf({ method, params }: JournalLine, recording: Recording): unknown {
  if (method === "wait") return {};
  const { timeout: _timeout, retries: _retries, ...rest } = unbox(params, recording) as Record<string, unknown>;
  return rest;
}

function code({ header: a }: Recording, { header: b }: Recording): DiffReason[] {
  const names = [...new Set([...a.programs, ...b.programs].map(({ name }) => name))];
  return names.flatMap((name) => {
    const [left, right] = [a, b].map(
      (header) => header.programs.find((each) => each.name === name)?.hash ?? "(not loaded)",
    );
    return left === right ? [] : [{ kind: "code" as const, what: name, a: left!, b: right! }];
  });
}

const ENVIRONMENT = ["graphvm", "node", "v8", "platform", "numerics", "lockfile", "image"] as const;

function environment({ header: a }: Recording, { header: b }: Recording): DiffReason[] {
  const reasons: DiffReason[] = ENVIRONMENT.flatMap((what) =>
    a[what] === b[what] ? [] : [{ kind: "environment" as const, what, a: a[what] ?? "(none)", b: b[what] ?? "(none)" }],
  );
  const [left, right] = [a, b].map(({ flags }) => flags.join(",") || "(none)");
  if (left !== right) reasons.push({ kind: "environment", what: "behaviour flags", a: left!, b: right! });
  return reasons;
}

/** The clock inside atoms starts at the epoch, which differs from run to run unless it is set. */
function seed({ header: a }: Recording, { header: b }: Recording): DiffReason[] {
  return (["seed", "epoch"] as const).flatMap((what) =>
    a[what] === b[what] ? [] : [{ kind: "seed" as const, what, a: String(a[what]), b: String(b[what]) }],
  );
}

/** Jobs of the same node, else of the same rule in the same place. */
function pairJobs(a: readonly JobOutcome[], b: readonly JobOutcome[]) {
  const byId = new Map(b.map((job) => [job.id, job]));
  const taken = new Set(a.filter(({ id }) => byId.has(id)).map(({ id }) => id));
  const rest = groupByRule(b.filter(({ id }) => !taken.has(id)));
  const both: { a: JobOutcome; b: JobOutcome }[] = [];
  let onlyA = 0;
  for (const job of a) {
    const other = byId.get(job.id) ?? rest.get(job.rule)?.shift();
    if (other) both.push({ a: job, b: other });
    else onlyA++;
  }
  return { both, onlyA, onlyB: b.length - both.length };
}

function groupByRule(jobs: readonly JobOutcome[]): Map<string, JobOutcome[]> {
  const groups = new Map<string, JobOutcome[]>();
  for (const job of jobs) groups.set(job.rule, [...(groups.get(job.rule) ?? []), job]);
  return groups;
}

function outputBlobs(recording: Recording): ReadonlyMap<string, readonly string[]> {
  const waits = recording.lines.filter(({ method, result }) => method === "wait" && result !== undefined);
  return new Map(waits.flatMap((line) => [...recordedWait(line, recording).outputs]));
}

function outputDifference(
  left: readonly string[] | undefined,
  right: readonly string[] | undefined,
  a: Recording,
  b: Recording,
): ValueDifference | undefined {
  if (left === undefined || right === undefined) return undefined;
  try {
    return differenceOf(decodeValue(capturedOutput(left, a)), decodeValue(capturedOutput(right, b)));
  } catch (error) {
    // of a class that nobody here knows: the digests stand
    if (error instanceof GraphvmError) return undefined;
    throw error;
  }
}
