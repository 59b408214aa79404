import { type JournalLine, type Recording, recordedCode } from "@graphvm/cluster";
import { inputName, recordedWait, unbox } from "@graphvm/cluster/internal";
import { bytesText, countText, plain, tableText } from "../cli/text.js";
import { exportRows, recordedExports } from "./exports.js";
import { recordedJobs, recordedTools, recordedUndeclared } from "./jobs.js";
import { undeclaredLines } from "./undeclared.js";

/** A recording as `recording show --json` prints it. */
export function recordingJson(source: string, bytes: number, recording: Recording): object {
  const calls = recording.lines.map(({ seq, at, method, params, result, error }) => ({
    seq,
    at: new Date(at).toISOString(),
    method,
    params,
    ...(error === undefined ? { result: result ?? null } : { error: unbox(error, recording) }),
  }));
  return {
    source,
    bytes,
    header: recording.header,
    head: recording.head,
    signature: recording.signature ?? null,
    calls,
    jobs: recordedJobs(recording),
    exports: recordedExports(recording),
    undeclared: recordedUndeclared(recording),
    tools: recordedTools(recording).map(([name, version]) => ({ name, version })),
  };
}

/** A recording as people read it. */
export function describeRecording(source: string, bytes: number, recording: Recording): string {
  const { header, lines } = recording;
  const { format, graphvm, node, v8, platform, numerics, lockfile, image, author, labels, capture } = header;
  const { signature } = recording;
  const programs = recordedCode(recording);
  const jobs = recordedJobs(recording);
  return [
    `${source}  (${bytesText(bytes)}, format ${format.major}.${format.minor})`,
    tableText([
      ["made", header.createdAt],
      ["by", `graphvm ${plain(graphvm)}, Node ${plain(node)}, V8 ${plain(v8)}, ${plain(platform)}`],
      ["seed", String(header.seed)],
      ...(header.strict ? [["strict", "undeclared reads were refused"]] : []),
      ["epoch", `${header.epoch} (${new Date(header.epoch).toISOString()})`],
      ["numerics", plain(numerics)],
      ...(lockfile === undefined ? [] : [["lockfile", plain(lockfile)]]),
      ...(image === undefined ? [] : [["image", plain(image)]]),
      ...(author === undefined ? [] : [["author", plain(author)]]),
      ...Object.entries(labels ?? {}).map(([name, value]) => ["label", plain(`${name}=${value}`)]),
      ["captured", ["code", ...(capture ?? [])].join(", ")],
      ["head", recording.head],
      ["signed", signature === undefined ? "no" : `by key ${signature.fingerprint}`],
    ]),
    `programs: ${programs.length}`,
    tableText(programs.map(({ name, hash, code }) => [plain(name), countText(code.split("\n").length, "line"), hash])),
    `inputs: ${header.inputs.length}`,
    tableText(
      header.inputs.map((input) => [plain(inputName(input)), bytesText(input.size), input.sha256, volumeText(input)]),
    ),
    `calls: ${lines.length}`,
    tableText(
      lines.map((line) => [
        String(line.seq),
        new Date(line.at).toISOString(),
        plain(line.method),
        plain(`${line.error === undefined ? "" : "failed: "}${gist(line, recording)}`),
      ]),
    ),
    ...exportsText(recording),
    ...undeclaredText(recording),
    ...toolsText(recording),
    `jobs: ${jobs.length}`,
    tableText(jobs.map(({ id, rule, digest, worker }) => [id, plain(rule), plain(worker), digest])),
  ]
    .filter((line) => line !== "")
    .join("\n");
}

const volumeText = ({ volume }: { readonly volume?: string }): string =>
  volume === undefined ? "" : `volume ${plain(volume)}`;

function exportsText(recording: Recording): string[] {
  const rows = exportRows(recording);
  return rows.length === 0 ? [] : [`exports: ${rows.length}`, tableText(rows)];
}

function undeclaredText(recording: Recording): string[] {
  const nodes = recordedUndeclared(recording);
  return nodes.length === 0 ? [] : [`read without being declared: ${nodes.length}`, ...undeclaredLines(nodes)];
}

function toolsText(recording: Recording): string[] {
  const tools = recordedTools(recording).map(([name, version]) => plain(`${name} ${version}`));
  return tools.length === 0 ? [] : [`ran with: ${tools.join(", ")}`];
}

const GIST = 100;

function waitGist(line: JournalLine, recording: Recording): string {
  const { jobs, nodes, outputs } = recordedWait(line, recording);
  const count = [...nodes.values()].reduce((sum, { length }) => sum + length, 0);
  return [
    countText(jobs.length, "job"),
    ...(count === 0 ? [] : [countText(count, "node")]),
    ...(outputs.size === 0 ? [] : [countText(outputs.size, "output")]),
  ].join(", ");
}

/** What a call gave, in a few words. */
function gist(line: JournalLine, recording: Recording): string {
  const json = line.error ?? line.result;
  if (line.method === "wait" && line.error === undefined) return waitGist(line, recording);
  const value = unbox(json ?? null, recording);
  if (typeof value !== "object" || value === null) return value === null ? "" : String(value);
  const words = Object.entries(value).map(([key, each]) => {
    if (Array.isArray(each)) return `${each.length} ${key}`;
    return typeof each === "object" && each !== null ? key : `${key} ${String(each)}`;
  });
  const text = words.join(", ").replace(/\s+/g, " ");
  return text.length <= GIST ? text : `${text.slice(0, GIST - 1)}…`;
}
