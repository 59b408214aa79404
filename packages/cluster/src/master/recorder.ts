import { readFileSync } from "node:fs";
import { join } from "node:path";
import { numericsDigest } from "@graphvm/engine";
import { VERSION } from "../protocol.js";
import {
  expectedBlobs,
  FORMAT_MAJOR,
  FORMAT_MINOR,
  headerHash,
  packRecording,
  type RecordingHeader,
  rechain,
  sha256Hex,
} from "../recording/index.js";
import type { MasterSession } from "./session.js";
import type { SessionLog } from "./session-log.js";

/** Behaviour flags of this version: none yet. A change that moves replayed bytes adds a number here. */
export const FLAGS: readonly number[] = [];

/** Makes the portable file of what was recorded. */
export function makeRecording(
  session: MasterSession,
  log: SessionLog,
  now: number,
  roots: readonly string[],
): { bytes: Uint8Array; calls: number } {
  const header = makeHeader(session, now, roots);
  const lines = rechain(log.recorded, headerHash(header));
  const { needed, allowed } = expectedBlobs(header, lines);
  const blobs = new Map([...log.blobs].filter(([sha256]) => needed.has(sha256) || allowed.has(sha256)));
  return { bytes: packRecording({ header, lines, blobs }), calls: lines.length };
}

function makeHeader(session: MasterSession, now: number, roots: readonly string[]): RecordingHeader {
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
    ...(lockfile === undefined ? {} : { lockfile }),
    ...(image === undefined || image === "" ? {} : { image }),
    inputs: session.recordedInputs(),
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
