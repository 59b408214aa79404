import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture } from "../helpers.js";

type Numbers = typeof import("../fixtures/numbers.js");
const MB = 1024 * 1024;
const DOUBLES = 700_000; // 5.6 MB: three pieces
const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("graphvm-spill-"));

test.each([{ threads: 2 }, { threads: 0, processes: 2 }])(
  "C93: a client gets large values in pieces, of jobs and of nodes inside them (%j)",
  async (workers) => {
    await using cluster = await disposableCluster(workers);
    const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
    const block = await cluster.session.calc(numbers.block(DOUBLES));
    expect([block.length, block.at(-1)]).toEqual([DOUBLES, DOUBLES - 1]);
    // twice lies inside of total, which is the only job
    await cluster.session.calc(numbers.total(DOUBLES));
    const [a, b] = await Promise.all([1, 2].map(() => cluster.session.getData(numbers.twice(DOUBLES))));
    expect([a!.length, a!.at(-1), b!.at(-1)]).toEqual([DOUBLES, 2 * DOUBLES - 2, 2 * DOUBLES - 2]);
  },
);

test.each([{ threads: 2 }, { threads: 0, processes: 1 }])(
  "C92: with a budget of memory jobs go on past it, every value is still there, and status says how much lies on disk (%j)",
  async (workers) => {
    const before = folders();
    {
      await using cluster = await disposableCluster({ ...workers, memory: 40 * MB });
      const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
      const refs = Array.from({ length: 10 }, (_, i) => numbers.block(DOUBLES + i));
      await cluster.session.dispatchJobs(await cluster.session.jobDeps(refs));
      const jobs = await cluster.session.wait();
      expect(jobs).toHaveLength(10);
      // a worker tells how much it holds now and then, and a value that just came is on its way to disk
      await expect
        .poll(async () => (await cluster.session.status()).usage)
        .toSatisfy(({ spilled, held }) => spilled > 20 * MB && held <= 20 * MB);
      for (const [i, ref] of refs.entries()) expect((await cluster.session.getData(ref)).length).toBe(DOUBLES + i);
      expect(await cluster.session.calc(numbers.both(DOUBLES, DOUBLES + 9))).toBe(DOUBLES + 2);
    }
    expect(folders().filter((name) => !before.includes(name))).toEqual([]);
  },
);

test("C92: a budget that nothing fits into is refused where it is given", async () => {
  expect(await failureOf(disposableCluster({ threads: 2, memory: MB }))).toMatchObject({ code: "GVM1107" });
});

test("C94: threads read each other's values where they lie: an input from another thread is a view of shared memory", async () => {
  await using cluster = await disposableCluster({ threads: 2 });
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  const cut = ["numbers.block"];
  const refs = [numbers.block(DOUBLES), numbers.block(DOUBLES + 1)];
  await cluster.session.dispatchJobs(await cluster.session.jobDeps(refs));
  const holders = new Set((await cluster.session.wait()).map(({ worker }) => worker));
  expect(holders.size).toBe(2);
  expect(await cluster.session.calc(numbers.shared(DOUBLES, DOUBLES + 1), { cut })).toBe(1);
});
