import type { Recording, RecordingHeader } from "@graphvm/cluster";
import {
  blobRef,
  headerHash,
  type JournalLine,
  type Json,
  openRecording,
  packRecording,
  rechain,
  sha256Hex,
} from "../../cluster/dist/recording/index.js";

const CODE = Buffer.from("export const a = 1;\n// \u001b[2J");

/** A recording with a program, a function given as a param, an input and two jobs; it keeps no picture. */
export function sampleRecording(): Recording {
  const blob = sha256Hex(CODE);
  const header: RecordingHeader = {
    format: { major: 1, minor: 0 },
    flags: [],
    seed: 0,
    epoch: 0,
    graphvm: "0.1.0",
    node: "v20.0.0",
    v8: "11",
    platform: "linux-x64",
    numerics: "0",
    createdAt: "2026-01-01T00:00:00.000Z",
    inputs: [{ uri: "data.csv", size: 20, sha256: "0".repeat(64) }],
    programs: [{ name: "fraud", hash: blob, blob }],
  };
  const ref: Json = ["fraud", "auc", [{ $closed: ["(a) => a * 2", []] }]];
  const jobs = ["w1", "w2"].map((worker, i) => ({
    id: String(i).repeat(32),
    rule: "fraud.auc",
    digest: String(i).repeat(64),
    worker,
  }));
  const calls: { method: string; params: Json; result: Json }[] = [
    { method: "load", params: { program: { name: "fraud", hash: blob, code: blobRef(blob) } }, result: null },
    { method: "dispatchJobs", params: { refs: { refs: [ref], roots: [0] } }, result: { jobs: 2 } },
    { method: "wait", params: {}, result: { jobs } },
  ];
  const lines: JournalLine[] = rechain(
    calls.map((call) => ({ at: 0, ...call })),
    headerHash(header),
  );
  return openRecording(packRecording({ header, lines, blobs: new Map([[blob, CODE]]) }));
}
