import {
  blobRef,
  headerHash,
  type Json,
  type RecordingHeader,
  type RecordingParts,
  rechain,
  sha256Hex,
} from "../../dist/recording/index.js";

export const program = Buffer.from("export const answer = () => 42;\n".repeat(100));
export const small = Buffer.from("a small value");

export function sampleHeader(changes: Partial<RecordingHeader> = {}): RecordingHeader {
  return {
    format: { major: 1, minor: 0 },
    flags: [1, 4],
    seed: 7,
    epoch: 1_700_000_000_000,
    graphvm: "0.1.0",
    node: "20.20.2",
    v8: "11.3",
    platform: "linux-x64",
    numerics: "n1",
    createdAt: "2031-02-03T04:05:06.000Z",
    inputs: [{ uri: "transactions.csv", size: 3, sha256: sha256Hex("abc") }],
    programs: [{ name: "fraud", hash: "p1", blob: sha256Hex(program) }],
    ...changes,
  };
}

const calls: { method: string; params: Json; result?: Json; error?: Json }[] = [
  { method: "addRules", params: [blobRef(sha256Hex(program))] },
  { method: "dispatchJobs", params: [["job-1", "job-2"], { noCopy: [] }], result: { "job-1": "d1", "job-2": "d2" } },
  { method: "getData", params: ["job-1"], result: { digest: "d1", value: blobRef(sha256Hex(small)) } },
  { method: "getData", params: ["nope"], error: { code: "GVM3001", message: "There is no node nope." } },
  { method: "endCluster", params: [], result: null },
];

/** A small recording of five calls and two blobs. */
export function sampleParts(header: RecordingHeader = sampleHeader()): RecordingParts {
  const timed = calls.map((call, i) => ({ at: 1000 + i, ...call }));
  const blobs = new Map([program, small].map((bytes) => [sha256Hex(bytes), bytes] as const));
  return { header, lines: rechain(timed, headerHash(header)), blobs };
}

/** What a call throws, and that it throws. */
export function thrown(
  call: () => unknown,
): { code: string; exitCode: number; fields: Record<string, unknown> } & Error {
  try {
    call();
  } catch (error) {
    return error as ReturnType<typeof thrown>;
  }
  throw new Error("nothing was thrown");
}
