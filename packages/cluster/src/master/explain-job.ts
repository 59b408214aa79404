import { SessionStateError } from "../errors.js";
import { labelsText } from "../labels.js";
import type { PlannedJob } from "../planner/planner-graph.js";
import type { Job } from "../scheduler/job.js";
import type { JobState } from "../scheduler/types.js";
import type { JobRunner } from "./job-runner.js";

/** What is known of a job: where it stands, and what happened to it, with reasons. */
export interface JobStory {
  readonly id: string;
  readonly rule: string;
  readonly label: string;
  readonly state: JobState;
  /** What it waits for, where it waits. */
  readonly waitsFor: string | null;
  /** The worker that has it, or had it last. */
  readonly worker: string | null;
  readonly digest: string | null;
  readonly error: string | null;
  readonly inputs: readonly { readonly id: string; readonly label: string; readonly state: JobState }[];
  /** The last entries of its story, the latest last. */
  readonly story: readonly string[];
  /** How many entries its story ever had. */
  readonly entries: number;
  /** Other jobs that go by that name: how many, and the ids of the first. */
  readonly others: { readonly count: number; readonly ids: readonly string[] };
}

type Known = { readonly job: PlannedJob; readonly state: Job };

/** Which of several jobs of a name is meant: the one that most likely made somebody ask. */
const ASKED_FOR: readonly JobState[] = ["failed", "running", "queued", "ready", "waiting", "done"];
const SHOWN = 20;

/**
 * The story of a job.
 *
 * @param name Its id or how that begins, its label, or its rule.
 * @throws SessionStateError where no dispatched job goes by that name.
 */
export function explainJob(runner: JobRunner, name: string): JobStory {
  const all = runner.jobs();
  const found = named(all, name).sort((a, b) => rank(a) - rank(b));
  const [first, ...others] = found;
  if (!first) {
    throw new SessionStateError(
      `No dispatched job goes by ${JSON.stringify(name)}: give how its id begins, its label, or its rule as "namespace.rule".`,
      { job: name },
    );
  }
  const { job, state } = first;
  return {
    id: job.id,
    rule: job.rule,
    label: job.label,
    state: state.state,
    waitsFor: waitsFor(runner, first),
    worker: state.worker ?? null,
    digest: state.digest ?? null,
    error: state.error?.message ?? null,
    inputs: state.plan.inputs.map((id) => ({ id, label: runner.label(id), state: runner.job(id)!.state })),
    story: state.story.entries,
    entries: state.story.length,
    others: { count: others.length, ids: others.slice(0, SHOWN).map((each) => each.job.id) },
  };
}

const rank = ({ state }: Known): number => ASKED_FOR.indexOf(state.state);

function named(all: readonly Known[], name: string): Known[] {
  if (/^[0-9a-f]{4,32}$/.test(name)) {
    const byId = all.filter(({ job }) => job.id.startsWith(name));
    if (byId.length > 0) return byId;
  }
  const byLabel = all.filter(({ job }) => job.label === name);
  return byLabel.length > 0 ? byLabel : all.filter(({ job }) => job.rule === name);
}

function waitsFor(runner: JobRunner, { job, state }: Known): string | null {
  if (state.state === "waiting") {
    const missing = state.plan.inputs.filter((id) => runner.job(id)!.state !== "done");
    return `${missing.length} of its ${state.plan.inputs.length} inputs`;
  }
  if (state.state === "queued") return `its turn on ${state.worker}`;
  if (state.state !== "ready") return null;
  const { on } = state.plan;
  if (on && !runner.workers().some((worker) => worker.state !== "draining" && worker.has(on)))
    return `a worker with ${labelsText(on)}`;
  if (job.pin !== undefined) return `the worker that holds ${runner.label(job.pin)}`;
  return runner.workers().length === 0 ? "a worker to join" : "a free worker";
}
