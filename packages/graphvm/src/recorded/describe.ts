import { type Recording, recordedCode } from "@graphvm/cluster";
import { type Json, unbox } from "@graphvm/cluster/internal";
import { bytesText, countText, plain, tableText } from "../cli/text.js";
import { recordedJobs } from "./jobs.js";

/** A recording as `recording show --json` prints it. */
export function recordingJson(source: string, bytes: number, recording: Recording): object {
  const calls = recording.lines.map(({ seq, at, method, params, result, error }) => ({
    seq,
    at: new Date(at).toISOString(),
    method,
    params,
    ...(error === undefined ? { result: result ?? null } : { error: unbox(error, recording) }),
  }));
  return { source, bytes, header: recording.header, head: recording.head, calls, jobs: recordedJobs(recording) };
}

/** A recording as people read it. */
export function describeRecording(source: string, bytes: number, recording: Recording): string {
  const { header, lines } = recording;
  const { format, graphvm, node, v8, platform, numerics, lockfile, image } = header;
  const programs = recordedCode(recording);
  const jobs = recordedJobs(recording);
  return [
    `${source}  (${bytesText(bytes)}, format ${format.major}.${format.minor})`,
    tableText([
      ["made", header.createdAt],
      ["by", `graphvm ${plain(graphvm)}, Node ${plain(node)}, V8 ${plain(v8)}, ${plain(platform)}`],
      ["seed", String(header.seed)],
      ["epoch", `${header.epoch} (${new Date(header.epoch).toISOString()})`],
      ["numerics", plain(numerics)],
      ...(lockfile === undefined ? [] : [["lockfile", plain(lockfile)]]),
      ...(image === undefined ? [] : [["image", plain(image)]]),
      ["head", recording.head],
    ]),
    `programs: ${programs.length}`,
    tableText(programs.map(({ name, hash, code }) => [plain(name), countText(code.split("\n").length, "line"), hash])),
    `inputs: ${header.inputs.length}`,
    tableText(header.inputs.map(({ uri, size, sha256 }) => [plain(uri), bytesText(size), sha256])),
    `calls: ${lines.length}`,
    tableText(
      lines.map(({ seq, at, method, result, error }) => [
        String(seq),
        new Date(at).toISOString(),
        plain(method),
        plain(error === undefined ? gist(result, recording) : `failed: ${gist(error, recording)}`),
      ]),
    ),
    `jobs: ${jobs.length}`,
    tableText(jobs.map(({ id, rule, digest, worker }) => [id, plain(rule), plain(worker), digest])),
  ]
    .filter((line) => line !== "")
    .join("\n");
}

const GIST = 100;

/** What a call gave, in a few words. */
function gist(json: Json | undefined, recording: Recording): string {
  const value = unbox(json ?? null, recording);
  if (typeof value !== "object" || value === null) return value === null ? "" : String(value);
  const words = Object.entries(value).map(([key, each]) => {
    if (Array.isArray(each)) return `${each.length} ${key}`;
    return typeof each === "object" && each !== null ? key : `${key} ${String(each)}`;
  });
  const text = words.join(", ").replace(/\s+/g, " ");
  return text.length <= GIST ? text : `${text.slice(0, GIST - 1)}…`;
}
