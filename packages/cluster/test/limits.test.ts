import { readdirSync } from "node:fs";
import { JobTimeoutError } from "@graphvm/cluster";
import { AtomFailedError } from "@graphvm/engine";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, started, tempFolder } from "./helpers.js";

type Slow = typeof import("./fixtures/slow.js");

const SHAPES = [{ threads: 1 }, { threads: 0, sockets: 1 }, { threads: 0, processes: 1 }];

test.each(SHAPES)("C16: a job that takes too long is stopped and tried again; its worker stays (%o)", async (shape) => {
  const folder = tempFolder();
  await using cluster = await disposableCluster(shape);
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  expect(await session.calc(slow.endless(folder, "job", 2), { timeout: 0.3, retries: 2 })).toBe("job ended");
  expect(readdirSync(folder)).toHaveLength(3);
  expect((await session.status()).workers.map(({ id }) => id)).toEqual(["w1"]);
  expect(await session.calc(slow.quick(4))).toBe(8); // the new thread has the programs
});

test.each(SHAPES)(
  "C16: after the last retry it fails, with job, rule and seconds; other work goes on (%o)",
  async (shape) => {
    const folder = tempFolder();
    await using cluster = await disposableCluster(shape);
    const { session } = cluster;
    const { slow } = await session.load<Slow>(fixture("slow.ts"));
    const root = slow.endless(folder, "job", 9);
    const jobs = await session.jobDeps([root]);
    await session.dispatchJobs(jobs, { timeout: 0.2, retries: 1 });
    const error = await failureOf(session.wait());
    expect(error).toBeInstanceOf(JobTimeoutError);
    expect(error).toMatchObject({
      code: "GVM3405",
      fields: { job: jobs.list[0]!.id, rule: "slow.endless", seconds: 0.2, attempts: 2 },
    });
    expect(await session.calc(slow.quick(5))).toBe(10);
  },
);

test("C16: an atom that throws is tried again only where that is asked for", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  expect(await failureOf(session.calc(slow.flaky(folder, 3), { timeout: 60 }))).toBeInstanceOf(AtomFailedError);
  expect(await failureOf(session.calc(slow.flaky(folder, 3), { retries: 1 }))).toMatchObject({
    cause: { message: "attempt 3" },
  });
  expect(await session.calc(slow.flaky(folder, 4), { retries: 1 })).toBe("it went well");
});

test("C16: a value that is never copied dies with its thread, and is computed again", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const rules = { cut: ["slow.held"], noCopy: ["slow.held"] };
  expect(await session.calc(slow.stuckWith(folder, 1), { ...rules, timeout: 0.3, retries: 1 })).toBe("2 job ended");
});

test("C16: bad limits are refused", async () => {
  await using cluster = await disposableCluster({ threads: 0 });
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  for (const limits of [{ timeout: 0 }, { timeout: -1 }, { timeout: Number.NaN }, { retries: 0.5 }, { retries: -1 }])
    expect(await failureOf(session.calc(slow.quick(1), limits))).toMatchObject({ code: "GVM3204" });
});

test("C16: an emptied graph does not wait for a job whose time is limited", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  await session.dispatchJobs(await session.jobDeps([slow.endless(folder, "job", 9)]), { timeout: 3600 });
  await started(folder, "job");
  await session.initGraph();
  expect(await session.calc(slow.quick(6))).toBe(12);
});
