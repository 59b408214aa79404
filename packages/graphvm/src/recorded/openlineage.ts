import type { JournalLine, Recording } from "@graphvm/cluster";
import { unbox } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import { recordedJobs } from "./jobs.js";

const SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json";
const FACETS = "https://openlineage.io/spec/facets";

/** An OpenLineage run event. */
export interface LineageEvent {
  readonly eventType: "START" | "COMPLETE" | "FAIL";
  readonly eventTime: string;
  readonly producer: string;
  readonly schemaURL: string;
  readonly run: { readonly runId: string; readonly facets: object };
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: object };
  readonly inputs: readonly object[];
  readonly outputs: readonly object[];
}

/**
 * A recorded run as OpenLineage 2-0-2 has it: START, and COMPLETE or FAIL, with inputs and outputs by digest. The same recording
 * gives the same events, run id and all.
 */
export function lineageEvents(recording: Recording): LineageEvent[] {
  const { header, lines, head } = recording;
  const producer = `https://www.npmjs.com/package/graphvm/v/${encodeURIComponent(header.graphvm)}`;
  const base = (path: string): { _producer: string; _schemaURL: string } => ({
    _producer: producer,
    _schemaURL: path.startsWith("http") ? path : `${SPEC}#/$defs/${path}`,
  });
  const failed = failure(lines, recording);
  const { seed, epoch, node, v8, platform, numerics, author, labels, capture } = header;
  const facets = {
    graphvm_recording: {
      ...base("RunFacet"),
      ...{ head, calls: lines.length, seed, epoch, node, v8, platform, numerics, capture: capture ?? [] },
      ...given({ author, labels }),
    },
    processing_engine: {
      ...base(`${FACETS}/1-1-1/ProcessingEngineRunFacet.json`),
      ...{ name: "graphvm", version: header.graphvm },
    },
    ...(failed === undefined
      ? {}
      : {
          errorMessage: {
            ...base(`${FACETS}/1-0-1/ErrorMessageRunFacet.json`),
            ...{ message: failed, programmingLanguage: "TypeScript" },
          },
        }),
  };
  const programs = header.programs.map(({ name, hash }) => ({ name, sha256: hash }));
  const job = {
    namespace: "graphvm",
    name: header.programs[0]?.name ?? "session",
    facets: { graphvm_programs: { ...base("JobFacet"), programs } },
  };
  const inputs = header.inputs.map(({ uri, size, sha256, plane }) => ({
    ...(plane === undefined ? place(uri) : { namespace: `graphvm:${plane}`, name: uri }),
    facets: {
      version: { ...base(`${FACETS}/1-0-1/DatasetVersionDatasetFacet.json`), datasetVersion: sha256 },
      graphvm_digest: { ...base("DatasetFacet"), algorithm: "sha256", digest: sha256, bytes: size },
    },
  }));
  const outputs = outputsOf(recording).map(({ id, rule, digest }) => ({
    namespace: "graphvm",
    name: `${rule}/${id}`,
    facets: { graphvm_digest: { ...base("DatasetFacet"), algorithm: "sha256", digest } },
  }));
  const event = (eventType: LineageEvent["eventType"], at: number, made: readonly object[]): LineageEvent => ({
    eventType,
    eventTime: new Date(at).toISOString(),
    ...{ producer, schemaURL: `${SPEC}#/$defs/RunEvent` },
    run: { runId: uuidOf(head), facets },
    job,
    inputs,
    outputs: made,
  });
  const created = Date.parse(header.createdAt);
  return [
    event("START", lines[0]?.at ?? created, []),
    event(failed === undefined ? "COMPLETE" : "FAIL", lines.at(-1)?.at ?? created, outputs),
  ];
}

/** What the last call that waits or reads ended with, if it was an error. */
function failure(lines: readonly JournalLine[], recording: Recording): string | undefined {
  const last = lines.findLast(({ method }) => method === "wait" || method === "getData" || method === "dispatchJobs");
  if (last?.error === undefined) return undefined;
  const { code, message } = unbox(last.error, recording) as { code: string; message: string };
  return `${code}: ${message}`;
}

/** The values that somebody read; where nobody read any, those of all jobs. */
function outputsOf(recording: Recording): { id: string; rule: string; digest: string }[] {
  const jobs = recordedJobs(recording);
  const rules = new Map(jobs.map(({ id, rule }) => [id, rule]));
  const read = new Map<string, string>();
  for (const { method, result } of recording.lines) {
    if (method !== "getData" || result === undefined) continue;
    const { id, digest } = unbox(result, recording) as { id: string; digest: string };
    read.set(id, digest);
  }
  if (read.size === 0) return jobs.map(({ id, rule, digest }) => ({ id, rule, digest }));
  return [...read].map(([id, digest]) => ({ id, rule: rules.get(id) ?? "node", digest }));
}

/** OpenLineage names a dataset by where it lies and what it is called there. */
function place(uri: string): { readonly namespace: string; readonly name: string } {
  const [, scheme, authority, path] = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)\/?(.*)$/i.exec(uri) ?? [];
  if (scheme === undefined) return { namespace: "file", name: uri };
  return { namespace: authority === "" ? scheme : `${scheme}://${authority}`, name: path || "/" };
}

/** A UUID (version 8: made by us) from a digest. */
function uuidOf(sha256: string): string {
  const variant = ((Number.parseInt(sha256[16]!, 16) & 3) | 8).toString(16);
  const hex = `${sha256.slice(0, 12)}8${sha256.slice(13, 16)}${variant}${sha256.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
