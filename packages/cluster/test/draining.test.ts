import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, go, started, tempFolder, until } from "./helpers.js";

type Faults = typeof import("./fixtures/faults.js");
type Numbers = typeof import("./fixtures/numbers.js");

test("C59: a worker that drains ends its job; what it made is there without being made again", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 0, sockets: 1 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const jobs = await session.jobDeps([faults.after(folder, "one")], { cut: ["faults.blocked"] });
  await session.dispatchJobs(jobs);
  await started(folder, "one");
  const leaves = cluster.sockets[0]!;
  const left = leaves.drain(30);
  await until("it drains", async () => (await session.status()).workers[0]?.state === "draining");
  const stays = await cluster.addSocket();
  go(folder);
  await left;
  expect(await leaves.over).toBe(undefined);
  expect(await session.wait()).toMatchObject([{ worker: leaves.id }, { worker: stays.id }]);
  expect(await session.getData(faults.after(folder, "one"))).toBe("one is done!");
  const { story } = await session.explain(faults.blocked(folder, "one"));
  expect(story).toContain(`${leaves.id} leaves: copied to ${stays.id}`);
  expect(story.join()).not.toMatch(/died|lost/);
});

test("C59: when its time is over the job runs elsewhere, and is not blamed", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 0, sockets: 1 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  await session.dispatchJobs(await session.jobDeps([faults.blocked(folder, "two")]));
  await started(folder, "two");
  const stays = await cluster.addSocket();
  await cluster.sockets[0]!.drain(0);
  await started(folder, "two", 2);
  go(folder);
  expect(await session.wait()).toMatchObject([{ worker: stays.id }]);
  const { story } = await session.explain(faults.blocked(folder, "two"));
  expect(story.join()).toContain("left before its end");
  expect(story.join()).not.toContain("died");
});

test("C59: large results of a worker that leaves are asked for afterwards, and nothing ran again", async () => {
  await using cluster = await disposableCluster({ threads: 0, sockets: 2 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const refs = [1, 2, 3, 4].map((i) => numbers.twice(100_000 + i));
  await session.dispatchJobs(await session.jobDeps(refs));
  const before = await session.wait();
  const [leaves, stays] = cluster.sockets;
  await leaves!.drain(30);
  for (const ref of refs) expect((await session.getData(ref)).length).toBeGreaterThan(100_000);
  expect(await session.wait()).toEqual(before);
  await stays!.drain(30); // nobody is left to take anything
  const late = session.calc(numbers.half(1));
  await cluster.addSocket();
  expect(await late).toBeTypeOf("number");
});

test("C59: what was sent ahead to it runs elsewhere; a graph that is emptied meanwhile forgets nothing of its leaving", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 0, sockets: 1 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  await session.dispatchJobs(await session.jobDeps([faults.blocked(folder, "three")]));
  await started(folder, "three");
  const left = cluster.sockets[0]!.drain(30);
  await until("it drains", async () => (await session.status()).workers[0]?.state === "draining");
  const lost = failureOf(session.wait());
  await session.initGraph();
  expect(await lost).toMatchObject({ code: expect.stringMatching(/^GVM/) });
  go(folder);
  await left; // it is let go under the new graph
  const stays = await cluster.addSocket();
  expect(await session.calc(faults.after(folder, "four"))).toBe("four is done!");
  expect((await session.wait()).map(({ worker }) => worker)).toEqual([stays.id]);
});
