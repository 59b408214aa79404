import type { GraphvmError } from "@graphvm/engine";
import * as v from "valibot";
import { SessionStateError } from "../errors.js";
import type { Plan } from "../planner/planner-graph.js";
import type { Program } from "../program/program.js";
import { programSchema, refsSchema } from "../protocol.js";
import type { Json } from "../recording/index.js";
import type { JobInfo, MasterSession } from "./session.js";
import type { SessionLog } from "./session-log.js";

/** What a call gives: the answer to the client, and what the journal keeps of it. */
export interface Answer {
  readonly answer: unknown;
  readonly logged: Json;
}

/** A call of a session: validated params in, an answer out. */
export interface Call<P = unknown> {
  readonly params: v.GenericSchema<unknown, P>;
  /** Calls that change the session go one after the other; the rest run side by side with them. */
  readonly exclusive: boolean;
  /** What the journal keeps of the params. */
  log(params: P, log: SessionLog): Promise<Json>;
  run(params: P, session: MasterSession, log: SessionLog): Promise<Answer>;
}

function call<S extends v.GenericSchema>(
  params: S,
  exclusive: boolean,
  run: (params: v.InferOutput<S>, session: MasterSession, log: SessionLog) => Promise<Answer>,
  log: (params: v.InferOutput<S>, log: SessionLog) => Promise<Json> = async (plain) => plain as Json,
): Call {
  return { params, exclusive, run, log } as Call;
}

const nothing = v.strictObject({});
const rules = v.array(v.pipe(v.string(), v.maxLength(400)));
const cutSchema = v.strictObject({ refs: refsSchema, cut: rules, noCopy: rules });
const dispatchSchema = v.strictObject({
  ...cutSchema.entries,
  timeout: v.exactOptional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000_000))),
  retries: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000))),
});

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

  dispatchJobs: call(dispatchSchema, true, async ({ refs, cut, noCopy, ...limits }, session) => {
    const plan = await session.dispatch(refs, { cut, noCopy }, limits);
    return { answer: { jobs: plan.jobs.map(jobInfo), nodes: plan.nodes, edges: plan.edges }, logged: counts(plan) };
  }),

  cancel: call(v.strictObject({ force: v.boolean() }), true, async ({ force }, session) => {
    session.runner.cancel(force);
    return { answer: null, logged: null };
  }),

  wait: call(v.strictObject({ brief: v.exactOptional(v.boolean()) }), false, async ({ brief }, session, log) => {
    await session.runner.settled();
    const jobs = session.outcomes();
    const news = log.news(jobs).map((job) => ({ ...job }));
    return { answer: { jobs: brief ? [] : jobs }, logged: { jobs: news } };
  }),

  getData: call(v.strictObject({ refs: refsSchema }), false, async ({ refs }, session) => {
    const { id, bytes, digest } = await session.getData(refs);
    return { answer: { id, bytes, digest }, logged: { id, digest } };
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

  status: call(nothing, false, async (_params, session, log) => {
    const answer = { ...session.status(), recording: { on: log.recording, calls: log.recorded.length } };
    return { answer, logged: null };
  }),
};

function jobInfo({ id, rule, label, inputs, nodes, on, bound }: Plan["jobs"][number]): JobInfo {
  const where = { ...(on === undefined ? {} : { on }), ...(bound === undefined ? {} : { bound }) };
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
