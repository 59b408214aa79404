import { toWireError, type WireError } from "@graphvm/engine";
import {
  JobCancelledError,
  JobKillsWorkersError,
  JobTimeoutError,
  NondeterministicJobError,
  NoWorkersError,
  ValueLostError,
} from "../errors.js";
import type { Job } from "./job.js";

// Why the scheduler fails a job that did not fail by itself, as errors for whoever waits.

const name = ({ plan }: Job): string => `${plan.rule} ${plan.id}`;

export function otherBytes(job: Job, digest: string): WireError {
  const sentence = `Job ${name(job)} ran again and gave other bytes: something in it is not deterministic.`;
  return toWireError(new NondeterministicJobError(sentence, { job: job.plan.id, digests: [job.digest, digest] }));
}

/** @param reason What ended the last worker, where that is known. */
export function killsWorkers(job: Job, reason: string | undefined): WireError {
  const workers = job.killed.map(({ worker }) => worker);
  const why = reason
    ? `the last one ended with "${reason}"`
    : "it may need more memory than they have, or it ends its process";
  const sentence = `Job ${name(job)} took down ${workers.length} workers (${workers.join(", ")}): ${why}.`;
  return toWireError(new JobKillsWorkersError(sentence, { job: job.plan.id, workers }));
}

export function neverFound(job: Job, inputs: readonly string[], host: string): WireError {
  const sentence = `Job ${name(job)} could not fetch its inputs from ${host || "the master"} in ${job.misses} tries: check that the workers reach each other.`;
  return toWireError(new ValueLostError(sentence, { job: job.plan.id, inputs, host }));
}

export function tookTooLong(job: Job): WireError {
  const { attempts, limits } = job;
  const times = attempts === 1 ? "" : ` in each of ${attempts} attempts or failed`;
  const sentence = `Job ${name(job)} ran longer than ${limits.timeout} s${times}: give it a longer timeout, or find out why it does not end.`;
  const { id, rule } = job.plan;
  return toWireError(new JobTimeoutError(sentence, { job: id, rule, seconds: limits.timeout, attempts }));
}

export function wasCancelled(job: Job): WireError {
  const sentence = `Job ${name(job)} was cancelled: what was computed is kept, dispatch it again to go on from there.`;
  return toWireError(new JobCancelledError(sentence, { job: job.plan.id, rule: job.plan.rule }));
}

export function noWorkers(): WireError {
  const sentence = "Jobs wait and there is no worker: start one with `graphvm start-worker`.";
  return toWireError(new NoWorkersError(sentence, {}));
}
