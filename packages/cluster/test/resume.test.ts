import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  connect,
  FolderLockedError,
  type MasterOptions,
  NondeterministicJobError,
  OtherSessionError,
  replayRecording,
  type Session,
  SessionFolderError,
  startMaster,
} from "@graphvm/cluster";
import { ChildMaster, ChildWorker, disposableCluster } from "@graphvm/testing";
import { expect, onTestFinished, test } from "vitest";
import { failureOf, fixture, go, started, tempFolder, until } from "./helpers.js";

type Numbers = typeof import("./fixtures/numbers.js");
type Slow = typeof import("./fixtures/slow.js");

const starts = (folder: string, name: string): number =>
  readdirSync(folder).filter((file) => file.startsWith(`${name}.`)).length;

/** A master that keeps its journal in a folder, and can be killed and resumed. */
async function durable(options: MasterOptions = {}) {
  const journal = join(tempFolder(), "session");
  const shared = { workers: 0, seed: 3, epoch: 5, ...options };
  let master = await ChildMaster.start({ port: 0, journal, ...shared });
  const session = await connect(master.url);
  const workers: ChildWorker[] = [];
  onTestFinished(async () => {
    await session.close();
    for (const worker of workers) await worker.kill();
    await master.kill();
  });
  return {
    journal,
    session,
    workers,
    url: master.url,
    addWorker: async () => void workers.push(await ChildWorker.start({ master: master.url })),
    kill: () => master.kill(),
    resume: async () => {
      const { seed: _seed, epoch: _epoch, ...rest } = shared;
      master = await ChildMaster.start({ resume: journal, ...rest });
    },
  };
}

/** Digests of everything done, without who did it. */
const digests = async (session: Session): Promise<string[]> =>
  (await session.wait()).map(({ id, digest }) => `${id} ${digest}`);

test("C70: a master killed in mid-job goes on: what was done is not run again, and the client's wait ends", async () => {
  const folder = tempFolder();
  const cluster = await durable();
  await cluster.addWorker();
  await cluster.addWorker();
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const root = slow.pair(folder, 4);
  const jobs = await session.jobDeps([root], { cut: ["slow.quick", "slow.patient"] });
  await session.dispatchJobs(jobs);
  await started(folder, "job");
  const waiting = session.wait();
  await until("the quick job is done", async () => (await session.status()).jobs.done === 1);
  await cluster.kill();
  await cluster.resume();
  expect((await session.status()).jobs).toMatchObject({ total: 3, done: 1 });
  await until("both workers are back", async () => (await session.status()).workers.length === 2);
  go(folder);
  expect(await waiting).toHaveLength(3);
  expect(await session.getData(root)).toBe("8 job is done");
  expect(starts(folder, "job")).toBe(1); // the worker that ran it went on with it
});

test("C70 C12: a value inside a job is computed again where the master and its worker are gone", async () => {
  const cluster = await durable();
  await cluster.addWorker();
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.many(3));
  const inside = await session.getData(numbers.noise(1));
  const before = await digests(session);
  await cluster.kill();
  await cluster.workers[0]!.kill();
  await cluster.resume();
  await cluster.addWorker();
  expect(await session.getData(numbers.noise(1))).toBe(inside);
  expect(await digests(session)).toEqual(before);
});

test("C71: a recording goes on over a master's death, and replays equal", async () => {
  const cluster = await durable();
  await cluster.addWorker();
  const { session } = cluster;
  await session.setRecording(true);
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.many(3), { cut: ["numbers.noise"] });
  await session.getRecording();
  await cluster.kill();
  await cluster.resume();
  await session.calc(numbers.many(5), { cut: ["numbers.noise"] });
  const all = await digests(session);
  const recording = await session.getRecording();
  const report = await replayRecording({ workers: 1 }, recording);
  expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
  expect(report.compared).toBeGreaterThanOrEqual(all.length);
});

test("C71: what was recorded, cleared and emptied before stays so", async () => {
  const cluster = await durable({ workers: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.setRecording(true);
  await session.calc(numbers.diamond(1));
  await session.initGraph();
  await session.clearRecording();
  const value = await session.calc(numbers.diamond(2));
  await session.setRecording(false);
  const { recording, jobs } = await session.status();
  await cluster.kill();
  await cluster.resume();
  expect((await session.status()).recording).toEqual(recording);
  expect((await session.status()).jobs).toEqual(jobs);
  expect(await session.getData(numbers.diamond(2))).toBe(value); // its worker is gone: it is computed again
  expect(await failureOf(session.getData(numbers.diamond(1)))).toMatchObject({ code: "GVM3501" });
  const again = await session.getRecording();
  expect((await replayRecording({ workers: 1 }, again)).verdict).toBe("equal");
});

test("C71: what failed and what was cancelled is so after a resume; another dispatch goes on", async () => {
  const folder = tempFolder();
  const cluster = await durable({ workers: 1 });
  const { session } = cluster;
  const { slow } = await session.load<Slow>(fixture("slow.ts"));
  const jobs = await session.jobDeps([slow.pair(folder, 4)], { cut: ["slow.quick", "slow.patient"] });
  await session.dispatchJobs(jobs);
  await started(folder, "job");
  await session.cancel();
  expect(await failureOf(session.wait())).toMatchObject({ code: "GVM3406" });
  await until("nothing runs", async () => (await session.status()).jobs.running === 0);
  const before = (await session.status()).jobs;
  await cluster.kill();
  await cluster.resume();
  expect((await session.status()).jobs).toEqual(before);
  expect(await failureOf(session.wait())).toMatchObject({ code: "GVM3406" });
  go(folder);
  await session.dispatchJobs(jobs);
  expect(await session.wait()).toHaveLength(3);
});

test("C72: a job that runs again after a resume must give the bytes it gave before", async () => {
  const cluster = await durable({ workers: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.many(2), { cut: ["numbers.noise"] });
  await cluster.kill();
  const path = join(cluster.journal, "jobs.ndjson");
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(/"digest":"../g, '"digest":"ee'));
  appendFileSync(path, '{"id":"torn');
  await cluster.resume();
  expect(await failureOf(session.getData(numbers.many(2)))).toBeInstanceOf(NondeterministicJobError);
});

test("C73: a folder has one master; what a dead one left is no lock", async () => {
  const journal = join(tempFolder(), "session");
  await using first = await startMaster({ port: 0, workers: 0, journal });
  const session = await connect(first.url, { reconnectSeconds: 0 });
  await session.setRecording(true);
  expect(await failureOf(startMaster({ port: 0, resume: journal }))).toBeInstanceOf(FolderLockedError);
  const child = failureOf(ChildMaster.start({ port: 0, resume: journal }));
  expect((await child).message).toContain(`process ${process.pid}`);
  await session.close();
  await first.close();
  const error = await failureOf(startMaster({ port: 0, journal }));
  expect(error).toBeInstanceOf(SessionFolderError);
  expect(error.message).toContain("--resume");
  const second = await ChildMaster.start({ port: 0, resume: journal });
  await second.kill();
  await using third = await startMaster({ port: 0, workers: 0, resume: journal });
  await using again = await connect(third.url);
  expect((await again.status()).recording).toEqual({ on: true, calls: 1 });
});

test("C73: a folder without a session, one that was ended, and other seeds are refused", async () => {
  const journal = join(tempFolder(), "session");
  expect(await failureOf(startMaster({ resume: journal }))).toBeInstanceOf(SessionFolderError);
  const master = await startMaster({ port: 0, workers: 0, journal });
  await (await connect(master.url)).endCluster();
  await master.closed;
  expect((await failureOf(startMaster({ resume: journal }))).message).toContain("ended");
  expect((await failureOf(startMaster({ resume: journal, seed: 4 }))).message).toContain("seed");
});

test("C74: a client whose master comes back as another session is told so", async () => {
  const cluster = await durable();
  const { session } = cluster;
  await session.status();
  await cluster.kill();
  const port = Number(new URL(cluster.url).port);
  await using _other = await startMaster({ port, workers: 0 });
  expect(await failureOf(session.status())).toBeInstanceOf(OtherSessionError);
});

/** A value on a fresh cluster. */
async function fresh(options: { readonly seed: number; readonly epoch: number }): Promise<number> {
  await using cluster = await disposableCluster({ threads: 1, ...options });
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  return await cluster.session.calc(numbers.diamond(1));
}

test("C70: a worker whose master is another session's comes as a new one", async () => {
  const options = { seed: 8, epoch: 9 };
  const wanted = await fresh(options);
  const cluster = await durable();
  await cluster.addWorker();
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  expect(await cluster.session.calc(numbers.diamond(1))).not.toBe(wanted);
  await cluster.kill();
  await using other = await startMaster({ port: Number(new URL(cluster.url).port), workers: 0, ...options });
  await using session = await connect(other.url);
  const again = await session.load<Numbers>(fixture("numbers.ts"));
  expect(await session.calc(again.numbers.diamond(1))).toBe(wanted);
});

test("C70: an input that changed while no master was there stops the resume; with the old bytes it goes on", async () => {
  const root = tempFolder();
  const journal = join(tempFolder(), "session");
  const text = join(root, "text.txt");
  writeFileSync(text, "one two two");
  const shared = { port: 0, workers: 1, root };
  const first = await startMaster({ ...shared, journal });
  const session = await connect(first.url, { reconnectSeconds: 0 });
  const { words } = await session.load<typeof import("./fixtures/words.js")>(fixture("words.ts"));
  const ref = words.countFile("text.txt", 1);
  const value = await session.calc(ref);
  await session.close();
  await first.close();
  writeFileSync(text, "one two too");
  expect(await failureOf(startMaster({ ...shared, resume: journal }))).toMatchObject({ code: "GVM1204" });
  writeFileSync(text, "one two two");
  await using second = await startMaster({ ...shared, resume: journal });
  await using again = await connect(second.url);
  await again.load(fixture("words.ts"));
  expect(await again.getData(ref)).toEqual(value);
});
