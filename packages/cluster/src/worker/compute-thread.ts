import { CancelledError, createGraph, decodeValue, type Graph, type NodeReads, type Tools } from "@graphvm/engine";
import { encodeShared } from "@graphvm/engine/internal";
import * as v from "valibot";
import { programFolder } from "../program/program-folder.js";
import { ProgramSet } from "../program/program-set.js";
import {
  bytesSchema,
  fileSchema,
  jobIn,
  nodeIdSchema,
  programSchema,
  readRefsSchema,
  sessionSchema,
} from "../protocol.js";
import { method, Peer } from "../rpc/peer.js";
import type { Transport } from "../transport/transport.js";
import { begin } from "./claims.js";
import { inspectMethods } from "./inspect-job.js";
import { PlacedInputs } from "./placed-inputs.js";

const configureSchema = v.object({ ...sessionSchema.entries, memory: v.exactOptional(v.number()) });

const runSchema = v.object({
  id: nodeIdSchema,
  refs: readRefsSchema,
  inputs: v.array(v.object({ id: nodeIdSchema, bytes: v.nullable(bytesSchema) })),
  files: v.array(fileSchema),
  noCopy: v.boolean(),
  slot: v.number(),
  round: v.number(),
});

type RunParams = v.InferOutput<typeof runSchema>;

/** What the thread answers to `run`; `bytes` lie in shared memory and are absent where the value is never copied. */
export interface ComputeResult {
  readonly digest: string;
  readonly size: number;
  /** How long it took, an estimate for the scheduler. */
  readonly seconds: number;
  readonly bytes?: Uint8Array;
  /** What atoms of this thread read without declaring it, since the job before. */
  readonly undeclared?: readonly NodeReads[];
  /** What its atoms ran with besides JavaScript. */
  readonly tools?: Tools;
}

/** What the thread answers to `get`. */
export type ComputeValue = Omit<ComputeResult, "seconds">;

/** The thread in which a worker computes: holds the programs and the graph, and runs one job at a time. */
export function run(transport: Transport): void {
  let programs = new ProgramSet();
  let inputs = new PlacedInputs();
  let graph: Graph = createGraph({ inputs });
  /** What runs; more than one only where one goes on from before. */
  const running = new Map<string, AbortController>();
  let claims: Int32Array = new Int32Array();
  let session = { seed: 0, epoch: 0 };
  /** Jobs of the graph whose values came from elsewhere. */
  let given = new Set<string>();

  /** Settles when what runs has ended. */
  let idle: Promise<unknown> = Promise.resolve();

  let round = 0;
  /** Settles when the next job of the round may begin. */
  let turn: Promise<unknown> = Promise.resolve();

  const calc = async (job: RunParams): Promise<ComputeResult> => {
    if (!begin(claims, job.slot)) throw new CancelledError("The job was taken back before it began.", {});
    const stop = new AbortController();
    running.set(job.id, stop);
    try {
      return await calcNow(job, stop.signal);
    } finally {
      if (running.get(job.id) === stop) running.delete(job.id);
    }
  };

  const calcNow = async (job: RunParams, signal: AbortSignal): Promise<ComputeResult> => {
    const start = performance.now();
    // a job that goes on while the session starts over stays in the graph it began in
    const into = graph;
    for (const file of job.files) inputs.place(file);
    for (const { id, bytes } of job.inputs) {
      if (!bytes || into.hasData(id)) continue;
      into.setData(id, decodeValue(bytes));
      given.add(id);
    }
    // a value that came as an input says nothing of what is inside its job
    if (given.delete(job.id)) into.invalidate(job.id);
    const [ref] = await programs.read(job.refs);
    const value = await into.calc(ref!, { signal });
    const digest = into.digest(job.id);
    const undeclared = newReads(into);
    const bytes = job.noCopy ? undefined : encodeShared(value);
    const seconds = (performance.now() - start) / 1000;
    const told = { ...(undeclared.length === 0 ? {} : { undeclared }), ...newTools(into) };
    return { digest, size: bytes?.length ?? 0, seconds, ...(bytes ? { bytes } : {}), ...told };
  };

  const peer = new Peer(
    transport,
    {
      configure: method(configureSchema, ({ memory, strict = false, ...configured }) => {
        session = configured;
        inputs = new PlacedInputs();
        given = new Set();
        const old = graph;
        const retain = memory === undefined ? "all" : { bytes: memory, folder: programFolder() };
        graph = createGraph({ ...session, inputs, retain, undeclared: strict ? "refuse" : "report" });
        void idle.then(() => old.close());
      }),
      clear: method(v.object({}), () => {
        programs = new ProgramSet();
      }),
      load: method(programSchema, async (program) => {
        await programs.load(program);
      }),
      run: method(runSchema, (job): Promise<ComputeResult> => {
        if (job.round !== round) {
          round = job.round;
          turn = Promise.resolve();
        }
        const result = turn.then(() => calc(job));
        turn = result.catch(() => {});
        // what it settles with would hold all that ever ran
        idle = Promise.allSettled([idle, result]).then(() => {});
        return result;
      }),
      get: method(v.object({ id: nodeIdSchema }), ({ id }): ComputeValue => {
        const bytes = encodeShared(graph.getData(id));
        return { digest: graph.digest(id), size: bytes.length, bytes };
      }),
      ...inspectMethods(() => ({ graph, programs, session })),
    },
    "worker",
  );
  peer.on("abort", (said) => running.get(jobIn(said) ?? "")?.abort());
  peer.on("claims", (words) => {
    if (words instanceof Int32Array) claims = words;
  });
}

/** A job tells of so many nodes, and of so many reads of each; the first say what is to be mended. */
const MOST_TOLD = 100;
const MOST_TEXT = 400;

function newTools(graph: Graph): { readonly tools?: Tools } {
  const used = Object.entries(graph.toolsUsed()).slice(0, MOST_TOLD);
  if (used.length === 0) return {};
  return { tools: Object.fromEntries(used.map((each) => each.map((text) => text.slice(0, MOST_TEXT)))) };
}

function newReads(graph: Graph): NodeReads[] {
  const found = graph.undeclaredReads({ fresh: true }).slice(0, MOST_TOLD);
  return found.map(({ node, label, reads }) => ({
    node,
    label: label.slice(0, MOST_TEXT),
    reads: reads.slice(0, MOST_TOLD).map(({ kind, what }) => ({ kind, what: what.slice(0, MOST_TEXT) })),
  }));
}
