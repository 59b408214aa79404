import { dirname, resolve } from "node:path";
import { numericsDigest } from "@graphvm/engine";
import { connect } from "../client/connect.js";
import { RecordingFile } from "../client/recording-file.js";
import { Session } from "../client/session.js";
import { startMaster } from "../master/start-master.js";
import { VERSION } from "../protocol.js";
import {
  type JournalLine,
  openRecording,
  parsePlace,
  type Recording,
  readSource,
  verifyOpened,
} from "../recording/index.js";
import { type FoundInput, findInputs } from "./inputs.js";
import { replayCalls } from "./replay-calls.js";
import type { Cause, Divergence, ReplayReport } from "./report.js";

/** How a recording is replayed; everything has a default. */
export interface ReplayOptions {
  /** Where relative inputs are looked for, in turn. Default: beside the recording, then the working directory. */
  readonly root?: string | readonly string[];
  /** Inputs that lie elsewhere now: by recorded URI, the path. */
  readonly inputs?: { readonly [uri: string]: string };
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
 * @throws the recording's errors (unreadable, tampered with, another format), InputMissingError: nothing was run then.
 * @example
 * const report = await replayRecording({ workers: 2 }, "out.gvr");
 * report.verdict === "equal";
 */
export async function replayRecording(
  target: ReplayTarget,
  source: string | Uint8Array | RecordingFile,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const start = performance.now();
  const recording = await readRecording(source);
  const roots =
    options.root === undefined ? defaultRoots(source) : [options.root].flat().map((each: string) => resolve(each));
  const mapped = new Map(Object.entries(options.inputs ?? {}));
  const found = await findInputs(recording.header.inputs, roots, mapped);
  const changed = found.find(({ input, sha256 }) => sha256 !== input.sha256);
  const warnings = differences(recording);
  const base = { recordedCalls: recording.lines.length, warnings, header: recording.header };
  const seconds = (): number => (performance.now() - start) / 1000;
  if (changed) {
    const nothing = { calls: 0, compared: 0, equal: 0, diverged: 1, workers: 0 };
    return { verdict: "diverged", ...nothing, first: inputDivergence(changed), ...base, seconds: seconds() };
  }
  const inputs = Object.fromEntries(found.map(({ input, path }) => [input.uri, path]));
  return withSession(target, recording, roots, inputs, async (session) => {
    const { workers } = await session.status();
    const stop = options.onProgress ? session.onProgress(options.onProgress) : undefined;
    const {
      first,
      seen: _seen,
      ...tally
    } = await replayCalls(session, recording, causeOf(warnings, recording), options.onCall);
    stop?.();
    const verdict = tally.diverged === 0 ? "equal" : "diverged";
    return { verdict, ...tally, ...(first ? { first } : {}), ...base, workers: workers.length, seconds: seconds() };
  });
}

/** Opens and verifies a recording without running anything of it. */
export async function readRecording(source: string | Uint8Array | RecordingFile): Promise<Recording> {
  const bytes =
    source instanceof RecordingFile ? source.bytes : typeof source === "string" ? await readSource(source) : source;
  const recording = openRecording(bytes);
  verifyOpened(recording, bytes.length);
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

async function withSession<T>(
  target: ReplayTarget,
  recording: Recording,
  roots: readonly string[],
  inputs: { readonly [uri: string]: string },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { seed, epoch } = recording.header;
  const begin = async (session: Session): Promise<T> => {
    await session.replayCall("restart", { seed, epoch, roots: [...roots], inputs });
    return work(session);
  };
  if (target instanceof Session) return begin(target);
  const master =
    typeof target === "string"
      ? undefined
      : await startMaster({ port: 0, workers: target.workers, seed, epoch, ignoreLabels: true });
  try {
    const session = await connect(master?.url ?? (target as string));
    try {
      return await begin(session);
    } finally {
      await session.close();
    }
  } finally {
    await master?.close();
  }
}

/** Beside the recording, then the working directory. */
function defaultRoots(source: string | Uint8Array | RecordingFile): string[] {
  const place = typeof source === "string" ? parsePlace(source) : undefined;
  return place?.kind === "file" ? [dirname(resolve(place.path)), process.cwd()] : [process.cwd()];
}

function differences({ header }: Recording): string[] {
  const warnings: string[] = [];
  if (header.graphvm !== VERSION) warnings.push(`recorded by graphvm ${header.graphvm}, replayed by ${VERSION}`);
  if (header.node !== process.version) warnings.push(`recorded on Node ${header.node}, replayed on ${process.version}`);
  const platform = `${process.platform}-${process.arch}`;
  if (header.platform !== platform) warnings.push(`recorded on ${header.platform}, replayed on ${platform}`);
  if (header.numerics !== numericsDigest())
    warnings.push("Math functions give other bits here than where this was recorded");
  return warnings;
}

/** The code is the recorded code and the inputs are the recorded inputs: what is left is the machine, or chance. */
function causeOf(warnings: readonly string[], { header }: Recording): Cause {
  return header.numerics !== numericsDigest() || warnings.length > 0 ? "environment" : "nondeterminism";
}

function inputDivergence({ input, path, sha256 }: FoundInput): Divergence {
  return {
    seq: 0,
    method: "",
    cause: "input",
    message: `The input ${input.uri} (${path}) is not the one that was recorded: its bytes changed.`,
    input: input.uri,
    recorded: input.sha256,
    replayed: sha256,
  };
}
