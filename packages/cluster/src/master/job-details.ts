import { given } from "@graphvm/engine/internal";
import { ValueLostError } from "../errors.js";
import type { WorkerJob } from "../protocol.js";
import { type Json, PART } from "../recording/index.js";
import type { NodeDigest } from "../worker/inspect-job.js";
import type { JobOutcome, MasterSession } from "./session.js";
import type { SessionLog } from "./session-log.js";

/** What a `wait` line says of jobs besides their digests, where the recording was asked to. */
export async function jobDetails(
  jobs: readonly JobOutcome[],
  session: MasterSession,
  log: SessionLog,
): Promise<{ readonly [key: string]: Json }> {
  if (!log.wanted) return {};
  const { capture, digests } = log.wanted;
  const nodes: [string, Json][] = [];
  const outputs: [string, Json][] = [];
  for (const { id } of jobs) {
    if (digests === "nodes") nodes.push([id, (await nodesOf(id, session)).map((node) => [...node])]);
    const value = capture.includes("outputs") ? await output(id, session, log) : undefined;
    if (value !== undefined) outputs.push([id, value]);
  }
  return {
    ...(nodes.length === 0 ? {} : { nodes: await log.box(Object.fromEntries(nodes)) }),
    ...(outputs.length === 0 ? {} : { outputs: Object.fromEntries(outputs) }),
  };
}

/** The digests of a job's nodes, dependencies first; none where the worker that computed them is gone. */
export async function nodesOf(id: string, session: MasterSession): Promise<readonly NodeDigest[]> {
  const job = session.runner.job(id);
  if (job?.worker === undefined || !session.pool.has(job.worker)) return [];
  return session.pool.nodes(job.worker, id, job.plan.inputs);
}

/** Runs a job once more on a fresh graph; the digests of its nodes there. @throws ValueLostError */
export async function runAgain(id: string, session: MasterSession): Promise<readonly NodeDigest[]> {
  const all = session.runner.jobs();
  const found = all.find(({ job }) => job.id === id);
  if (found?.state.worker === undefined || !session.pool.has(found.state.worker)) {
    throw new ValueLostError(`The worker that computed job ${id} is gone: it can't run again there.`, { node: id });
  }
  const { job, state } = found;
  const inputs: WorkerJob["inputs"] = [];
  for (const input of job.inputs) {
    const own = session.runner.job(input);
    if (own?.plan.noCopy) inputs.push({ id: input, hosts: [] });
    else {
      // a value that was lost meanwhile is computed again
      if (own === undefined || [...own.hosts].length === 0) await session.runner.value(input, input);
      const bound = all.find((each) => each.job.id === input)?.job.bound;
      const hosts = [...(session.runner.job(input)?.hosts ?? [])];
      inputs.push({ id: input, hosts, ...given({ bound }) });
    }
  }
  const { worker } = state;
  const files = await Promise.all(
    job.files.map((file) =>
      file.plane === undefined || file.free
        ? session.inputs.resolve(file)
        : session.runner.boundInputs.ask(file, worker!),
    ),
  );
  return session.pool.again(worker!, { id, refs: job.refs, inputs, files });
}

/** The blobs of a job's value; none where it may not leave its plane. */
async function output(id: string, session: MasterSession, log: SessionLog): Promise<Json | undefined> {
  if (session.runner.plan(id)?.bound !== undefined) return undefined;
  const { bytes } = await session.runner.value(id, id);
  const parts: Json[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += PART) {
    // a copy: what lies in shared memory belongs to whoever computed it
    parts.push(await log.blob(Uint8Array.from(bytes.subarray(at, at + PART))));
  }
  return parts;
}
