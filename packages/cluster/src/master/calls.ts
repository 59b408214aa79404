import type { GraphvmError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import * as v from "valibot";
import { SessionStateError } from "../errors.js";
import type { Plan } from "../planner/planner-graph.js";
import type { Program } from "../program/program.js";
import { programSchema, refsSchema } from "../protocol.js";
import type { Json, JsonObject } from "../recording/index.js";
import { AUDIT_CALLS } from "./audit-calls.js";
import { type Answer, type Call, call } from "./call.js";
import { explainJob } from "./explain-job.js";
import { jobDetails } from "./job-details.js";
import { valueAnswer } from "./served-values.js";
import type { JobInfo, MasterSession } from "./session.js";
import type { SessionLog } from "./session-log.js";

const nothing = v.strictObject({});
const rules = v.array(v.pipe(v.string(), v.maxLength(400)));
const cutSchema = v.strictObject({ refs: refsSchema, cut: v.union([v.literal("auto"), rules]), noCopy: rules });
/** What `dispatchJobs` takes, and `calc`, which is that and more. */
export const calcSchema = v.strictObject({
  ...cutSchema.entries,
  timeout: v.exactOptional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000_000))),
  retries: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000))),
  // a replay that stops at a node gives out the jobs it needs and no others
  until: v.exactOptional(v.pipe(v.string(), v.maxLength(400))),
});
export type CalcParams = v.InferOutput<typeof calcSchema>;

const loadCall = call(
  v.strictObject({ program: programSchema }),
  true,
  async ({ program }, session) => {
    const loaded = await session.load(program);
    return { answer: loaded, logged: { namespaces: loaded.namespaces } };
  },
  async ({ program }, log) => ({ program: await programJson(program, log) }),
);

/** The calls that change or read a session's graph. Every one of them has its line in the journal. */
export const SESSION_CALLS: { readonly [method: string]: Call } = {
  load: loadCall,
  remoteEval: loadCall,
  addRules: loadCall,

  initGraph: call(nothing, true, async (_params, session) => {
    await session.initGraph();
    return { answer: null, logged: null };
  }),

  jobDeps: call(cutSchema, true, async ({ refs, cut, noCopy }, session) => {
    const { plan } = await session.jobDeps(refs, { cut, noCopy });
    const answer = { jobs: plan.jobs.map(jobInfo), nodes: plan.nodes, edges: plan.edges };
    return { answer, logged: counts(plan) };
  }),

  dispatchJobs: call(calcSchema, true, async ({ refs, cut, noCopy, until, ...limits }, session) => {
    return dispatched(await session.dispatch(refs, { cut, noCopy }, limits, { until }), session);
  }),

  cancel: call(v.strictObject({ force: v.boolean() }), true, async ({ force }, session) => {
    session.runner.cancel(force);
    return { answer: null, logged: null };
  }),

  wait: call(v.strictObject({ brief: v.exactOptional(v.boolean()) }), false, async ({ brief }, session, log) => {
    await session.runner.settled();
    session.runner.outcomes?.flush();
    // a session may have run a million jobs: who asks for none of them gets an answer that costs what is new
    const all = brief && log.toldJobs ? undefined : session.outcomes();
    const since = session.outcomesSince();
    // from here on the line tells what is new for the recording there is now, or for none
    const kept = log.recording;
    const news = log.news(log.toldJobs ? since : all!).map((job) => ({ ...job }));
    const details = await jobDetails(news, session, log);
    const logged = { jobs: await log.box(news as unknown as Json, true), ...details };
    return { answer: { jobs: brief ? [] : all }, logged, kept };
  }),

  getData: call(v.strictObject({ refs: refsSchema }), false, async ({ refs }, session) => {
    const { id, bytes, digest } = await session.getData(refs);
    return { answer: valueAnswer({ id, bytes, digest }, session.served), logged: { id, digest } };
  }),

  graphStats: call(nothing, false, async (_params, session) => {
    const picture = await session.picture(0);
    const jobs = session.runner.progress();
    const rules = Object.fromEntries(picture.nodes.map(({ rule, count }) => [rule, count]));
    const nodes = picture.nodes.reduce((sum, { count }) => sum + count, 0);
    const edges = picture.edges.reduce((sum, [, , count]) => sum + count, 0);
    return { answer: { nodes, edges, rules, jobs }, logged: { nodes, edges } };
  }),

  graph: call(
    v.strictObject({ fold: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    false,
    async ({ fold }, session) => {
      const picture = await session.picture(fold);
      const workers = Object.fromEntries(session.outcomes().map(({ id, worker }) => [id, worker]));
      const logged = JSON.parse(JSON.stringify({ picture, workers })) as Json;
      return { answer: { picture, workers }, logged };
    },
  ),

  explain: call(
    v.strictObject({ job: v.pipe(v.string(), v.minLength(1), v.maxLength(400)) }),
    false,
    async ({ job }, session) => ({ answer: explainJob(session.runner, job), logged: null }),
  ),

  status: call(nothing, false, async (_params, session, log) => ({ answer: statusOf(session, log), logged: null })),

  ...AUDIT_CALLS,
};

/** What a session is doing, and what it records. */
export function statusOf(session: MasterSession, log: SessionLog) {
  return { ...session.status(), recording: { on: log.recording, calls: log.recorded.length } };
}

/** `dispatchJobs` for a client that will ask for the root's value: a small one comes with the news that it is there. */
export async function dispatchWanted(
  { refs, cut, noCopy, until, ...limits }: CalcParams,
  session: MasterSession,
): Promise<Answer> {
  return dispatched(await session.dispatch(refs, { cut, noCopy }, limits, { until, wanted: true }), session);
}

/** The journal keeps what the inputs were: who resumes the session must find them as they are. */
function dispatched(plan: Plan, session: MasterSession): Answer {
  const files = plan.jobs.flatMap((job) => job.files);
  const inputs = [...session.inputs.of(files), ...session.runner.boundInputs.of(files)];
  const logged = {
    ...(counts(plan) as JsonObject),
    ...(inputs.length > 0 ? { inputs: inputs as unknown as Json } : {}),
  };
  return { answer: { jobs: plan.jobs.map(jobInfo), nodes: plan.nodes, edges: plan.edges }, logged };
}

function jobInfo({ id, rule, label, inputs, nodes, on, bound }: Plan["jobs"][number]): JobInfo {
  const where = { ...given({ on, bound }) };
  return { id, rule, label, inputs, nodes, ...where };
}

function counts(plan: Plan): Json {
  return { jobs: plan.jobs.length, nodes: plan.nodes, edges: plan.edges };
}

/** A program in the journal: its text as a blob, without the source map. */
async function programJson({ name, hash, code }: Program, log: SessionLog): Promise<Json> {
  return { name, hash, code: await log.blob(Buffer.from(code)) };
}

/** @throws SessionStateError */
export function unknownCall(method: string): GraphvmError {
  return new SessionStateError(`There is no call ${method}.`, { method });
}
