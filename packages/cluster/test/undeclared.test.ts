import { connect, openRecording, replayRecording, startMaster } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, tempFolder, write } from "./helpers.js";

type Snoop = typeof import("./fixtures/snoop.js");

const secretPlace = (): string => write(tempFolder(), { "rates.csv": "1,2,3" });

test("C95: what atoms read without declaring it is told by wait and status, once, whoever ran them", async () => {
  const path = secretPlace();
  await using cluster = await disposableCluster({ threads: 2, sockets: 1 });
  const { session } = cluster;
  const { snoop } = await session.load<Snoop>(fixture("snoop.ts"));
  const jobs = await session.jobDeps([snoop.sum(path)], { cut: ["snoop.peek"] });
  await session.dispatchJobs(jobs);
  const outcomes = await session.wait();
  const told = outcomes.flatMap(({ undeclared = [] }) => undeclared);
  expect(told.map(({ label }) => label).sort()).toEqual([
    expect.stringMatching(/^snoop\.peek\(/),
    'snoop.variable("HOME")',
  ]);
  expect(told.flatMap(({ reads }) => reads)).toEqual(
    expect.arrayContaining([
      { kind: "file", what: path },
      { kind: "environment", what: "HOME" },
    ]),
  );
  const { undeclared, strict } = await session.status();
  expect([undeclared.length, strict]).toEqual([2, false]);
  await session.initGraph();
  expect((await session.status()).undeclared).toEqual([]);
});

test("C96 R30: a strict session refuses such atoms; its recording says so and its replay is strict too", async () => {
  const path = secretPlace();
  await using master = await startMaster({ port: 0, workers: 1, strict: true });
  await using session = await connect(master.url);
  const { snoop } = await session.load<Snoop>(fixture("snoop.ts"));
  await session.setRecording(true);
  const error = await failureOf(session.calc(snoop.peek(path)));
  expect(error).toMatchObject({ code: "GVM1205", fields: { kind: "file", what: path } });
  expect((await session.status()).strict).toBe(true);
  const bytes = await (await session.getRecording()).bytes;
  expect(openRecording(bytes).header.strict).toBe(true);
  expect(await replayRecording({ workers: 1 }, bytes)).toMatchObject({ verdict: "equal" });
});

test("R30: a replay warns of undeclared reads; a strict one refuses them", async () => {
  const path = secretPlace();
  await using cluster = await disposableCluster();
  const { snoop } = await cluster.session.load<Snoop>(fixture("snoop.ts"));
  await cluster.session.setRecording(true);
  expect(await cluster.session.calc(snoop.peek(path))).toBe(5);
  const bytes = await (await cluster.session.getRecording()).bytes;
  const report = await replayRecording({ workers: 1 }, bytes);
  expect(report).toMatchObject({ verdict: "equal", warnings: [expect.stringContaining(`(file ${path})`)] });
  const strict = await replayRecording({ workers: 1 }, bytes, { strict: true });
  expect(strict).toMatchObject({ verdict: "diverged", first: { message: expect.stringContaining("GVM1205") } });
});
