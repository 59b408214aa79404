import { JobCancelledError, replayRecording } from "@graphvm/cluster";
import { disposableCluster, VirtualClock } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, go, started, tempFolder, until } from "./helpers.js";

type Slow = typeof import("./fixtures/slow.js");

const SHAPES = [{ threads: 1 }, { threads: 0, processes: 1 }];

test.each(SHAPES)(
  "C17: an asynchronous atom ends when it is cancelled; a second dispatch goes on from there (%o)",
  async (shape) => {
    const folder = tempFolder();
    await using cluster = await disposableCluster(shape);
    const { session } = cluster;
    const { slow } = await session.load<Slow>(fixture("slow.ts"));
    const jobs = await session.jobDeps([slow.pair(folder, 4)], { cut: ["slow.quick", "slow.patient"] });
    await session.dispatchJobs(jobs);
    await started(folder, "job");
    const waiting = failureOf(session.wait());
    await session.cancel();
    expect(await waiting).toBeInstanceOf(JobCancelledError);
    await until("nothing runs", async () => (await session.status()).jobs.running === 0);
    expect((await session.status()).jobs).toMatchObject({ done: 1, failed: 2 });
    go(folder);
    await session.dispatchJobs(jobs);
    expect(await session.wait()).toHaveLength(3);
    expect(await session.getData(slow.pair(folder, 4))).toBe("8 job is done");
  },
);

test.each(SHAPES)("C17: a synchronous atom is left alone unless its thread may be killed (%o)", async (shape) => {
  const folder = tempFolder();
  await using cluster = await disposableCluster(shape);
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const jobs = await session.jobDeps([slow.endless(folder, "job", 1)]);
  await session.dispatchJobs(jobs);
  await started(folder, "job");
  await session.cancel();
  expect((await session.status()).jobs.running).toBe(1);
  const waiting = failureOf(session.wait());
  await session.cancel({ force: true });
  expect(await waiting).toMatchObject({ code: "GVM3406", fields: { rule: "slow.endless" } });
  await session.dispatchJobs(jobs);
  await session.wait();
  expect(await session.getData(slow.endless(folder, "job", 1))).toBe("job ended");
  expect((await session.status()).workers.map(({ id }) => id)).toEqual(["w1"]);
});

test("C17: a wait's signal cancels, also one that was given too late", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const controller = new AbortController();
  const first = failureOf(session.calc(slow.patient(folder, "job"), { signal: controller.signal }));
  await started(folder, "job");
  controller.abort();
  expect(await first).toMatchObject({ code: "GVM3406" });
  expect(await failureOf(session.calc(slow.patient(folder, "other"), { signal: controller.signal }))).toMatchObject({
    code: "GVM3406",
  });
  go(folder); // what was cancelled in the thread goes on there, unheard
  expect(await session.calc(slow.patient(folder, "job"))).toBe("job is done");
});

test("C17 R12: a recording with timeouts, retries and cancelling replays equal", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  await session.setRecording(true);
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const stuck = slow.endless(folder, "stuck", 9);
  expect(await failureOf(session.calc(stuck, { timeout: 0.2 }))).toMatchObject({ code: "GVM3405" });
  const jobs = await session.jobDeps([slow.pair(folder, 4)], { cut: ["slow.quick", "slow.patient"] });
  await session.dispatchJobs(jobs);
  await started(folder, "job");
  await session.cancel();
  expect(await failureOf(session.wait())).toMatchObject({ code: "GVM3406" });
  go(folder);
  expect(await session.calc(slow.pair(folder, 4), { cut: jobs.cut, retries: 2 })).toBe("8 job is done");
  const recording = await session.getRecording();
  const report = await replayRecording({ workers: 2 }, recording);
  expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
  expect(report.compared).toBeGreaterThan(2);
});

test("C17 R12: a job that was only told to end, and never would, does not hold up a replay", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  await session.setRecording(true);
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  await session.dispatchJobs(await session.jobDeps([slow.quick(1), slow.patient(folder, "job")]));
  await started(folder, "job");
  await until("the quick one is done", async () => (await session.status()).jobs.done === 1);
  await session.cancel();
  expect(await failureOf(session.wait())).toMatchObject({ code: "GVM3406" });
  expect(await session.calc(slow.quick(2))).toBe(4);
  expect(await session.getData(slow.quick(1))).toBe(2);
  const recording = await session.getRecording();
  const report = await replayRecording({ workers: 2 }, recording);
  expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
});

test.each(SHAPES)("C17: an empty graph does not wait for an endless job of the one before (%o)", async (shape) => {
  const folder = tempFolder();
  const clock = new VirtualClock();
  await using cluster = await disposableCluster({ ...shape, clock });
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  await session.dispatchJobs(await session.jobDeps([slow.endless(folder, "job", 1)]));
  await started(folder, "job");
  const before = clock.timers;
  const emptied = session.initGraph();
  await until("it waits for the thread", () => clock.timers > before);
  clock.advance(1);
  await emptied;
  expect(await session.calc(slow.quick(2))).toBe(4);
  expect((await session.status()).workers.map(({ id }) => id)).toEqual(["w1"]);
});
