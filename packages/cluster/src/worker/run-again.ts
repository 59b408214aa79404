import * as v from "valibot";
import { ValueLostError } from "../errors.js";
import { fileSchema, nodeIdSchema, writtenRefsSchema } from "../protocol.js";
import type { ComputeHost } from "./compute-host.js";
import { fetchInput } from "./fetch-input.js";
import type { NodeDigest } from "./inspect-job.js";
import type { WorkerShared } from "./worker-shared.js";

/** A job that is to run once more beside what it gave, to compare the two. */
export const againSchema = v.object({
  id: nodeIdSchema,
  refs: writtenRefsSchema,
  inputs: v.array(v.object({ id: nodeIdSchema, hosts: v.array(v.string()), bound: v.exactOptional(v.string()) })),
  files: v.array(fileSchema),
});

/** Runs a job on a fresh graph of the thread that it ran on; nothing it gives is kept. */
export async function runAgain(
  { id, refs, inputs, files }: v.InferOutput<typeof againSchema>,
  compute: ComputeHost,
  shared: WorkerShared,
): Promise<NodeDigest[]> {
  const gathered: { id: string; bytes: Uint8Array | null }[] = [];
  for (const input of inputs) {
    const bytes = input.hosts.length === 0 ? null : await fetchInput(input, shared);
    if (typeof bytes === "string") throw new ValueLostError(`The value ${input.id} is not at ${bytes} any more.`, {});
    gathered.push({ id: input.id, bytes });
  }
  return compute.call<NodeDigest[]>("again", { id, refs, inputs: gathered, files: await shared.files.place(files) });
}
