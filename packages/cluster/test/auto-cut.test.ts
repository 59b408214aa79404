import { replayRecording } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture } from "./helpers.js";

const TEXT = Array.from({ length: 40 }, (_, i) => `line ${i} of ${i % 3} and ${i % 7} words`).join("\n");

test("C34: a map-reduce over 8 blocks that is cut auto runs them side by side, gives the same value, and replays equal", async () => {
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  const { words } = await session.load<typeof import("./fixtures/words.js")>(fixture("words.ts"));
  const whole = await session.calc(words.count(TEXT, 8));
  await session.initGraph();

  await session.setRecording(true);
  const jobs = await session.jobDeps([words.count(TEXT, 8)], { cut: "auto" });
  expect(jobs.cut).toBe("auto");
  const side = jobs.list.filter(({ inputs }) => inputs.length === 0);
  expect(side).toHaveLength(8);
  expect(new Set(side.map(({ rule }) => rule))).toEqual(new Set(["mr.splitByKey"]));
  expect(jobs.list.filter(({ rule }) => rule === "mr.reducer")).toHaveLength(3);
  expect(jobs.list).toHaveLength(12);
  await session.dispatchJobs(jobs);
  const outcomes = await session.wait();
  expect(outcomes).toHaveLength(12);
  expect(new Set(outcomes.map(({ worker }) => worker)).size).toBe(2);
  expect(await session.getData(words.count(TEXT, 8))).toEqual(whole);
  expect(await session.calc(words.count(TEXT, 8), { cut: "auto" })).toEqual(whole);

  const recording = await session.getRecording();
  for (const workers of [1, 3]) {
    const report = await replayRecording({ workers }, recording);
    expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
    expect(report.compared).toBeGreaterThanOrEqual(12);
  }
});

test("C34: auto is a word of its own, no rule among others", async () => {
  await using cluster = await disposableCluster();
  const { session } = cluster;
  const { words } = await session.load<typeof import("./fixtures/words.js")>(fixture("words.ts"));
  const error = await failureOf(session.jobDeps([words.count(TEXT, 2)], { cut: ["auto"] }));
  expect(error.message).toContain('"auto" names no rule');
});
