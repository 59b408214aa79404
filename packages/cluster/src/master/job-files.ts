import type { DeclaredFile } from "../planner/declared-files.js";
import type { Plan, PlannedJob } from "../planner/planner-graph.js";
import type { JobFile } from "../protocol.js";
import type { BoundInputs } from "./bound-inputs.js";
import type { SessionInputs } from "./session-inputs.js";

/** A job's inputs: what they are, and those that only the worker which is to run it can tell. */
export interface JobFiles {
  readonly files: readonly JobFile[];
  readonly late?: readonly DeclaredFile[];
}

/** Finds the inputs of a plan's jobs; one that is bound to a plane is looked for once. */
export async function findFiles(plan: Plan, inputs: SessionInputs, bound: BoundInputs): Promise<JobFiles[]> {
  const asked = new Map<string, Promise<JobFile | undefined>>();
  const ask = (file: DeclaredFile): Promise<JobFile | undefined> => {
    const key = JSON.stringify(file);
    const answer = asked.get(key) ?? bound.find(file);
    asked.set(key, answer);
    return answer;
  };
  const all: JobFiles[] = [];
  for (const job of plan.jobs) {
    const files: JobFile[] = [];
    const late: DeclaredFile[] = [];
    for (const file of job.files) {
      const found = await (file.plane === undefined || file.free ? inputs.resolve(file) : ask(file));
      if (found) files.push(found);
      else late.push(file);
    }
    all.push({ files, late });
  }
  return all;
}

/** The plan for a cluster that has no planes: cut as ever, but any worker may run anything. */
export function withoutLabels(plan: Plan): Plan {
  return { ...plan, jobs: plan.jobs.map(freeJob) };
}

function freeJob({ on: _on, bound: _bound, exports: _exports, files, ...job }: PlannedJob): PlannedJob {
  return { ...job, files: files.map((file) => (file.plane === undefined ? file : { ...file, free: true })) };
}
