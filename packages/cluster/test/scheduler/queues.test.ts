import { expect, test } from "vitest";
import { Scheduler } from "../../dist/scheduler/scheduler.js";
import type { Instruction, JobPlan, SchedulerEvent } from "../../dist/scheduler/types.js";

const plan = (id: string, inputs: string[] = [], more: Partial<JobPlan> = {}): JobPlan => ({
  id,
  rule: id.replace(/\d+$/, ""),
  inputs,
  noCopy: false,
  ...more,
});
const many = (rule: string, count: number): JobPlan[] => Array.from({ length: count }, (_, i) => plan(`${rule}${i}`));

const short = (each: Instruction): string =>
  [each.kind, "job" in each ? each.job : "", "worker" in each ? `@${each.worker}` : ""].join(" ").trim();

function start(workers: { readonly [id: string]: string }, labels: { readonly [id: string]: object } = {}) {
  const scheduler = new Scheduler();
  const tell = (event: SchedulerEvent): string[] => scheduler.handle(event).map(short);
  for (const [worker, host] of Object.entries(workers))
    tell({ kind: "workerJoined", worker, host, labels: { ...labels[worker] } });
  const submit = (jobs: readonly JobPlan[]): string[] => tell({ kind: "submitted", jobs });
  const finish = (worker: string, job: string, seconds = 0.001, size = 1): string[] =>
    tell({ kind: "finished", worker, job, digest: job, size, seconds });
  const story = (id: string): string => `${scheduler.job(id)!.story}`;
  return { scheduler, tell, submit, finish, story };
}

test("C57: short jobs are sent ahead, as far as 20 ms go, and begin in order; long and unknown ones are not", () => {
  const { scheduler, submit, finish } = start({ w1: "" });
  expect(submit(many("a", 60))).toEqual(["run a0 @w1", "begin a0 @w1"]); // nobody knows yet how long they take
  const ahead = finish("w1", "a0");
  expect(ahead.slice(0, 3)).toEqual(["done a0", "run a1 @w1", "begin a1 @w1"]);
  expect(ahead.slice(3)).toEqual(Array.from({ length: 19 }, (_, i) => `run a${i + 2} @w1`));
  expect(scheduler.counts).toMatchObject({ running: 1, queued: 19 });
  // others come when no more than 16 are left, together
  for (const i of [1, 2, 3]) expect(finish("w1", `a${i}`)).toEqual([`begin a${i + 1} @w1`, `done a${i}`]);
  const more = Array.from({ length: 4 }, (_, i) => `run a${i + 21} @w1`);
  expect(finish("w1", "a4")).toEqual(["begin a5 @w1", "done a4", ...more]);
  submit(many("b", 3));
  for (let i = 5; i < 60; i++) finish("w1", `a${i}`);
  expect(finish("w1", "b0", 5)).toEqual(["done b0", "run b1 @w1", "begin b1 @w1"]);
  expect(finish("w1", "b1", 5)).toEqual(["done b1", "run b2 @w1", "begin b2 @w1"]);
});

test("C58: a worker with nothing to do takes what stands behind others, the last first, and says why", () => {
  const { scheduler, tell, submit, finish, story } = start({ w1: "h1" });
  submit(many("a", 4));
  finish("w1", "a0");
  expect(tell({ kind: "workerJoined", worker: "w2", host: "h2" })).toEqual(["unrun a3 @w1"]);
  // it is asked for once
  expect(tell({ kind: "wanted", job: "a0" })).toEqual([]);
  expect(tell({ kind: "gaveBack", worker: "w1", job: "a3" })).toEqual(["run a3 @w2", "begin a3 @w2"]);
  expect(story("a3")).toContain(
    "taken back from w1: w2 has nothing to do; queued -> ready: w1 gave it back before it began",
  );
  expect(finish("w2", "a3")).toEqual(["done a3", "unrun a2 @w1"]);
  // it had begun: what the worker says of it counts
  finish("w1", "a1");
  expect(scheduler.job("a2")!.state).toBe("running");
  expect(finish("w1", "a2")).toEqual(["done a2"]);
  expect(scheduler.busy).toBe(false);
});

test("C58: what is pinned, needs labels the other lacks, or large inputs, stays where it is", () => {
  const { tell, submit, finish } = start({ w1: "h1" }, { w1: { tier: "large" } });
  submit([plan("a0", [], { noCopy: true }), plan("big0")]);
  finish("w1", "a0");
  finish("w1", "big0", 0.001, 100_000_000);
  finish("w1", "warm0");
  submit([...many("warm", 1)]);
  finish("w1", "warm0");
  submit([
    plan("warm1"),
    plan("warm2", ["a0"], { pin: "a0" }),
    plan("warm3", [], { on: { tier: "large" } }),
    plan("warm4", ["big0"]),
  ]);
  expect(tell({ kind: "workerJoined", worker: "w2", host: "h2" })).toEqual([]);
});

test("C14: a short wait beside the bytes is better than fetching them; a long one is not", () => {
  const { submit, finish, story } = start({ w1: "h1", w2: "h2" });
  submit([plan("big0"), plan("short0"), plan("long0")]);
  finish("w1", "big0", 0.001, 100_000_000); // a fifth of a second to fetch
  finish("w2", "short0", 0.001);
  finish("w1", "long0", 0.018);
  submit([plan("short1"), plan("short2")]);
  expect(submit([plan("short3", ["big0"])])).toEqual(["run short3 @w1"]);
  expect(story("short3")).toMatch(
    /queued: given to w1 behind 1: of 2 free workers it has 0\.00\d+ s to do before and has 100000000 of 100000000 bytes of its inputs/,
  );
});

test("C50: a job waits for a worker with its labels while others are idle, and others do not wait for it", () => {
  const { scheduler, tell, submit, story } = start({ w1: "", w2: "" }, { w1: { tier: "large" } });
  const jobs = [plan("a0", [], { on: { tier: "small" } }), plan("b0"), plan("c0", [], { on: { tier: "large" } })];
  // what needs no labels leaves workers that have some to those that do
  expect(submit(jobs)).toEqual(["run b0 @w2", "begin b0 @w2", "run c0 @w1", "begin c0 @w1"]);
  expect(scheduler.starving()).toEqual([{ on: { tier: "small" }, jobs: 1 }]);
  tell({ kind: "workerJoined", worker: "w3", host: "", labels: { tier: "small", plane: "eu" } });
  expect(scheduler.job("a0")).toMatchObject({ state: "running", worker: "w3" });
  expect(story("a0")).toContain("given to w3: the only free worker with tier=small");
});

test("C11: jobs that stand behind one whose worker dies are not blamed for it", () => {
  const { scheduler, tell, submit, finish } = start({ w1: "" });
  submit(many("a", 3));
  finish("w1", "a0");
  tell({ kind: "workerLeft", worker: "w1", hostLost: false });
  expect(["a1", "a2"].map((id) => scheduler.job(id)!.killed)).toEqual([[{ worker: "w1", host: "" }], []]);
  expect(["a1", "a2"].map((id) => scheduler.job(id)!.state)).toEqual(["ready", "ready"]);
});

test("C17: cancelling takes back what stands behind, and what was taken back runs again where it is dispatched anew", () => {
  const { scheduler, tell, submit, finish } = start({ w1: "" });
  const jobs = many("a", 3);
  submit(jobs);
  finish("w1", "a0");
  expect(tell({ kind: "cancelled", force: false })).toEqual(["abort a1 @w1", "unrun a2 @w1"]);
  submit([jobs[2]!]);
  expect(tell({ kind: "gaveBack", worker: "w1", job: "a2" })).toEqual(["run a2 @w1"]);
  tell({ kind: "cancelled", force: false });
  expect(tell({ kind: "gaveBack", worker: "w1", job: "a2" })).toEqual(["jobFailed a2"]);
  expect(scheduler.job("a1")!.state).toBe("running");
});
