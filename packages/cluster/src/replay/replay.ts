import { dirname, resolve } from "node:path";
import { FetchedInputs, given } from "@graphvm/engine/internal";
import { connect } from "../client/connect.js";
import { RecordingFile } from "../client/recording-file.js";
import { Session } from "../client/session.js";
import { ReplayOptionError } from "../errors.js";
import type { JobOutcome, SessionStatus } from "../master/session.js";
import { startMaster } from "../master/start-master.js";
import { inputName } from "../planner/declared-files.js";
import type { PlannedNode } from "../planner/planner-graph.js";
import {
  type JournalLine,
  openRecording,
  parsePlace,
  type Recording,
  readSource,
  requireTrusted,
  trustedFingerprints,
  verifyOpened,
} from "../recording/index.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";
import { readChanges } from "./changes.js";
import { checkImports } from "./check-imports.js";
import { checkPrograms } from "./check-programs.js";
import { type Comparison, compareWait } from "./compare-jobs.js";
import { type FoundInput, findInputs } from "./inputs.js";
import { placeHere, placeThere } from "./place-inputs.js";
import { recordedWait } from "./recorded-jobs.js";
import { hasNodeDigests, replayCalls } from "./replay-calls.js";
import type { Divergence, ReplayReport, Stop } from "./report.js";
import { type ReplaySetting, type StoppedReplay, stopAt } from "./stop.js";
import { Tally } from "./tally.js";

/** How a recording is replayed; everything has a default. */
export interface ReplayOptions {
  /** Where relative inputs are looked for, in turn. Default: beside the recording, then the working directory. */
  readonly root?: string | readonly string[];
  /**
   * Inputs that lie elsewhere now: by recorded URI, the path; `plane:uri` names one that is bound to a plane. They go before what the
   * recording itself holds.
   */
  readonly inputs?: { readonly [uri: string]: string };
  /** What is compared: jobs (the default), or every node where the recording has their digests. */
  readonly verify?: "jobs" | "nodes";
  /** Stops at a node, named by the beginning of its id or by its rule; what it does not need is not computed. */
  readonly until?: string;
  /** Called where it stopped, with the node's inputs and its value, while the cluster still runs. */
  readonly onStop?: (stopped: StoppedReplay) => unknown;
  /** Atoms that read what is not declared are refused. Default: as in the session that was recorded. */
  readonly strict?: boolean;
  /** Another seed than the recorded one. */
  readonly seed?: number;
  /** Modules that take the place of recorded programs, by name. */
  readonly code?: { readonly [program: string]: string };
  /** Public keys, PEM: a recording that none of them signed is refused. */
  readonly trusted?: string;
  /** Called with each call before it is issued. */
  readonly onCall?: (line: JournalLine) => void;
  readonly onProgress?: (progress: { readonly total: number; readonly done: number }) => void;
}

/** Where a recording is replayed: a fresh session, a master's URL, or worker threads started for it. */
export type ReplayTarget = Session | string | { readonly workers: number };

/**
 * Rebuilds the recorded pipeline on a fresh cluster and compares the digest of every job and value. Runs the code that is
 * in the recording: show it to whoever must agree first (`recordedCode`).
 *
 * @param source A path, `s3://bucket/key`, the bytes, or what `getRecording` gave.
 * @throws the recording's errors (unreadable, tampered with, another format, not signed by who is trusted),
 * InputMissingError, ReplayOptionError: nothing was run then, but where a node to stop at was not found.
 * @example
 * const report = await replayRecording({ workers: 2 }, "out.gvr", { verify: "nodes" });
 * report.verdict === "equal";
 */
export async function replayRecording(
  target: ReplayTarget,
  source: string | Uint8Array | RecordingFile,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const start = performance.now();
  const recording = await readRecording(source);
  if (options.trusted !== undefined) requireTrusted(recording.signature, trustedFingerprints(options.trusted));
  const roots =
    options.root === undefined ? defaultRoots(source) : [options.root].flat().map((each: string) => resolve(each));
  const mapped = new Map(Object.entries(options.inputs ?? {}));
  refuseUnknown(mapped.keys(), recording);
  const changes = await readChanges(recording, options.code ?? {}, options.seed);
  using fetched = new FetchedInputs();
  const elsewhere = target instanceof Session || typeof target === "string";
  const found = await findInputs(recording, roots, mapped, fetched, elsewhere);
  const level = options.verify === "nodes" && hasNodeDigests(recording) ? "nodes" : "jobs";
  const base = {
    level,
    recordedCalls: recording.lines.length,
    warnings: [...changes.machine, ...levelWarning(options.verify, level)],
    header: recording.header,
    head: recording.head,
  } as const;
  const seconds = (): number => (performance.now() - start) / 1000;
  const changed = found.map(inputDivergence).find((divergence) => divergence !== undefined);
  if (changed) {
    const nothing = { calls: 0, compared: 0, equal: 0, diverged: 1, workers: 0 };
    return { verdict: "diverged", ...nothing, first: changed, ...base, seconds: seconds() };
  }
  return await withSession(target, recording, roots, found, options, async (session, setting) => {
    const { workers } = await session.status();
    const stop = options.onProgress ? session.onProgress(options.onProgress) : undefined;
    const comparison: Comparison = { session, recording, changes, level, tally: new Tally() };
    const stopped = await issueCalls(comparison, setting, options);
    stop?.();
    const unseen = [...comparison.tally.tools, ...undeclaredWarning(await session.look())];
    const { calls, compared, equal, diverged, first } = comparison.tally;
    const tally = { calls, compared, equal, diverged, ...(first ? { first } : {}) };
    const verdict = diverged === 0 ? "equal" : "diverged";
    const ended = { workers: workers.length, seconds: seconds(), ...(stopped ? { stopped } : {}) };
    return { verdict, ...tally, ...base, warnings: [...base.warnings, ...unseen], ...ended };
  });
}

/** Issues the calls, to the end or to the node where it is to stop. */
async function issueCalls(
  comparison: Comparison,
  setting: ReplaySetting,
  { onCall, onStop, until }: ReplayOptions,
): Promise<Stop | undefined> {
  if (until === undefined) {
    await replayCalls(comparison, { onCall });
    return undefined;
  }
  const { session } = comparison;
  let stopped: StoppedReplay | undefined;
  const onDispatch = async (line: JournalLine): Promise<boolean> => {
    const { node } = await session.replayCall<{ node: PlannedNode | null }>("node", { name: until });
    if (node === null) return false;
    const { jobs } = await session.replayCall<{ jobs: JobOutcome[] }>("wait", {});
    await compareBefore(line, jobs, comparison);
    stopped = await stopAt(node, session, setting);
    await onStop?.(stopped);
    return true;
  };
  await replayCalls(comparison, { onCall, until, onDispatch });
  if (stopped === undefined && comparison.tally.first === undefined) {
    throw new ReplayOptionError(
      `The recording has no node ${until}: name one by its rule, or by the first digits of its id (graphvm recording show lists jobs).`,
      { node: until },
    );
  }
  if (stopped === undefined) return undefined;
  const { node, rule, label, job, digest, inputs } = stopped;
  return { node, rule, label, job, digest, inputs };
}

/** Opens and verifies a recording without running anything of it. */
export async function readRecording(source: string | Uint8Array | RecordingFile): Promise<Recording> {
  const bytes =
    source instanceof RecordingFile ? source.bytes : typeof source === "string" ? await readSource(source) : source;
  const recording = openRecording(bytes);
  verifyOpened(recording, bytes.length);
  checkPrograms(recording);
  await checkImports(recording);
  return recording;
}

/** The code that a replay would run, by program. */
export function recordedCode(
  recording: Recording,
): { readonly name: string; readonly hash: string; readonly code: string }[] {
  return recording.header.programs.map(({ name, hash, blob }) => ({
    name,
    hash,
    code: Buffer.from(recording.blobs.get(blob)).toString("utf8"),
  }));
}

/** Compares what was computed before a stop with what the lines after that dispatch say. */
async function compareBefore(
  dispatch: JournalLine,
  here: readonly JobOutcome[],
  comparison: Comparison,
): Promise<void> {
  const { recording } = comparison;
  const computed = new Set(here.map(({ id }) => id));
  for (const line of recording.lines.slice(dispatch.seq + 1)) {
    if (line.method === "initGraph") return;
    if (line.method !== "wait" || line.result === undefined) continue;
    const recorded = recordedWait(line, recording);
    await compareWait(
      line,
      { ...recorded, jobs: recorded.jobs.filter(({ id }) => computed.has(id)) },
      here,
      comparison,
    );
  }
}

async function withSession<T>(
  target: ReplayTarget,
  recording: Recording,
  roots: readonly string[],
  found: readonly FoundInput[],
  options: Pick<ReplayOptions, "seed" | "strict">,
  work: (session: Session, setting: ReplaySetting) => Promise<T>,
): Promise<T> {
  const { epoch } = recording.header;
  const { seed = recording.header.seed, strict = recording.header.strict ?? false } = options;
  const folder = makeTempFolder("graphvm-replay-");
  let files: Promise<{ readonly [uri: string]: string }> | undefined;
  const setting: ReplaySetting = {
    recording,
    seed,
    epoch,
    files: () => {
      files ??= placeHere(found, recording, folder);
      return files;
    },
  };
  const begin = async (session: Session, own: boolean): Promise<T> => {
    const inputs = own ? await setting.files() : await placeThere(found, recording, session);
    const bound = found.flatMap(({ input: { uri, sha256 }, from }) =>
      "plane" in from ? [{ uri, plane: from.plane, sha256 }] : [],
    );
    const expected = bound.length === 0 ? {} : { bound };
    await session.replayCall("restart", { seed, epoch, strict, roots: [...roots], inputs, ...expected });
    return work(session, setting);
  };
  let master: Awaited<ReturnType<typeof startMaster>> | undefined;
  try {
    if (target instanceof Session) return await begin(target, false);
    const here = typeof target !== "string";
    if (here) master = await startMaster({ port: 0, workers: target.workers, seed, epoch, ignoreLabels: true });
    const session = await connect(master?.url ?? (target as string));
    try {
      return await begin(session, here);
    } finally {
      await session.close();
    }
  } finally {
    await master?.close();
    removeTempFolder(folder);
  }
}

/** Beside the recording, then the working directory. */
function defaultRoots(source: string | Uint8Array | RecordingFile): string[] {
  const place = typeof source === "string" ? parsePlace(source) : undefined;
  return place?.kind === "file" ? [dirname(resolve(place.path)), process.cwd()] : [process.cwd()];
}

/** An input that is mapped and not recorded is a typing mistake. */
function refuseUnknown(uris: Iterable<string>, { header }: Recording): void {
  for (const uri of uris) {
    if (header.inputs.some((input) => input.uri === uri || inputName(input) === uri)) continue;
    const names = header.inputs.map(inputName).join(", ") || "none";
    throw new ReplayOptionError(`The recording has no input ${uri}; it has ${names}.`, { uri });
  }
}

function levelWarning(asked: ReplayOptions["verify"], level: "jobs" | "nodes"): string[] {
  if (asked !== "nodes" || level === "nodes") return [];
  return ["the recording has digests of jobs only, so nodes were not compared: record with --digests nodes"];
}

/** Where atoms read what nobody declared, equal bytes say less. */
function undeclaredWarning({ undeclared }: SessionStatus): string[] {
  if (undeclared.length === 0) return [];
  const [first] = undeclared;
  const { kind, what } = first!.reads[0]!;
  const others = undeclared.length === 1 ? "" : ` and ${undeclared.length - 1} more`;
  return [
    `${first!.label}${others} read what is not declared (${kind} ${what}): whether that is as it was when it was recorded, nobody can tell`,
  ];
}

function inputDivergence({ input, from }: FoundInput): Divergence | undefined {
  if (!("path" in from) || from.sha256 === input.sha256) return undefined;
  const { id, rule } = input.reader ?? {};
  const reader = id === undefined ? "" : ` Job ${rule} ${id} is the first that reads it.`;
  return {
    seq: 0,
    method: "",
    cause: "input",
    why: "its sha-256 is another than the recorded one; nothing was run",
    message: `The input ${inputName(input)} (${from.path}) is not the one that was recorded: its bytes changed.${reader}`,
    ...(id === undefined ? {} : { job: id, node: id }),
    ...given({ rule }),
    input: inputName(input),
    recorded: input.sha256,
    replayed: from.sha256,
  };
}
