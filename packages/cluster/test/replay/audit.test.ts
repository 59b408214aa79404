import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  openRecording,
  type RecordingFile,
  type RecordingOptions,
  replayRecording,
  type Session,
  type StoppedReplay,
  verifyRecording,
} from "@graphvm/cluster";
import type { Ref } from "@graphvm/engine";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, tempFolder, write } from "../helpers.js";

type Audit = typeof import("../fixtures/audit.js")["audit"];

const NUMBERS = "1\n2.5\n4\n";
const CUT = ["audit.scaled", "audit.clock", "audit.undeclared"];

/** Records what `root` names, over a file of numbers that is gone afterwards. */
async function record(
  options: RecordingOptions,
  root: (audit: Audit) => Ref<unknown>,
  before: (session: Session) => unknown = () => {},
): Promise<RecordingFile> {
  const folder = tempFolder();
  write(folder, { "numbers.txt": NUMBERS });
  await using cluster = await disposableCluster({ threads: 2, seed: 4, root: folder });
  const { session } = cluster;
  await session.setRecording(true, options);
  const { audit } = await session.load<{ audit: Audit }>(fixture("audit.ts"));
  await before(session);
  await session.calc(root(audit), { cut: CUT });
  const recording = await session.getRecording();
  rmSync(join(folder, "numbers.txt"));
  return recording;
}

const noisy = (audit: Audit): Ref<unknown> => audit.noisy("numbers.txt", 2);

/** The fixture's program with one place changed, in a folder of its own. */
function edited(from: string, to: string): string {
  const text = readFileSync(fixture("audit.ts"), "utf8");
  expect(text).toContain(from);
  const folder = tempFolder();
  const path = write(folder, { "audit.ts": text.replace(from, to) });
  return path;
}

test("R21: with inputs captured a replay needs no other file, on threads, sockets and elsewhere", async () => {
  const recording = await record({ capture: ["inputs"] }, noisy);
  const { header } = openRecording(recording.bytes);
  expect(header).toMatchObject({
    capture: ["inputs"],
    inputs: [{ uri: "numbers.txt", reader: { rule: "audit.scaled" } }],
  });
  const root = tempFolder();
  expect(await replayRecording({ workers: 1 }, recording, { root })).toMatchObject({ verdict: "equal", diverged: 0 });
  await using cluster = await disposableCluster({ threads: 0, sockets: 2, root: tempFolder() });
  expect(await replayRecording(cluster.session, recording, { root })).toMatchObject({ verdict: "equal" });
});

test("R21: a large input travels in parts that no reader holds together, and equal beginnings are equal blobs", async () => {
  const folder = tempFolder();
  const line = "123.25\n";
  const text = line.repeat(Math.ceil((9 * 1024 * 1024) / line.length));
  write(folder, { "big.txt": text });
  await using cluster = await disposableCluster({ threads: 1, root: folder });
  const { session } = cluster;
  await session.setRecording(true, { capture: ["inputs"] });
  const { audit } = await session.load<{ audit: Audit }>(fixture("audit.ts"));
  await session.calc(audit.read("big.txt"));
  const recording = await session.getRecording();
  const opened = openRecording(recording.bytes);
  expect(opened.header.inputs[0]!.parts).toHaveLength(3);
  expect(verifyRecording(recording.bytes)).toMatchObject({ ok: true, inputs: 1 });
  rmSync(join(folder, "big.txt"));
  expect(await replayRecording({ workers: 2 }, recording, { root: tempFolder() })).toMatchObject({ verdict: "equal" });
  await using other = await disposableCluster({ threads: 1, root: tempFolder() });
  expect(await replayRecording(other.session, recording)).toMatchObject({ verdict: "equal" });
});

test("R21: inputs are captured from the file as it was read: one that changed since is an error that names it", async () => {
  const folder = tempFolder();
  write(folder, { "numbers.txt": NUMBERS });
  await using cluster = await disposableCluster({ threads: 1, root: folder });
  const { session } = cluster;
  await session.setRecording(true);
  const { audit } = await session.load<{ audit: Audit }>(fixture("audit.ts"));
  await session.calc(audit.read("numbers.txt"));
  writeFileSync(join(folder, "numbers.txt"), "1\n2.5\n5\n");
  const error = await failureOf(session.getRecording({ capture: ["inputs"] }));
  expect(error).toMatchObject({ code: "GVM1204", fields: { uri: "numbers.txt" } });
  rmSync(join(folder, "numbers.txt"));
  expect(await failureOf(session.getRecording({ capture: ["inputs"] }))).toMatchObject({ code: "GVM1203" });
  expect((await session.getRecording()).calls).toBeGreaterThan(3);
  expect(await failureOf(session.getRecording({ capture: ["outputs"] }))).toMatchObject({ code: "GVM3501" });
});

test("R22: nodes are compared where their digests were recorded; where not, the report says so", async () => {
  const recording = await record({ capture: ["inputs"], digests: "nodes" }, noisy);
  const jobs = await replayRecording({ workers: 1 }, recording);
  const nodes = await replayRecording({ workers: 3 }, recording, { verify: "nodes" });
  expect(jobs).toMatchObject({ verdict: "equal", level: "jobs", compared: 2 });
  expect(nodes).toMatchObject({ verdict: "equal", level: "nodes", compared: 4, warnings: [] });
  const plain = await record({ capture: ["inputs"] }, noisy);
  const report = await replayRecording({ workers: 1 }, plain, { verify: "nodes" });
  expect(report).toMatchObject({ verdict: "equal", level: "jobs" });
  expect(report.warnings.join()).toContain("--digests nodes");
});

test("R23: an edited rule is a divergence with cause code that names the node, and shows by how much", async () => {
  const recording = await record({ capture: ["inputs", "outputs"], digests: "nodes" }, noisy);
  const code = { audit: edited("x + 1", "x + 1.0000001") };
  const report = await replayRecording({ workers: 2 }, recording, { verify: "nodes", code });
  expect(report).toMatchObject({
    verdict: "diverged",
    first: {
      ...{ cause: "code", rule: "audit.factor", method: "wait" },
      difference: { kind: "Array", count: 3, cells: [{ path: "[0]", recorded: "3" }, {}, {}] },
    },
  });
  expect(report.first!.difference!.maxUlps).toBeGreaterThan(1000);
  const byJob = await replayRecording({ workers: 2 }, recording, { code });
  expect(byJob.first).toMatchObject({ cause: "code", rule: "audit.scaled" });
  // text that is the same is no change
  expect(await replayRecording({ workers: 1 }, recording, { code: { audit: edited("x + 1", "x + 1") } })).toMatchObject(
    {
      verdict: "equal",
    },
  );
});

test("R23: another seed is a divergence with cause seed", async () => {
  const recording = await record({ capture: ["inputs"] }, noisy);
  const report = await replayRecording({ workers: 1 }, recording, { seed: 5 });
  expect(report).toMatchObject({ verdict: "diverged", first: { cause: "seed", rule: "audit.noisy" } });
  expect(report.equal).toBe(1);
});

test("R23: a changed input names the node that reads it, also where the recording holds the old one", async () => {
  const recording = await record({ capture: ["inputs"] }, noisy);
  const path = write(tempFolder(), { "other.txt": "1\n2.5\n4.5\n" });
  const report = await replayRecording({ workers: 1 }, recording, { inputs: { "numbers.txt": path } });
  expect(report).toMatchObject({
    ...{ verdict: "diverged", calls: 0 },
    first: { cause: "input", input: "numbers.txt", rule: "audit.scaled" },
  });
  expect(await failureOf(replayRecording({ workers: 1 }, recording, { inputs: { "no.txt": path } }))).toMatchObject({
    code: "GVM3701",
  });
});

test.each([
  ["audit.clock", (audit: Audit) => audit.stamped("numbers.txt"), "audit.clock"],
  ["audit.shell", (audit: Audit) => audit.shell(), "audit.shell"],
] as const)("R23: a clock that is read through a native path is nondeterminism in %s", async (_name, root, rule) => {
  const recording = await record({ capture: ["inputs"] }, root);
  const report = await replayRecording({ workers: 1 }, recording);
  expect(report).toMatchObject({ verdict: "diverged", first: { cause: "nondeterminism", rule } });
});

test("R23: what the environment gives is told from chance: the same twice here, another than recorded", async () => {
  process.env.AUDIT_TEST = "then";
  const recording = await record({}, (audit) => audit.undeclared("AUDIT_TEST"));
  process.env.AUDIT_TEST = "now";
  const report = await replayRecording({ workers: 1 }, recording);
  delete process.env.AUDIT_TEST;
  expect(report).toMatchObject({ verdict: "diverged", first: { cause: "environment", rule: "audit.undeclared" } });
  expect(report.first!.why).toContain("not declared");
});

test("R24: a replay stops at a node with its inputs at hand, and runs it with edited code", async () => {
  const recording = await record({ capture: ["inputs"] }, noisy);
  let ran: unknown[] = [];
  const onStop = async (stopped: StoppedReplay): Promise<void> => {
    const same = await stopped.runWith(fixture("audit.ts"));
    const other = await stopped.runWith(edited("n * x", "n * x + 1"));
    const none = await failureOf(stopped.runWith(fixture("numbers.ts")));
    ran = [stopped.held.map(({ value }) => value), stopped.value, await stopped.params(), same, other, none];
  };
  const report = await replayRecording({ workers: 1 }, recording, { until: "audit.scaled", onStop });
  expect(report).toMatchObject({ verdict: "equal", compared: 1, stopped: { rule: "audit.scaled" } });
  expect(ran[0]).toEqual([[1, 2.5, 4], 3]);
  expect(ran[1]).toEqual([3, 7.5, 12]);
  expect(ran[2]).toEqual(["numbers.txt", 2]);
  expect(ran[3]).toMatchObject({ equal: true, difference: { count: 0 } });
  expect(ran[4]).toMatchObject({ equal: false, value: [4, 8.5, 13], difference: { count: 3, maxAbsolute: 1 } });
  expect(ran[5]).toMatchObject({ code: "GVM3701" });
  const byId = await replayRecording({ workers: 1 }, recording, { until: report.stopped!.node.slice(0, 8) });
  expect(byId.stopped!.node).toBe(report.stopped!.node);
  const missing = await failureOf(replayRecording({ workers: 1 }, recording, { until: "audit.nowhere" }));
  expect(missing).toMatchObject({ code: "GVM3701", exitCode: 2 });
});

test("R24: a node inside a job and one that reads a file run with edited code too", async () => {
  const recording = await record({ capture: ["inputs"] }, noisy);
  const onStop = async (stopped: StoppedReplay): Promise<void> => {
    expect(await stopped.runWith(edited('trim().split("\\n")', 'trim().split("\\n").slice(1)'))).toMatchObject({
      value: [2.5, 4],
    });
  };
  const report = await replayRecording({ workers: 1 }, recording, { until: "audit.read", onStop });
  expect(report.stopped).toMatchObject({ rule: "audit.read", inputs: [] });
});
