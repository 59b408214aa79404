import * as v from "valibot";
import { bytesSchema, nodeIdSchema, sha256Schema } from "../protocol.js";

// What a client uses of a master's answers must be there and of its kind. What it only hands on (pictures, status) is left as
// it came but for its outline: whoever shows it must expect any text.

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const helloAnswer = v.object({
  session: v.string(),
  seed: v.number(),
  epoch: v.number(),
  role: v.picklist(["operator", "auditor"]),
});

export const planAnswer = v.object({
  jobs: v.array(
    v.looseObject({
      id: nodeIdSchema,
      rule: v.string(),
      label: v.string(),
      inputs: v.array(nodeIdSchema),
      nodes: count,
    }),
  ),
  nodes: count,
  edges: count,
});

const jobState = v.picklist(["waiting", "ready", "queued", "running", "done", "failed"]);
const textOrNull = v.nullable(v.string());

export const storyAnswer = v.object({
  id: nodeIdSchema,
  rule: v.string(),
  label: v.string(),
  state: jobState,
  waitsFor: textOrNull,
  worker: textOrNull,
  digest: v.nullable(sha256Schema),
  error: textOrNull,
  inputs: v.array(v.object({ id: nodeIdSchema, label: v.string(), state: jobState })),
  story: v.array(v.string()),
  entries: count,
  others: v.object({ count, ids: v.array(nodeIdSchema) }),
});

export const waitAnswer = v.object({
  jobs: v.array(v.looseObject({ id: nodeIdSchema, rule: v.string(), digest: sha256Schema, worker: v.string() })),
});

/** A small value comes along, a large one is asked for in pieces. */
export const nodeValueAnswer = v.object({ bytes: v.exactOptional(bytesSchema), digest: sha256Schema });
export const valueAnswer = v.object({ id: nodeIdSchema, ...nodeValueAnswer.entries });

export const pieceAnswer = v.object({ bytes: bytesSchema, hash: v.exactOptional(sha256Schema), size: count });

export const recordingAnswer = v.object({ file: count, size: count, sha256: sha256Schema, calls: count });
export const recordingPieceAnswer = v.object({ bytes: bytesSchema });

export const progressNews = v.looseObject({ total: count, done: count, running: count, failed: count });
