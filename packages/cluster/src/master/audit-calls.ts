import * as v from "valibot";
import { nodeIdSchema } from "../protocol.js";
import { type Call, call } from "./call.js";
import { nodesOf, runAgain } from "./job-details.js";
import { valueAnswer } from "./served-values.js";

/** Calls a replay asks its cluster, besides those of a pipeline: what came out of each node, and whether it does again. */
export const AUDIT_CALLS: { readonly [method: string]: Call } = {
  nodeDigests: call(v.strictObject({ jobs: v.array(nodeIdSchema) }), false, async ({ jobs }, session) => {
    const nodes = Object.fromEntries(await Promise.all(jobs.map(async (id) => [id, await nodesOf(id, session)])));
    return { answer: { nodes }, logged: null };
  }),

  runAgain: call(v.strictObject({ job: nodeIdSchema }), false, async ({ job }, session) => {
    return { answer: { nodes: await runAgain(job, session) }, logged: null };
  }),

  node: call(v.strictObject({ name: v.pipe(v.string(), v.maxLength(400)) }), false, async ({ name }, session) => {
    const node = await session.node(name);
    return { answer: { node }, logged: node === null ? null : { id: node.id, rule: node.rule } };
  }),

  nodeValue: call(v.strictObject({ id: nodeIdSchema, job: nodeIdSchema }), false, async ({ id, job }, session) => {
    const { bytes, digest } = await session.nodeValue(id, job);
    return { answer: valueAnswer({ id, bytes, digest }, session.served), logged: { id, digest } };
  }),
};
