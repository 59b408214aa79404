import { readFileSync } from "node:fs";
import { join } from "node:path";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, tempFolder } from "./helpers.js";

/** The calls in a journal, in order. */
function lines(folder: string): { method: string; result?: { jobs?: unknown }; error?: unknown }[] {
  const text = readFileSync(join(folder, "journal.ndjson"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test.each([{ threads: 1 }, { threads: 0, processes: 1 }])(
  "C90: calc is one round trip with the four calls' lines; a wait line tells what no earlier one told (%j)",
  async (workers) => {
    const journal = tempFolder();
    await using cluster = await disposableCluster({ ...workers, journal });
    const { session } = cluster;
    const { numbers } = await session.load<typeof import("./fixtures/numbers.js")>(fixture("numbers.ts"));
    const before = lines(journal).length;
    expect(await session.calc(numbers.half(3))).toBe(await session.calc(numbers.half(3)));
    await session.calc(numbers.half(4));
    const calls = lines(journal).slice(before);
    const four = ["jobDeps", "dispatchJobs", "wait", "getData"];
    expect(calls.map(({ method }) => method)).toEqual([...four, ...four, ...four]);
    const told = calls
      .filter(({ method }) => method === "wait")
      .map(({ result }) => (result!.jobs as unknown[]).length);
    expect(told).toEqual([1, 0, 1]);
    const all = await session.wait();
    expect(all).toHaveLength(2);
  },
);

test("C90: where one of the four fails, the ones after it were never made", async () => {
  const journal = tempFolder();
  await using cluster = await disposableCluster({ journal });
  const { session } = cluster;
  const { numbers } = await session.load<typeof import("./fixtures/numbers.js")>(fixture("numbers.ts"));
  const before = lines(journal).length;
  await failureOf(session.calc(numbers.half(3), { cut: ["numbers.nope"] }));
  expect(lines(journal).slice(before)).toEqual([
    expect.objectContaining({ method: "jobDeps", error: expect.anything() }),
  ]);
  // the same calls, one by one, give the same value
  await session.dispatchJobs(await session.jobDeps([numbers.half(3)]));
  await session.wait();
  expect(await session.calc(numbers.half(3))).toBe(await session.getData(numbers.half(3)));
});
