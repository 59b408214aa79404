import type { JobOutcome } from "../master/session.js";
import type { JournalLine, Json, Recording } from "../recording/index.js";
import type { NodeDigest } from "../worker/inspect-job.js";
import { unbox } from "./unbox.js";

/** What a `wait` line says. */
export interface RecordedWait {
  /** Jobs that no earlier line reports, in topological order. */
  readonly jobs: readonly JobOutcome[];
  /** The digests of each job's nodes, dependencies first, where they were recorded. */
  readonly nodes: ReadonlyMap<string, readonly NodeDigest[]>;
  /** The blobs that a job's value is cut into, where outputs were captured. */
  readonly outputs: ReadonlyMap<string, readonly string[]>;
}

/** Reads a `wait` line. Captured values stay where they are: only their names are read. */
export function recordedWait({ result }: JournalLine, recording: Recording): RecordedWait {
  const line = (typeof result === "object" && result !== null ? result : {}) as { readonly [key: string]: Json };
  // a long line of format 1.0 is boxed whole
  const { jobs, nodes } = ("$json" in line ? unbox(line, recording) : line) as { jobs?: Json; nodes?: Json };
  const outputs = (line.outputs ?? {}) as { readonly [job: string]: readonly { readonly $blob: string }[] };
  return {
    jobs: unbox(jobs ?? [], recording) as JobOutcome[],
    nodes: new Map(Object.entries(unbox(nodes ?? {}, recording) as { [job: string]: NodeDigest[] })),
    outputs: new Map(Object.entries(outputs).map(([job, blobs]) => [job, blobs.map(({ $blob }) => $blob)])),
  };
}

/** The captured encoding of a job's value. */
export function capturedOutput(blobs: readonly string[], recording: Recording): Uint8Array {
  const parts = blobs.map((name) => recording.blobs.get(name));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
