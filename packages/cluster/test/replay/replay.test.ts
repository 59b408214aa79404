import { readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { type RecordingFile, readRecording, replayRecording, type Session, verifyRecording } from "@graphvm/cluster";
import type { Ref } from "@graphvm/engine";
import { disposableCluster, expectNoLeaks, openResources } from "@graphvm/testing";
import { expect, test } from "vitest";
import { openJournal } from "../../dist/recording/index.js";
import { failureOf, fixture, go, started, tempFolder, write } from "../helpers.js";

type Words = typeof import("../fixtures/words.js");
type Numbers = typeof import("../fixtures/numbers.js");
type Faults = typeof import("../fixtures/faults.js");

const TEXT = "one two\ntwo three\nthree three one\n";

/** Loads, plans, dispatches, waits and reads: what a user's program does. */
async function pipeline(session: Session, path?: string): Promise<unknown[]> {
  const { words } = await session.load<Words>(fixture("words.ts"));
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const roots: Ref<unknown>[] = [path === undefined ? words.count(TEXT, 2) : words.countFile(path, 2), numbers.many(4)];
  const jobs = await session.jobDeps(roots, { cut: ["mr.mapper", "numbers.left"] });
  await session.dispatchJobs(jobs);
  await session.wait();
  return Promise.all(roots.map((root) => session.getData(root)));
}

const methods = async (recording: RecordingFile): Promise<string[]> =>
  (await readRecording(recording)).lines.map((line) => line.method);

/** Records a pipeline on a cluster of that shape. */
async function record(
  shape: Parameters<typeof disposableCluster>[0],
  work: (session: Session) => Promise<unknown> = (session) => pipeline(session),
): Promise<RecordingFile> {
  await using cluster = await disposableCluster({ seed: 11, ...shape });
  await cluster.session.setRecording(true);
  await work(cluster.session);
  return await cluster.session.getRecording();
}

test("R10: a recording replays equal, job by job, with any number and kind of workers", async () => {
  const before = openResources();
  const recording = await record({ threads: 2 });
  const path = join(tempFolder(), "out.gvr");
  await recording.save(path);
  expect(Buffer.compare(readFileSync(path), recording.bytes)).toBe(0);
  const reports = [await replayRecording({ workers: 1 }, recording), await replayRecording({ workers: 3 }, path)];
  {
    await using cluster = await disposableCluster({ threads: 0, sockets: 2 });
    reports.push(await replayRecording(cluster.session, recording.bytes));
  }
  {
    await using cluster = await disposableCluster({ threads: 1, sockets: 1 });
    reports.push(await replayRecording(cluster.url, recording));
  }
  for (const report of reports) {
    expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
    expect(report.compared).toBe(reports[0]!.compared);
    expect(report.compared).toBeGreaterThan(5);
    expect(report.equal).toBe(report.compared);
    expect(report.first).toBeUndefined();
    expect(report.header.seed).toBe(11);
  }
  expect(reports.map((report) => report.workers)).toEqual([1, 3, 2, 2]);
  await expectNoLeaks(before);
});

test("R10: a run on sockets replays equal on threads", async () => {
  const recording = await record({ threads: 0, sockets: 2 });
  expect(await replayRecording({ workers: 2 }, recording)).toMatchObject({ verdict: "equal", diverged: 0 });
});

test("R11: turned on late, a recording begins with what is loaded and dispatched already", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  expect(await failureOf(session.getRecording())).toMatchObject({ code: "GVM3501" });
  await pipeline(session);
  await session.setRecording(true);
  await session.wait();
  const recording = await session.getRecording();
  expect((await methods(recording)).slice(0, 3)).toEqual(["load", "load", "dispatchJobs"]);
  const report = await replayRecording({ workers: 2 }, recording);
  expect(report.verdict).toBe("equal");
  expect(report.compared).toBeGreaterThan(3);
});

test("R11: turned on late, a recording has each program once, however many sessions loaded it", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  for (let i = 0; i < 3; i++) {
    const other = await cluster.open();
    await other.load(fixture("words.ts"));
    await other.load(fixture("numbers.ts"));
  }
  await pipeline(cluster.session);
  await cluster.session.setRecording(true);
  await cluster.session.wait();
  const recording = await cluster.session.getRecording();
  expect((await methods(recording)).slice(0, 3)).toEqual(["load", "load", "dispatchJobs"]);
  expect((await replayRecording({ workers: 1 }, recording)).verdict).toBe("equal");
});

test("R11: clearing while it is on keeps what is loaded; turned off, calls are not recorded", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  await session.setRecording(true);
  await pipeline(session);
  await session.clearRecording();
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.half(2));
  await session.setRecording(false);
  await session.calc(numbers.half(3));
  const recording = await session.getRecording();
  const recorded = (await methods(recording)).filter((method) => method !== "graph");
  expect(recorded).toEqual([
    ...["load", "load", "dispatchJobs", "clearRecording", "load"],
    ...["jobDeps", "dispatchJobs", "wait", "getData"],
  ]);
  expect(await replayRecording({ workers: 2 }, recording)).toMatchObject({ verdict: "equal" });
});

test("R11: an emptied graph and a new version of a program replay as they went", async () => {
  const folder = tempFolder();
  const text = (value: number): string =>
    `import { apply, namespace, rule } from "@graphvm/rules";\nexport const ns = namespace("ns", { one: rule(() => apply(() => ${value} + Math.random())()) });`;
  const recording = await record({ threads: 2 }, async (session) => {
    type Module = { ns: { one(): Ref<number> } };
    const path = write(folder, { "m.ts": text(1) });
    await session.calc((await session.load<Module>(path)).ns.one());
    await session.initGraph();
    write(folder, { "m.ts": text(2) });
    expect(await session.calc((await session.load<Module>(path)).ns.one())).toBeGreaterThan(2);
  });
  const report = await replayRecording({ workers: 1 }, recording);
  expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
  expect(report.compared).toBeGreaterThanOrEqual(2);
});

test("R12: calls that failed are recorded and fail the same way again", async () => {
  const recording = await record({ threads: 1 }, async (session) => {
    const { faults } = await session.load<Faults>(fixture("faults.ts"));
    await failureOf(session.calc(faults.needsThrow("luck"), { cut: ["faults.throws"] }));
    await failureOf(session.jobDeps([faults.badRule()]));
    await failureOf(session.load(write(tempFolder(), { "m.ts": "throw new Error('no');" })));
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    await session.calc(numbers.half(1));
  });
  const { lines } = await readRecording(recording);
  expect(lines.filter((line) => line.error !== undefined).map((line) => line.method)).toEqual([
    "wait",
    "jobDeps",
    "load",
  ]);
  const report = await replayRecording({ workers: 2 }, recording);
  expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
  expect(report.calls).toBe(lines.length - 2); // all but setRecording and the drawn graph
});

test("R13: a changed input is a divergence that names it; nothing is run", async () => {
  const root = tempFolder();
  write(root, { "text.txt": TEXT });
  const recording = await record({ threads: 1, root }, (session) => pipeline(session, "text.txt"));
  const { inputs } = (await readRecording(recording)).header;
  expect(inputs.map((input) => [input.uri, input.size])).toEqual([["text.txt", TEXT.length]]);
  expect(await replayRecording({ workers: 2 }, recording, { root })).toMatchObject({ verdict: "equal" });
  write(root, { "text.txt": TEXT.replace("one", "six") });
  const calls: string[] = [];
  const report = await replayRecording({ workers: 2 }, recording, { root, onCall: (line) => calls.push(line.method) });
  expect(report).toMatchObject({
    verdict: "diverged",
    diverged: 1,
    calls: 0,
    first: { cause: "input", input: "text.txt" },
  });
  expect(report.first!.message).toContain("text.txt");
  expect(calls).toEqual([]);
});

test("R13: an input that lies elsewhere is found where the map says", async () => {
  const root = tempFolder();
  write(root, { "text.txt": TEXT });
  const recording = await record({ threads: 1, root }, (session) => pipeline(session, "text.txt"));
  const elsewhere = write(tempFolder(), { "moved.txt": TEXT });
  const options = { root: tempFolder(), inputs: { "text.txt": elsewhere } };
  expect(await replayRecording({ workers: 1 }, recording, options)).toMatchObject({ verdict: "equal" });
});

test("R13: a missing input is an error before anything runs, exit code 2", async () => {
  const root = tempFolder();
  const path = write(root, { "text.txt": TEXT });
  const recording = await record({ threads: 1, root }, (session) => pipeline(session, "text.txt"));
  unlinkSync(path);
  const calls: string[] = [];
  const error = await failureOf(
    replayRecording({ workers: 1 }, recording, { root, onCall: (line) => calls.push(line.method) }),
  );
  expect(error).toMatchObject({ code: "GVM1203", exitCode: 2, fields: { uri: "text.txt" } });
  expect(calls).toEqual([]);
});

test("R14: a program that is not deterministic diverges; the first such job in topological order is named", async () => {
  const counter = join(tempFolder(), "count");
  const recording = await record({ threads: 2 }, async (session) => {
    const { faults } = await session.load<Faults>(fixture("faults.ts"));
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const roots = [numbers.half(1), faults.beside(counter)];
    await session.dispatchJobs(await session.jobDeps(roots, { cut: ["faults.counted", "numbers.noise"] }));
    await session.wait();
    await session.getData(faults.beside(counter));
  });
  const report = await replayRecording({ workers: 1 }, recording);
  expect(report.verdict).toBe("diverged");
  expect(report.first).toMatchObject({ cause: "nondeterminism", rule: "faults.counted", method: "wait" });
  expect(report.first!.recorded).not.toBe(report.first!.replayed);
  expect(report.diverged).toBe(2); // and what depends on it
  expect(report.equal).toBe(2);
});

test("R15: a recording that was tampered with is refused before any of its code runs", async () => {
  const folder = tempFolder();
  const ran = join(folder, "ran");
  const recording = await record({ threads: 1 }, async (session) => {
    const source = `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(ran)}, "");\nimport { apply, namespace, rule } from "@graphvm/rules";\nexport const ns = namespace("ns", { one: rule(() => apply(() => 1)()) });`;
    const path = write(folder, { "m.ts": source });
    const { ns } = await session.load<{ ns: { one(): Ref<number> } }>(path);
    await session.calc(ns.one());
  });
  unlinkSync(ran);
  for (let i = 1; i < 12; i++) {
    const bytes = Buffer.from(recording.bytes);
    const at = Math.floor((bytes.length * i) / 12);
    bytes[at] = bytes[at]! ^ 1;
    const error = await failureOf(replayRecording({ workers: 1 }, bytes));
    expect(error).toMatchObject({ exitCode: 2 });
  }
  expect(() => readFileSync(ran)).toThrow(/ENOENT/);
  expect(await replayRecording({ workers: 1 }, recording)).toMatchObject({ verdict: "equal" });
  expect(() => readFileSync(ran)).not.toThrow();
});

test("R16: a replay needs a fresh session", async () => {
  const recording = await record({ threads: 1 });
  await using cluster = await disposableCluster();
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  expect(await failureOf(replayRecording(cluster.session, recording))).toMatchObject({ code: "GVM3501" });
  expect(await cluster.session.calc(numbers.half(1))).toBeTypeOf("number");
});

test("R17: the journal on the disk has every acknowledged call in a chain that verifies, also without a recording", async () => {
  const journal = join(tempFolder(), "journal");
  const other = tempFolder();
  await using cluster = await disposableCluster({ threads: 1, journal });
  const { session } = cluster;
  await pipeline(session);
  await failureOf(session.jobDeps([], { cut: ["no.rule"] }));
  await session.status();
  await session.graphStats();
  await session.setRecording(true);
  await session.clearRecording();
  await session.initGraph();
  await failureOf(session.load(write(other, { "m.ts": "throw 1;" })));
  await session.getRecording();
  await session.endCluster();
  await cluster.master.closed;
  const seen: string[] = [];
  const file = await openJournal(join(journal, "journal.ndjson"), { onLine: (line) => seen.push(line.method) });
  await file.close();
  expect(seen).toEqual([
    ...["load", "load", "jobDeps", "dispatchJobs", "wait", "getData", "getData"],
    ...[
      "jobDeps",
      "status",
      "graphStats",
      "setRecording",
      "clearRecording",
      "initGraph",
      "load",
      "getRecording",
      "endCluster",
    ],
  ]);
});

test("R17: a call is in the journal before it is answered", async () => {
  const journal = join(tempFolder(), "journal");
  await using cluster = await disposableCluster({ threads: 1, journal });
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  await cluster.session.calc(numbers.half(1));
  const text = readFileSync(join(journal, "journal.ndjson"), "utf8");
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { method: string }).method),
  ).toEqual([...["load", "jobDeps", "dispatchJobs", "wait", "getData"]]);
});

test("R18: secrets in params reach neither journal nor recording; the token and named variables too", async () => {
  const journal = join(tempFolder(), "journal");
  const secrets = ["hunter2-of-the-url", "tok-value-7777", "from-the-environment", "master-token-1234"];
  process.env.TEST_SECRET = secrets[2]!;
  try {
    await using cluster = await disposableCluster({
      ...{ threads: 1, journal, token: secrets[3]!, secretVariables: ["TEST_SECRET"] },
    });
    const { session } = cluster;
    await session.setRecording(true);
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const settings = {
      url: `https://me:${secrets[0]}@host/path`,
      apiToken: secrets[1],
      note: `uses ${secrets[2]} and ${secrets[3]}`,
      big: "x".repeat(20_000),
    };
    expect(await session.calc(numbers.record(settings))).toEqual(settings);
    const recording = await session.getRecording();
    const { lines, blobs } = await readRecording(recording);
    const texts = [JSON.stringify(lines), readFileSync(join(journal, "journal.ndjson"), "utf8")];
    for (const sha256 of blobs.names) texts.push(Buffer.from(blobs.get(sha256)).toString("utf8"));
    expect(texts.join("")).toContain("[redacted]");
    for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  } finally {
    delete process.env.TEST_SECRET;
  }
});

test("R19: params that look like the journal's own marks come back as they were", async () => {
  const settings = { $blob: "0".repeat(64), inner: { $json: { $blob: "x" } }, list: [{ $number: "NaN" }, { $ref: 0 }] };
  const recording = await record({ threads: 1 }, async (session) => {
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    expect(await session.calc(numbers.record(settings))).toEqual(settings);
  });
  await verifyRecording(recording.bytes);
  expect(await replayRecording({ workers: 1 }, recording)).toMatchObject({ verdict: "equal", diverged: 0 });
});

test("R20: two clients at once and a worker that dies leave a recording that replays equal", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 1, processes: 1, seed: 5 });
  const { session } = cluster;
  await session.setRecording(true);
  const other = await cluster.open();
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const { faults } = await other.load<Faults>(fixture("faults.ts"));
  await other.dispatchJobs(await other.jobDeps(["a", "b"].map((name) => faults.after(folder, name))));
  await started(folder, "a");
  await started(folder, "b");
  const many = [1, 2, 3].map((n) => session.calc(numbers.many(n), { cut: ["numbers.left"] }));
  await cluster.processes[0]!.kill();
  go(folder);
  await Promise.all([...many, other.wait()]);
  expect(await other.getData(faults.after(folder, "b"))).toBe("b is done!");
  expect(await replayRecording({ workers: 2 }, await session.getRecording())).toMatchObject({
    verdict: "equal",
    diverged: 0,
  });
});
