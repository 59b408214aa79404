import { readFileSync } from "node:fs";
import { join } from "node:path";
import { numericsDigest } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { inputKey } from "../planner/declared-files.js";
import { VERSION } from "../protocol.js";
import {
  type BlobSource,
  FORMAT_MAJOR,
  FORMAT_MINOR,
  headerHash,
  type RecordedInput,
  type RecordingHeader,
  rechain,
  recordingPieces,
  sha256Hex,
} from "../recording/index.js";
import { captureFiles } from "./capture-files.js";
import type { MasterSession } from "./session.js";
import type { RecordedCalls, RecordingSettings, SessionLog } from "./session-log.js";

/** Behaviour flags of this version: none yet. A change that moves replayed bytes adds a number here. */
export const FLAGS: readonly number[] = [];

/** Makes the portable file of what was recorded, piece by piece. */
export async function makeRecording(
  session: MasterSession,
  log: SessionLog,
  { calls, settings }: RecordedCalls,
  now: number,
  roots: readonly string[],
  captureInputs: boolean,
): Promise<{ pieces: AsyncIterable<Uint8Array>; calls: number }> {
  const captured = captureInputs ? await captureFiles(session.recordedInputs(), session) : undefined;
  const inputs = session.recordedInputs().map((input) => {
    const parts = captured?.parts.get(inputKey(input));
    const reader = session.readers.get(inputKey(input));
    const uri = log.redact(input.uri);
    return { ...input, uri, ...(reader ? { reader } : {}), ...(parts ? { parts: [...parts] } : {}) };
  });
  const header = makeHeader(session, log, settings, now, roots, inputs, captureInputs);
  const lines = rechain(calls, headerHash(header));
  const own = log.blobs;
  const blobs: BlobSource = {
    size: (sha256) => own.size(sha256) ?? captured?.blobs.size(sha256),
    read: (sha256) => (own.size(sha256) === undefined && captured ? captured.blobs : own).read(sha256),
  };
  return { pieces: recordingPieces({ header, lines, blobs }), calls: lines.length };
}

function makeHeader(
  session: MasterSession,
  log: SessionLog,
  { labels, author, capture: wanted }: RecordingSettings,
  now: number,
  roots: readonly string[],
  inputs: RecordedInput[],
  captureInputs: boolean,
): RecordingHeader {
  const outputs = wanted.includes("outputs");
  const capture = [...(captureInputs ? ["inputs" as const] : []), ...(outputs ? ["outputs" as const] : [])];
  const lockfile = lockfileHash(roots);
  const image = process.env.GRAPHVM_IMAGE;
  return {
    format: { major: FORMAT_MAJOR, minor: FORMAT_MINOR },
    flags: [...FLAGS],
    seed: session.seed,
    epoch: session.epoch,
    graphvm: VERSION,
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    numerics: numericsDigest(),
    createdAt: new Date(now).toISOString(),
    ...given({ lockfile }),
    ...(image === undefined || image === "" ? {} : { image }),
    ...(session.strict ? { strict: true as const } : {}),
    ...(capture.length === 0 ? {} : { capture }),
    ...(author === undefined ? {} : { author: log.redact(author) }),
    ...(labels === undefined ? {} : { labels: log.redact({ ...labels }) }),
    inputs,
    programs: session.recordedPrograms((program) => sha256Hex(Buffer.from(program.code))),
  };
}

/** The sha-256 of the project's lockfile, where there is one. */
function lockfileHash(roots: readonly string[]): string | undefined {
  for (const root of roots) {
    try {
      return sha256Hex(readFileSync(join(root, "package-lock.json")));
    } catch {
      // the next root
    }
  }
  return undefined;
}
