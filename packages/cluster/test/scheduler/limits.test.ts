import { JobCancelledError, JobTimeoutError } from "@graphvm/cluster";
import { fromWireError } from "@graphvm/engine";
import { expect, test } from "vitest";
import { Scheduler } from "../../dist/scheduler/scheduler.js";
import type { Instruction, JobLimits, JobPlan, SchedulerEvent } from "../../dist/scheduler/types.js";

const plan = (id: string, inputs: string[] = [], more: Partial<JobPlan> = {}): JobPlan => ({
  id,
  rule: "test.job",
  inputs,
  noCopy: false,
  ...more,
});

function start(jobs: readonly JobPlan[], limits: JobLimits = {}, workers = ["w1"]) {
  const scheduler = new Scheduler();
  for (const worker of workers) scheduler.handle({ kind: "workerJoined", worker, host: "" });
  const submit = (more: JobLimits = limits) => scheduler.handle({ kind: "submitted", jobs, limits: more });
  const tell = (event: SchedulerEvent): string[] => {
    return scheduler
      .handle(event)
      .filter(({ kind }) => kind !== "begin")
      .map(short);
  };
  const states = () => scheduler.all().map(({ plan: { id }, state }) => `${id} ${state}`);
  return { scheduler, submit, tell, states, first: submit() };
}

const short = (each: Instruction): string =>
  [each.kind, "job" in each ? each.job : "", "worker" in each ? `@${each.worker}` : ""].join(" ").trim();

const boom = { code: "", name: "Error", message: "boom", fields: {} };
const failed = (job: string, worker = "w1"): SchedulerEvent => ({ kind: "failed", worker, job, error: boom });
const finished = (job: string, worker = "w1"): SchedulerEvent => ({
  kind: "finished",
  worker,
  job,
  digest: job,
  size: 1,
});
const timedOut = (job: string, worker = "w1"): SchedulerEvent => ({ kind: "timedOut", worker, job });

test("C16: a job over its time is stopped and tried elsewhere; its worker gets nothing until it has a thread", () => {
  const { first, tell, states } = start([plan("a"), plan("b"), plan("c")], { timeout: 5, retries: 1 }, ["w1", "w2"]);
  expect(first[1]).toMatchObject({ kind: "begin", job: "a", timeout: 5 });
  expect(tell(timedOut("a"))).toEqual(["stop  @w1"]);
  expect(states()).toEqual(["a ready", "b running", "c ready"]);
  expect(tell(finished("b", "w2"))).toEqual(["done b", "run a @w2"]);
  expect(tell(finished("a"))).toEqual([]); // late news
  expect(tell({ kind: "stopped", worker: "w1" })).toEqual(["run c @w1"]);
  expect(tell({ kind: "stopped", worker: "w1" })).toEqual([]); // repeated news
  expect(tell(timedOut("a"))).toEqual([]); // w1 has it no more
});

test("C16: after the last retry a job over its time fails with what needs it, naming job, rule and seconds", () => {
  const { scheduler, tell, states } = start([plan("a"), plan("b", ["a"])], { timeout: 5, retries: 1 });
  tell(timedOut("a"));
  tell({ kind: "stopped", worker: "w1" });
  expect(tell(timedOut("a"))).toEqual(["stop  @w1", "jobFailed a", "jobFailed b"]);
  expect(states()).toEqual(["a failed", "b failed"]);
  const error = fromWireError(scheduler.job("b")!.error!);
  expect(error).toBeInstanceOf(JobTimeoutError);
  expect(error).toMatchObject({ fields: { job: "a", rule: "test.job", seconds: 5, attempts: 2 } });
});

test("C16: a worker that dies while it is being stopped counts for no job", () => {
  const { scheduler, tell } = start([plan("a")], { timeout: 5, retries: 1 });
  tell(timedOut("a"));
  tell({ kind: "workerLeft", worker: "w1", hostLost: true });
  expect(scheduler.job("a")).toMatchObject({ state: "ready", killed: [] });
});

test("C16: an atom that throws is tried again as often as was said, timeouts counted too; being done starts anew", () => {
  const { scheduler, tell, states } = start([plan("a")], { retries: 2 });
  expect(tell(failed("a"))).toEqual(["run a @w1"]);
  tell(timedOut("a"));
  expect(tell({ kind: "stopped", worker: "w1" })).toEqual(["run a @w1"]);
  tell(finished("a"));
  expect(scheduler.job("a")!.attempts).toBe(0);
  tell({ kind: "workerLeft", worker: "w1", hostLost: true });
  tell({ kind: "wanted", job: "a" });
  expect(tell({ kind: "workerJoined", worker: "w2", host: "" })).toEqual(["run a @w2"]);
  for (const _ of [1, 2]) expect(tell(failed("a", "w2"))).toEqual(["run a @w2"]);
  tell(failed("a", "w2"));
  expect(states()).toEqual(["a failed"]);
});

test("C16: a value that is never copied is lost with the thread it lies in, and made again", () => {
  const jobs = [plan("a", [], { noCopy: true }), plan("b", ["a"], { pin: "a" })];
  const { tell, states } = start(jobs, { timeout: 5, retries: 1 });
  expect(tell(finished("a"))).toEqual(["done a", "run b @w1"]);
  tell(timedOut("b"));
  expect(states()).toEqual(["a ready", "b waiting"]);
  expect(tell({ kind: "stopped", worker: "w1" })).toEqual(["run a @w1"]);
});

test("C16: a later dispatch changes the limits it speaks of, and no others", () => {
  const { scheduler, submit } = start([plan("a")], { timeout: 5, retries: 1 });
  submit({});
  submit({ retries: 3 });
  expect(scheduler.job("a")!.limits).toEqual({ timeout: 5, retries: 3 });
});

test("C17: cancelling fails what waits and tells what runs to end; what is done stays", () => {
  const jobs = [plan("a"), plan("b"), plan("c", ["b"]), plan("d")];
  const { scheduler, submit, tell, states } = start(jobs, { retries: 5 });
  tell(finished("a"));
  expect(tell({ kind: "cancelled", force: false })).toEqual(["abort b @w1", "jobFailed c", "jobFailed d"]);
  expect(states()).toEqual(["a done", "b running", "c failed", "d failed"]);
  expect(tell(failed("b"))).toEqual(["jobFailed b"]); // retries don't count
  expect(fromWireError(scheduler.job("b")!.error!)).toBeInstanceOf(JobCancelledError);
  expect(
    submit()
      .filter(({ kind }) => kind !== "begin")
      .map(short),
  ).toEqual(["run b @w1"]);
});

test("C17: what gets to its end although it was told to stop is done", () => {
  const { tell, states } = start([plan("a")]);
  tell({ kind: "cancelled", force: false });
  expect(tell(finished("a"))).toEqual(["done a"]);
  expect(states()).toEqual(["a done"]);
});

test("C17: another dispatch takes the telling back: a job that ended by it runs again, once", () => {
  const { submit, tell, states } = start([plan("a")]);
  tell({ kind: "cancelled", force: false });
  submit();
  expect(tell(failed("a"))).toEqual(["run a @w1"]);
  tell(failed("a"));
  expect(states()).toEqual(["a failed"]);
});

test("C17: a cancelled job whose worker dies does not run again", () => {
  const { scheduler, tell } = start([plan("a")], {}, ["w1", "w2"]);
  tell({ kind: "cancelled", force: false });
  expect(tell({ kind: "workerLeft", worker: "w1", hostLost: false })).toEqual(["jobFailed a"]);
  expect(scheduler.job("a")!.error!.code).toBe("GVM3406");
});

test("C17: by force, what runs is killed", () => {
  const { submit, tell, states } = start([plan("a"), plan("b")]);
  expect(tell({ kind: "cancelled", force: true })).toEqual(["stop  @w1", "jobFailed a", "jobFailed b"]);
  expect(states()).toEqual(["a failed", "b failed"]);
  submit();
  expect(tell({ kind: "stopped", worker: "w1" })).toEqual(["run a @w1"]);
});
