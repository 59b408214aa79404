import { connectWorker } from "@graphvm/cluster";
import { AtomFailedError } from "@graphvm/engine";
import { disposableCluster, TcpProxy } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, go, started, tempFolder, until } from "./helpers.js";

type Numbers = typeof import("./fixtures/numbers.js");
type Faults = typeof import("./fixtures/faults.js");

/** A worker whose links to the master, and to those who fetch its values, lead through proxies. */
async function proxied(master: string) {
  const toMaster = await TcpProxy.start(master);
  let values = "";
  const toValues = await TcpProxy.start(() => values);
  const port = Number(new URL(toValues.url).port) + 1;
  values = `ws://127.0.0.1:${port}`;
  const worker = await connectWorker({ master: toMaster.url, port, address: toValues.url });
  return {
    worker,
    toMaster,
    toValues,
    [Symbol.asyncDispose]: async () => {
      await worker.close();
      await toMaster[Symbol.asyncDispose]();
      await toValues[Symbol.asyncDispose]();
    },
  };
}

test("C12: a value that a client asks for and nobody can be reached for is computed again elsewhere", async () => {
  await using cluster = await disposableCluster({ threads: 0 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await using far = await proxied(cluster.url);
  const cut = { cut: ["numbers.block", "numbers.twice"] };
  await session.dispatchJobs(await session.jobDeps([numbers.twice(5000)], cut));
  const before = await session.wait();
  far.toValues.weather = "cut";
  const near = await cluster.addSocket();
  const value = await session.getData<Float64Array>(numbers.twice(5000));
  expect(value.length).toBe(5000);
  const after = await session.wait();
  expect(after.map(({ digest }) => digest)).toEqual(before.map(({ digest }) => digest));
  expect(after.at(-1)!.worker).toBe(near.id);
});

test("C12: a value inside a job whose worker is gone is computed again with the job", async () => {
  await using cluster = await disposableCluster({ threads: 0, processes: 1, seed: 3 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.many(3));
  const inside = await session.getData(numbers.noise(1));
  const [before] = await session.wait();
  await cluster.processes[0]!.kill();
  await cluster.addProcess();
  expect(await session.getData(numbers.noise(1))).toBe(inside);
  const [after] = await session.wait();
  expect(after!.digest).toBe(before!.digest);
  expect(after!.worker).not.toBe(before!.worker);
});

test("C12: a value inside a job, and one that is never copied, are found with a worker that came back", async () => {
  await using cluster = await disposableCluster({ threads: 0 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await using far = await proxied(cluster.url);
  const options = { cut: ["numbers.twice"], noCopy: ["numbers.twice"] };
  await session.dispatchJobs(await session.jobDeps([numbers.total(50)], options), options);
  const jobs = await session.wait();
  const { id } = far.worker;
  far.toMaster.weather = "cut";
  await until("it is missed", async () => (await session.status()).workers.length === 0);
  far.toMaster.weather = "fair";
  await until("it is back", async () => (await session.status()).workers.length === 1);
  expect(far.worker.id).not.toBe(id);
  expect((await session.getData<Float64Array>(numbers.twice(50)))[2]).toBe(4);
  expect((await session.getData<Float64Array>(numbers.block(50)))[2]).toBe(2);
  expect((await session.wait()).map(({ digest }) => digest)).toEqual(jobs.map(({ digest }) => digest));
});

test("C12: a value that is computed again for a client does not fail with another job", async () => {
  await using cluster = await disposableCluster({ threads: 0, processes: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const value = await session.calc(numbers.many(2));
  expect(await failureOf(session.calc(faults.throws("luck")))).toBeInstanceOf(AtomFailedError);
  await cluster.processes[0]!.kill();
  await cluster.addProcess();
  expect(await session.getData(numbers.many(2))).toBe(value);
});

test("C12: what a process that can't be reached holds is missed at once, not input by input", async () => {
  const folder = tempFolder();
  let missed = 0;
  const count = (_fields: object, line: string): void => {
    if (line.includes("found an input missing")) missed++;
  };
  const logger = { debug: count, info: count, warn: count, error: count };
  await using cluster = await disposableCluster({ threads: 0, logger });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  await using far = await proxied(cluster.url);
  const cut = { cut: ["numbers.diamond"] };
  await session.dispatchJobs(await session.jobDeps(Array.from({ length: 6 }, (_, i) => numbers.diamond(i))));
  const before = await session.wait();
  await session.dispatchJobs(await session.jobDeps([faults.blocked(folder, "job")]));
  await started(folder, "job");
  far.toValues.weather = "cut";
  const near = await cluster.addSocket();
  await session.dispatchJobs(await session.jobDeps([numbers.many(6)], cut));
  await until("it is done", async () => (await session.status()).jobs.done === before.length + 1);
  go(folder);
  const after = await session.wait();
  expect(after.find(({ rule }) => rule === "numbers.many")!.worker).toBe(near.id);
  expect(missed).toBe(1);
});
