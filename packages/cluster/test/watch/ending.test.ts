import { connect, startMaster } from "@graphvm/cluster";
import { disposableCluster, VirtualClock } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, go, started, tempFolder, until } from "../helpers.js";

type Slow = typeof import("../fixtures/slow.js");

/** Whether something has settled, after everything that was about to happen has. */
async function settled(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  work.then(
    () => {
      over = true;
    },
    () => {},
  );
  await new Promise((resolve) => setImmediate(resolve));
  return over;
}

test("C85: a master that nobody uses ends after its idle time, and not before", async () => {
  const clock = new VirtualClock();
  const master = await startMaster({ port: 0, workers: 1, idleSeconds: 60, clock });
  clock.advance(50);
  const session = await connect(master.url);
  clock.advance(1000);
  expect(await settled(master.closed)).toBe(false);
  const left = clock.timers;
  await session.close();
  await until("the idle time began", () => clock.timers > left);
  clock.advance(59);
  expect(await settled(master.closed)).toBe(false);
  clock.advance(1);
  await master.closed;
});

test("C85: jobs keep it, also where nobody is connected", async () => {
  const folder = tempFolder();
  const clock = new VirtualClock();
  const master = await startMaster({ port: 0, workers: 1, idleSeconds: 60, clock });
  const session = await connect(master.url);
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  await session.dispatchJobs(await session.jobDeps([slow.patient(folder, "job")]));
  await started(folder, "job");
  await session.close();
  clock.advance(1000);
  expect(await settled(master.closed)).toBe(false);
  const { timers } = clock;
  go(folder);
  await until("the idle time began", () => clock.timers > timers);
  clock.advance(60);
  await master.closed;
});

test("C86: a master that drains lets jobs finish and whoever waits have the value, and takes no new work", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster();
  const { session, master } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const job = slow.patient(folder, "job");
  const value = session.calc(job);
  await started(folder, "job");
  const drained = master.drain(60);
  await until("it says that it is ending", async () => {
    const answer = await fetch(`${cluster.url.replace("ws:", "http:")}/readyz`, { headers: { connection: "close" } });
    return answer.status === 503 && ((await answer.json()) as { why: string[] }).why[0] === "it is ending";
  });
  expect(await failureOf(session.jobDeps([slow.quick(1)]))).toMatchObject({ code: "GVM3504" });
  expect((await session.status()).jobs.running).toBe(1);
  go(folder);
  expect(await value).toBe("job is done");
  await session.close();
  await drained;
  await master.closed;
});

test("C86: what waits in the queue is not started, and who waited for it is told", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster();
  const { session, master } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const failed = failureOf(session.calc(slow.pair(folder, 1), { cut: ["slow.patient"] }));
  await started(folder, "job");
  const drained = master.drain(60);
  go(folder);
  await drained;
  expect(await failed).toMatchObject({ code: "GVM3201" });
});

test("C86: jobs that take longer than the time to drain end with it", async () => {
  const folder = tempFolder();
  const clock = new VirtualClock();
  await using cluster = await disposableCluster({ clock, leaveJobs: true });
  const { session, master } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const failed = failureOf(session.calc(slow.endless(folder, "job", 1)));
  await started(folder, "job");
  const drained = master.drain(30);
  clock.advance(29);
  expect(await settled(drained)).toBe(false);
  clock.advance(1);
  await drained;
  expect(await failed).toMatchObject({ code: "GVM3201" });
});
