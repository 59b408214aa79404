import type { GraphPicture, JobOutcome, Recording } from "@graphvm/cluster";
import { recordedWait, unbox } from "@graphvm/cluster/internal";
import type { NodeReads, Tools } from "@graphvm/engine";

/** A graph to be drawn, and which worker computed which job. */
export interface DrawnGraph {
  readonly picture: GraphPicture;
  readonly workers: { readonly [job: string]: string };
  /** How many jobs there are, where a folded picture can't tell. */
  readonly jobs?: number;
}

/** Every job that some `wait` in the recording reports, each once. */
export function recordedJobs(recording: Recording): JobOutcome[] {
  const jobs = new Map<string, JobOutcome>();
  for (const line of recording.lines) {
    if (line.method !== "wait" || line.result === undefined) continue;
    for (const job of recordedWait(line, recording).jobs) jobs.set(job.id, job);
  }
  return [...jobs.values()];
}

/** What atoms read without declaring it, by node, as the recorded session found. */
export function recordedUndeclared(recording: Recording): NodeReads[] {
  const nodes = recordedJobs(recording).flatMap(({ undeclared = [] }) => undeclared);
  return [...new Map(nodes.map((node) => [node.node, node])).values()];
}

/** What the recorded jobs ran with besides JavaScript; of a tool in several versions, each. */
export function recordedTools(recording: Recording): readonly (readonly [name: string, version: string])[] {
  const all = recordedJobs(recording).flatMap(({ tools = {} }: { readonly tools?: Tools }) => Object.entries(tools));
  const each = new Map(all.map((tool) => [tool.join(" "), tool]));
  return [...each.keys()].sort().map((key) => each.get(key)!);
}

/** The graph a recording keeps; where it keeps none, its jobs without edges. */
export function recordedGraph(recording: Recording): { readonly graph: DrawnGraph; readonly complete: boolean } {
  const jobs = recordedJobs(recording);
  const workers = Object.fromEntries(jobs.map(({ id, worker }) => [id, worker]));
  const line = recording.lines.findLast(({ method, result }) => method === "graph" && result !== undefined);
  if (line !== undefined) {
    const kept = unbox(line.result!, recording) as DrawnGraph;
    return {
      graph: { picture: kept.picture, workers: { ...workers, ...kept.workers }, jobs: jobs.length },
      complete: true,
    };
  }
  const nodes = jobs.map(({ id, rule }) => ({ rule, label: rule, count: 1, job: id, isJob: true }));
  return { graph: { picture: { folded: false, nodes, edges: [] }, workers }, complete: false };
}
