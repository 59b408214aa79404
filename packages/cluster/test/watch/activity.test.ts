import { disposableCluster, VirtualClock } from "@graphvm/testing";
import { expect, test } from "vitest";
import { Activity } from "../../dist/master/activity.js";
import { fixture, go, started, tempFolder, until } from "../helpers.js";

type Slow = typeof import("../fixtures/slow.js");

const job = (rule: string, n: number) => ({ id: `${rule}${n}`, rule, label: `${rule}(${n})` });

test("C82: time left is what finished jobs of the same rule took, shared by the workers", () => {
  const clock = new VirtualClock();
  const activity = new Activity(clock);
  expect(activity.secondsLeft(new Map([["a", 4]]), 2)).toBeUndefined();
  for (const seconds of [1, 3]) {
    const run = activity.begin("w1", job("a", seconds));
    clock.advance(seconds);
    expect(activity.end(run, true)).toBe(seconds);
  }
  expect(activity.secondsLeft(new Map([["a", 4]]), 2)).toBe(4);
  expect(activity.secondsLeft(new Map([["a", 4]]), 0)).toBeUndefined();
  // of a rule that nobody has seen yet it is the average of all
  expect(activity.secondsLeft(new Map([["b", 3]]), 1)).toBe(6);
});

test("C82: what runs counts for what is left of it, failures do not count, and the longest job bounds the rest", () => {
  const clock = new VirtualClock();
  const activity = new Activity(clock);
  activity.end(activity.begin("w1", job("a", 1)), false);
  expect(activity.secondsLeft(new Map([["a", 1]]), 1)).toBeUndefined();
  const first = activity.begin("w1", job("a", 2));
  clock.advance(10);
  activity.end(first, true);
  activity.begin("w1", job("a", 3));
  clock.advance(4);
  expect(activity.secondsLeft(new Map([["a", 1]]), 8)).toBe(6);
  clock.advance(100); // longer than any before: nobody knows, but it is not negative
  expect(activity.secondsLeft(new Map([["a", 1]]), 8)).toBe(0);
  expect(activity.list()).toMatchObject([{ worker: "w1", label: "a(3)", seconds: 104 }]);
});

test("C82: a late end of a run does not take away the one that came after it", () => {
  const activity = new Activity(new VirtualClock());
  const stopped = activity.begin("w1", job("a", 1));
  const now = activity.begin("w1", job("a", 2));
  activity.end(stopped, false);
  expect(activity.of("w1")).toMatchObject({ job: "a2" });
  activity.end(now, true);
  expect(activity.of("w1")).toBeUndefined();
});

test("C82: progress tells states, activity and bytes; status names what runs and what the rest waits for", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster();
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const told: import("@graphvm/cluster").Progress[] = [];
  session.onProgress((progress) => told.push(progress));
  const jobs = await session.jobDeps([slow.pair(folder, 4)], { cut: ["slow.quick", "slow.patient"] });
  await session.dispatchJobs(jobs);
  await started(folder, "job");
  await until("one is done", async () => (await session.status()).jobs.done === 1);
  const status = await session.status();
  expect(status.jobs).toEqual({ total: 3, done: 1, running: 1, failed: 0, waiting: 1 });
  expect(status.waitingFor).toEqual([{ what: "other jobs", jobs: 1 }]);
  expect(status.workers[0]).toMatchObject({ state: "running", label: expect.stringMatching(/^slow\.patient\(/) });
  expect(status.workers[0]!.seconds).toBeGreaterThanOrEqual(0);
  expect(status).toMatchObject({ clients: 1, usage: { moved: 0, spilled: 0 } });
  go(folder);
  await session.wait();
  expect(told.at(-1)).toMatchObject({ done: 3, running: 0, waiting: 0, moved: 0, secondsLeft: null, active: [] });
  expect(told.some(({ active }) => active[0]?.label.startsWith("slow."))).toBe(true);
});
