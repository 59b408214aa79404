import type { WireRefs } from "@graphvm/rules/internal";
import * as v from "valibot";
import { labelsSchema } from "./labels.js";

/** The version of the messages: peers of another one are refused. */
export const PROTOCOL_VERSION = 1;

/** graphvm's own version, the same in every package. */
export const VERSION = "0.1.0";

const hex = (length: number) =>
  v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${length}}$`), `expected ${length} hexadecimal digits`));

export const nodeIdSchema = hex(32);
export const sha256Schema = hex(64);
export const bytesSchema: v.GenericSchema<unknown, Uint8Array> = v.instance(Uint8Array);

const json: v.GenericSchema<never> = v.any() as never;

export const refsSchema: v.GenericSchema<unknown, WireRefs> = v.object({
  refs: v.array(v.tuple([v.string(), v.string(), v.array(json)])),
  roots: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
}) as never;

/** Refs as JSON text: they pass from thread to thread and from process to process as they are, and only who has the programs reads them. */
export const writtenRefsSchema = v.string();
export const readRefsSchema = v.pipe(v.string(), v.parseJson(), refsSchema);

export const programSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  hash: sha256Schema,
  code: v.string(),
  map: v.exactOptional(v.string()),
});

/** `strict`: atoms that read what is not declared are refused. */
export const sessionSchema = v.object({ seed: v.number(), epoch: v.number(), strict: v.exactOptional(v.boolean()) });

/** What atoms of one node read without declaring it. */
export const nodeReadsSchema = v.object({
  node: nodeIdSchema,
  label: v.pipe(v.string(), v.maxLength(400)),
  reads: v.pipe(
    v.array(
      v.object({
        kind: v.picklist(["file", "network", "environment", "process", "clock", "random"]),
        what: v.pipe(v.string(), v.maxLength(400)),
      }),
    ),
    v.maxLength(100),
    v.readonly(),
  ),
});

const toolsText = v.pipe(v.string(), v.maxLength(400));

/** Versions of what atoms ran besides JavaScript, by name. */
export const toolsSchema = v.pipe(
  v.record(toolsText, toolsText),
  v.check((tools) => Object.keys(tools).length <= 100, "expected 100 tools at most"),
  v.readonly(),
);

/** What a worker is told of its session, and says again when it comes back. */
export const workerSessionSchema = v.object({ ...sessionSchema.entries, session: v.string(), graph: v.number() });

/** A declared input as the master knows it; `path` is set where the worker shares the master's file system. */
export const fileSchema = v.object({
  uri: v.string(),
  sha256: sha256Schema,
  size: v.number(),
  /** The plane it is bound to: its bytes lie under the roots of that plane's workers and nowhere else. */
  plane: v.exactOptional(v.string()),
  /** Labels are ignored: wherever its bytes are, they are those. */
  free: v.exactOptional(v.boolean()),
  path: v.exactOptional(v.string()),
  mtimeMs: v.exactOptional(v.number()),
  ino: v.exactOptional(v.number()),
});
export type JobFile = v.InferOutput<typeof fileSchema>;

/** A value and the processes that have it. */
export const inputSchema = v.object({
  id: nodeIdSchema,
  hosts: v.array(v.string()),
  bound: v.exactOptional(v.string()),
});

/** A job as it goes to a worker: one ref, and where the values of its inputs are. */
export const jobSchema = v.object({
  id: nodeIdSchema,
  refs: writtenRefsSchema,
  inputs: v.array(inputSchema),
  files: v.array(fileSchema),
  noCopy: v.boolean(),
  /** The plane that its value may not leave. */
  bound: v.exactOptional(v.string()),
  /** Its value may leave its plane: by which rule, and up to how many bytes where the rule says. */
  exports: v.exactOptional(v.object({ rule: v.string(), maxBytes: v.exactOptional(v.number()) })),
  /** A client will ask for the value: a small one is to come with the answer. */
  wanted: v.exactOptional(v.boolean()),
});
export type WorkerJob = v.InferOutput<typeof jobSchema>;

const byteCount = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What a worker says of a finished job, of one it gave back before it began, or of inputs that were not where they should be. */
export const runAnswerSchema = v.union([
  v.object({
    digest: sha256Schema,
    size: byteCount,
    seconds: v.pipe(v.number(), v.finite(), v.minValue(0)),
    bytes: v.exactOptional(bytesSchema),
    undeclared: v.exactOptional(v.pipe(v.array(nodeReadsSchema), v.maxLength(100), v.readonly())),
    tools: v.exactOptional(toolsSchema),
  }),
  v.object({ returned: v.literal(true) }),
  v.object({ missing: v.pipe(v.array(nodeIdSchema), v.minLength(1)), host: v.string() }),
]);
export type RunAnswer = v.InferOutput<typeof runAnswerSchema>;

const jobNews = v.object({ job: nodeIdSchema });

/** The job that an event speaks of; none where it speaks of none. */
export function jobIn(said: unknown): string | undefined {
  const news = v.safeParse(jobNews, said);
  return news.success ? news.output.job : undefined;
}

/** Values of finished jobs that a worker has; of one that is never copied, the size is 0. */
export const heldSchema = v.array(v.object({ job: nodeIdSchema, digest: sha256Schema, size: v.number() }));

/** What a worker that comes back says: which it was, in which session and graph, with which programs, and what it holds. */
const returningSchema = v.object({
  worker: v.string(),
  session: v.string(),
  graph: v.number(),
  programs: v.array(sha256Schema),
  held: heldSchema,
  /** Jobs it computes at this moment. */
  running: v.exactOptional(v.array(nodeIdSchema)),
});
export type Returning = v.InferOutput<typeof returningSchema>;

export const joinSchema = v.object({
  protocol: v.number(),
  version: v.pipe(v.string(), v.maxLength(100)),
  numerics: v.pipe(v.string(), v.maxLength(200)),
  /** Where other processes fetch this worker's values; empty for threads of the master's own process. */
  host: v.pipe(
    v.string(),
    v.maxLength(300),
    v.regex(/^(wss?:\/\/[^/\s]+|fabric:\/\/[\w.:-]+\/[A-Za-z0-9]+)?$/, "expected ws://host:port"),
  ),
  node: v.pipe(v.string(), v.maxLength(100)),
  labels: v.exactOptional(labelsSchema),
  back: v.exactOptional(returningSchema),
});
export type Join = v.InferOutput<typeof joinSchema>;
