import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, connectWorker } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, go, started, tempFolder, until } from "./helpers.js";

type Faults = typeof import("./fixtures/faults.js");
type Numbers = typeof import("./fixtures/numbers.js");

/** Short, because a stopped process needs real time to be missed. */
const heartbeat = { every: 0.1, deadAfter: 1 };

test("C4 C23: a process stopped in mid-job counts as dead: its job runs elsewhere, and it ends when it goes on", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 0, processes: 2, heartbeat });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const root = faults.after(folder, "job");
  await session.dispatchJobs(await session.jobDeps([root], { cut: ["faults.blocked"] }));
  await started(folder, "job");
  const busy = (await session.status()).workers.find(({ job }) => job !== null)!.id;
  const stopped = cluster.processes.find(({ id }) => id === busy)!;
  stopped.hang();
  await started(folder, "job", 2);
  go(folder);
  const jobs = await session.wait();
  expect(jobs.map(({ worker }) => worker)).not.toContain(busy);
  stopped.resume(); // it finishes its job, and finds its link closed
  await stopped.over();
  expect(await session.wait()).toEqual(jobs);
  expect(await session.getData(root)).toBe("job is done!");
  expect((await session.status()).workers.map(({ id }) => id)).not.toContain(busy);
});

test("C4 C23: values that only a stopped process has are computed again, with equal digests", async () => {
  const quiet = async (hang: boolean) => {
    await using cluster = await disposableCluster({ threads: 0, processes: 2, heartbeat, seed: 3, epoch: 5 });
    const { session } = cluster;
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const cut = ["numbers.noise"];
    await session.calc(numbers.many(3), { cut });
    if (hang) cluster.processes[0]!.hang();
    const value = await session.calc(numbers.many(6), { cut });
    const digests = (await session.wait()).map(({ id, digest }) => `${id} ${digest}`);
    return { value, digests };
  };
  expect(await quiet(true)).toEqual(await quiet(false));
});

test("C23: a worker that computes for longer than silence may last is not taken for dead", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({
    threads: 0,
    processes: 1,
    heartbeat,
  });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  await session.dispatchJobs(await session.jobDeps([faults.blocked(folder, "job")]));
  await started(folder, "job");
  await new Promise((resolve) => setTimeout(resolve, 1800));
  go(folder);
  expect((await session.wait()).map(({ worker }) => worker)).toEqual(["w1"]);
});

test("C23: a master that is stopped is missed by its clients and workers", async () => {
  const master = fork(new URL("./fixtures/master-main.mjs", import.meta.url), { execArgv: [] });
  const [url] = (await once(master, "message")) as [string];
  try {
    await using session = await connect(url, { heartbeat, reconnectSeconds: 0 });
    await using worker = await connectWorker({
      master: url,
      heartbeat: { every: 0.1, deadAfter: 0.1 },
      reconnectSeconds: 0,
    });
    await session.status();
    master.kill("SIGSTOP");
    const error = await failureOf(session.status());
    expect(error).toMatchObject({ code: "GVM3201", cause: { code: "GVM3207" } });
    expect(await worker.over).toMatchObject({ code: "GVM3201", message: expect.stringContaining("sign of life") });
  } finally {
    master.kill("SIGKILL");
    await until("the master is gone", () => master.signalCode !== null);
  }
});
