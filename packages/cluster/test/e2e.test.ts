import { connectWorker } from "@graphvm/cluster";
import type { Ref } from "@graphvm/engine";
import { disposableCluster, TcpProxy } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, go, started, tempFolder, write } from "./helpers.js";

type Words = typeof import("./fixtures/words.js");
type Numbers = typeof import("./fixtures/numbers.js");

const TEXT = Array.from(
  { length: 40 },
  (_, i) => `the ${["quick", "brown", "lazy"][i % 3]} fox ${"ab".repeat(i % 5)} jumps`,
).join("\n");
const CUT = ["mr.mapper", "mr.reducer", "numbers.left", "numbers.right", "numbers.noise"];

/** Every job's digest of two pipelines on a cluster of that shape, and what they gave. */
async function digests(shape: { threads?: number; sockets?: number; processes?: number }) {
  await using cluster = await disposableCluster({ ...shape, seed: 7, epoch: 1000 });
  const { session } = cluster;
  const { words } = await session.load<Words>(fixture("words.ts"));
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const roots: Ref<unknown>[] = [words.count(TEXT, 4), numbers.many(6)];
  const jobs = await session.jobDeps(roots, { cut: CUT });
  await session.dispatchJobs(jobs);
  const done = await session.wait();
  const values = [await session.getData(roots[0]!), await session.getData(roots[1]!)];
  const workers = new Set(done.map((job) => job.worker));
  return {
    jobs: done.map(({ id, rule, digest }) => `${rule} ${id} ${digest}`),
    values,
    workers: workers.size,
    nodes: jobs.nodes,
  };
}

test("C1: the same digests on 1, 2 and 5 threads, on sockets and on a mixture", async () => {
  const one = await digests({ threads: 1 });
  expect(one.jobs.length).toBeGreaterThan(20);
  expect(one.nodes).toBeGreaterThan(one.jobs.length);
  const counts = new Map((one.values[0] as [string, number][][]).flat());
  expect(counts.get("the")).toBe(40);
  for (const shape of [
    { threads: 2 },
    { threads: 5 },
    { threads: 0, sockets: 2 },
    { threads: 1, sockets: 1, processes: 1 },
  ]) {
    const other = await digests(shape);
    expect(other.jobs).toEqual(one.jobs);
    expect(other.values).toEqual(one.values);
    expect(other.workers).toBeGreaterThan(1);
  }
});

test("C2: values go from worker to worker: the master sees none of their bytes", async () => {
  await using cluster = await disposableCluster({ threads: 0 });
  const { session } = cluster;
  await using proxy = await TcpProxy.start(cluster.url);
  await using _one = await connectWorker({ master: proxy.url });
  await using _two = await connectWorker({ master: proxy.url });
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const before = proxy.bytes;
  const jobs = await session.jobDeps([numbers.both(500_000, 400_000)], { cut: ["numbers.block"] });
  await session.dispatchJobs(jobs);
  const done = await session.wait();
  // two workers made a block each, so one block of megabytes had to travel
  expect(new Set(done.slice(0, 2).map((job) => job.worker)).size).toBe(2);
  expect(proxy.bytes - before).toBeLessThan(50_000);
  expect(await session.getData(numbers.both(500_000, 400_000))).toBe(500_002);
  expect(await session.getData(numbers.block(400_000))).toHaveLength(400_000);
});

test("C3: an input that a worker lacks, or has with other bytes, comes from the master by digest", async () => {
  const root = tempFolder();
  write(root, { "text.txt": TEXT });
  const expected = await (async () => {
    await using cluster = await disposableCluster({ root });
    const { words } = await cluster.session.load<Words>(fixture("words.ts"));
    return await cluster.session.calc(words.countFile("text.txt", 3), { cut: ["mr.mapper", "mr.reducer"] });
  })();
  const other = tempFolder();
  write(other, { "text.txt": TEXT.toUpperCase().replaceAll("FOX", "CAT") });
  for (const workerRoot of [tempFolder(), other]) {
    await using cluster = await disposableCluster({ threads: 0, sockets: 1, processes: 1, root, workerRoot });
    const { words } = await cluster.session.load<Words>(fixture("words.ts"));
    expect(await cluster.session.calc(words.countFile("text.txt", 3), { cut: ["mr.mapper", "mr.reducer"] })).toEqual(
      expected,
    );
  }
});

test("C3: an input that is nowhere is an error before anything runs", async () => {
  await using cluster = await disposableCluster({ root: tempFolder() });
  const { words } = await cluster.session.load<Words>(fixture("words.ts"));
  const error = await failureOf(cluster.session.calc(words.countFile("none.txt", 2)));
  expect(error).toMatchObject({ code: "GVM1203", fields: { uri: "none.txt" } });
  expect((await cluster.session.status()).jobs.total).toBe(0);
});

test("C5: two clients share a session's programs, graph and values", async () => {
  await using cluster = await disposableCluster({ threads: 2 });
  const other = await cluster.open();
  const [{ numbers }, { words }] = await Promise.all([
    cluster.session.load<Numbers>(fixture("numbers.ts")),
    other.load<Words>(fixture("words.ts")),
  ]);
  const [many, counts] = await Promise.all([
    cluster.session.calc(numbers.many(4), { cut: ["numbers.left"] }),
    other.calc(words.count(TEXT, 2), { cut: ["mr.mapper"] }),
  ]);
  expect(many).toBeTypeOf("number");
  expect((counts as unknown[]).length).toBe(3);
  await other.load(fixture("numbers.ts"));
  expect(await other.getData(numbers.many(4))).toBe(many);
});

test("C5: a client that goes away while it waits takes nothing with it", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { faults } = await session.load<typeof import("./fixtures/faults.js")>(fixture("faults.ts"));
  await session.dispatchJobs(await session.jobDeps([faults.after(folder, "job")]));
  await started(folder, "job");
  const other = await cluster.open();
  const waiting = failureOf(other.wait());
  await other.status(); // the wait has arrived
  await other.close();
  expect(await waiting).toMatchObject({ code: "GVM3201" });
  go(folder);
  expect(await session.wait()).toHaveLength(1);
});

test("C5: whoever waits is told when the graph is emptied, and old results do not come back", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  const { faults } = await session.load<typeof import("./fixtures/faults.js")>(fixture("faults.ts"));
  await session.dispatchJobs(await session.jobDeps([faults.blocked(folder, "job")]));
  await started(folder, "job");
  const waiting = failureOf(session.wait());
  const getting = failureOf(session.getData(faults.blocked(folder, "job")));
  await session.status();
  const emptied = session.initGraph();
  expect(await waiting).toMatchObject({ code: "GVM3503" });
  expect(await getting).toMatchObject({ code: "GVM3503" });
  go(folder);
  await emptied;
  expect((await session.status()).jobs).toEqual({ total: 0, running: 0, done: 0, failed: 0, waiting: 0 });
  expect(await failureOf(session.getData(faults.blocked(folder, "job")))).toMatchObject({ code: "GVM3501" });
  expect(await session.calc(faults.blocked(folder, "job"))).toBe("job is done");
});

test("C5: values inside a job can be read, values of no job can't", async () => {
  await using cluster = await disposableCluster({ threads: 0, sockets: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.diamond(1));
  const noise = await session.getData(numbers.noise(1));
  expect(await session.getData(numbers.left(1))).toBe(noise + 1);
  expect(await failureOf(session.getData(numbers.noise(2)))).toMatchObject({ code: "GVM3501" });
});

test("C5: progress counts each job once, up to the end", async () => {
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const seen: number[] = [];
  let total = 0;
  const stop = session.onProgress((progress) => {
    total = progress.total;
    seen.push(progress.done);
  });
  await session.calc(numbers.many(5), { cut: ["numbers.left", "numbers.right", "numbers.noise"] });
  stop();
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(total);
  expect(total).toBe(16);
});

test("C14: a noCopy value stays in its worker; saying otherwise later is refused", async () => {
  await using cluster = await disposableCluster({ threads: 3 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const noCopy = ["numbers.block"];
  expect(await session.calc(numbers.total(10), { cut: ["numbers.block", "numbers.twice"], noCopy })).toBe(21);
  const done = await session.wait();
  expect(new Set(done.map((job) => job.worker)).size).toBe(1);
  expect(await failureOf(session.calc(numbers.total(10), { cut: ["numbers.block"] }))).toMatchObject({
    code: "GVM3501",
  });
  expect(await session.getData(numbers.block(10))).toHaveLength(10);
});
