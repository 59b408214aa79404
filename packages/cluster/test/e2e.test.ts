import { connect, connectWorker, startMaster } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
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
  const roots = [words.count(TEXT, 4), numbers.many(6)];
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
