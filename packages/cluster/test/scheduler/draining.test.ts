import { expect, test } from "vitest";
import { Scheduler } from "../../dist/scheduler/scheduler.js";
import type { Instruction, JobPlan, SchedulerEvent } from "../../dist/scheduler/types.js";

const plan = (id: string, inputs: string[] = [], more: Partial<JobPlan> = {}): JobPlan => ({
  id,
  rule: id,
  inputs,
  noCopy: false,
  ...more,
});

const short = (each: Instruction): string =>
  [each.kind, "job" in each ? each.job : "", "to" in each ? `>${each.to}` : "worker" in each ? `@${each.worker}` : ""]
    .filter((part) => part !== "")
    .join(" ");

/** Workers by id: each in a process of its own, with these labels. */
function start(workers: { readonly [id: string]: { readonly [label: string]: string } }) {
  const scheduler = new Scheduler();
  const tell = (event: SchedulerEvent): string[] => scheduler.handle(event).map(short);
  for (const [worker, labels] of Object.entries(workers))
    tell({ kind: "workerJoined", worker, host: `of ${worker}`, labels });
  const submit = (...jobs: readonly JobPlan[]): string[] => tell({ kind: "submitted", jobs });
  const finish = (worker: string, job: string): string[] =>
    tell({ kind: "finished", worker, job, digest: job, size: 1, seconds: 1 });
  const leave = (worker: string): string[] => tell({ kind: "leaving", worker });
  const left = (worker: string): string[] => tell({ kind: "workerLeft", worker, hostLost: true, orderly: true });
  const stateOf = (worker: string): string | undefined => scheduler.workers().find(({ id }) => id === worker)?.state;
  return {
    scheduler,
    tell,
    submit,
    finish,
    leave,
    left,
    stateOf,
    story: (id: string) => `${scheduler.job(id)!.story}`,
  };
}

test("C59: a worker that leaves gets no more jobs, ends the one it runs, and is let go then", () => {
  const { submit, finish, leave, left, stateOf, scheduler } = start({ w1: {} });
  expect(submit(plan("a"), plan("b"))).toEqual(["run a @w1", "begin a @w1"]);
  expect(leave("w1")).toEqual([]);
  expect(leave("w1")).toEqual([]); // said twice
  expect(stateOf("w1")).toBe("draining");
  expect(finish("w1", "a")).toEqual(["done a", "release @w1"]);
  expect(left("w1")).toEqual([]);
  expect(scheduler.job("b")!.state).toBe("ready");
  expect(scheduler.starving()).toEqual([{ on: {}, jobs: 1 }]);
});

test("C59: who has nothing to do is let go at once; a job that reaches it nevertheless comes back and runs elsewhere", () => {
  const { submit, leave, tell, story } = start({ w1: {}, w2: {} });
  submit(plan("a"));
  expect(leave("w1")).toEqual([]);
  // the job was on its way when the worker said so
  expect(tell({ kind: "gaveBack", worker: "w1", job: "a" })).toEqual(["run a @w2", "begin a @w2", "release @w1"]);
  expect(leave("w2")).toEqual([]);
  expect(story("a")).toContain("running -> ready: w1 gave it back before it began");
});

test("C59: values that only it has are copied where somebody needs them or may ask, before it goes", () => {
  const { submit, finish, leave, tell, left, scheduler, story } = start({ w1: {}, w2: {} });
  submit(plan("used"), plan("slow"), plan("needed"), plan("result"), plan("by", ["used"]));
  const late = plan("late", ["needed", "slow"]);
  submit(late);
  // w2 is busy with `slow` meanwhile
  for (const job of ["used", "needed", "result", "by"]) finish("w1", job);
  expect(leave("w1").sort()).toEqual(["copy by >w2", "copy needed >w2", "copy result >w2"]);
  tell({ kind: "copied", worker: "w1", job: "by", host: "of w2" });
  tell({ kind: "copied", worker: "w1", job: "needed", host: "of w2" });
  expect(tell({ kind: "copied", worker: "w1", job: "result" })).toEqual(["release @w1"]); // could not be had
  expect(left("w1")).toEqual([]);
  expect(story("needed")).toContain("w1 leaves: copied to w2");
  expect(story("needed")).not.toContain("died");
  expect(finish("w2", "slow")).toEqual(["done slow", "run late @w2", "begin late @w2"]);
  // what nobody has any more runs again where it is asked for
  expect(scheduler.job("result")!.hosts.size).toBe(0);
  tell({ kind: "wanted", job: "result" });
  expect(scheduler.job("result")!.state).toBe("ready");
});

test("C59: a bound value goes to a worker of its plane or nowhere", () => {
  const bound = { on: { plane: "eu" }, bound: "eu" };
  const one = start({ w1: { plane: "eu" }, w2: { plane: "us" } });
  one.submit(plan("a", [], bound));
  one.finish("w1", "a");
  expect(one.leave("w1")).toEqual(["release @w1"]);
  const two = start({ w1: { plane: "eu" }, w2: { plane: "us" }, w3: { plane: "eu" } });
  two.submit(plan("a", [], bound));
  two.finish("w1", "a");
  expect(two.leave("w1")).toEqual(["copy a >w3"]);
});

test("C59 C11: what it ran when its time was over runs elsewhere, and the job is not blamed, however often", () => {
  const { submit, leave, left, tell, story, scheduler } = start({ w0: {} });
  submit(plan("a"));
  for (let i = 0; i < 5; i++) {
    tell({ kind: "workerJoined", worker: `w${i + 1}`, host: `of w${i + 1}` });
    leave(`w${i}`);
    expect(left(`w${i}`)).toEqual([`run a @w${i + 1}`, `begin a @w${i + 1}`]);
  }
  expect(scheduler.job("a")!.killed).toEqual([]);
  expect(story("a")).toContain("running -> ready: worker w0 left before its end");
  expect(story("a")).not.toContain("died");
});

test("C59: a job that takes too long on it is stopped there as anywhere", () => {
  const { tell, leave } = start({ w1: {} });
  tell({ kind: "submitted", jobs: [plan("a")], limits: { timeout: 1 } });
  leave("w1");
  expect(tell({ kind: "timedOut", worker: "w1", job: "a" })).toEqual(["stop @w1", "jobFailed a", "release @w1"]);
  expect(tell({ kind: "stopped", worker: "w1" })).toEqual([]);
});
