import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ArchiveOptions,
  connect,
  type MasterOptions,
  openRecording,
  readSource,
  replayRecording,
  type Session,
  startMaster,
} from "@graphvm/cluster";
import { startS3 } from "@graphvm/testing";
import { expect, onTestFinished, test } from "vitest";
import { failureOf, fixture, tempFolder, write } from "./helpers.js";

type Audit = typeof import("./fixtures/audit.js")["audit"];

const CREATED = Date.UTC(2031, 1, 3, 4, 5, 6, 7);
const CUT = ["audit.scaled", "audit.clock", "audit.undeclared"];

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

async function s3() {
  const server = await startS3("audit");
  process.env.AWS_ENDPOINT_URL = server.url;
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** A master that archives, over a file of numbers. */
async function archiving(record: string | ArchiveOptions, more: MasterOptions = {}) {
  const root = tempFolder();
  write(root, { "numbers.txt": "1\n2.5\n4\n" });
  const master = await startMaster({ port: 0, workers: 1, seed: 4, root, now: () => CREATED, record, ...more });
  onTestFinished(() => master.close().catch(() => {}));
  const session = await connect(master.url);
  onTestFinished(() => session.close());
  return { root, master, session };
}

async function calculate(session: Session): Promise<void> {
  const { audit } = await session.load<{ audit: Audit }>(fixture("audit.ts"));
  await session.calc(audit.noisy("numbers.txt", 2), { cut: CUT });
}

test("R32: a session's recording lies in a folder when its cluster was ended, named by its time and session, and replays", async () => {
  const folder = join(tempFolder(), "new", "archive");
  const { master, session } = await archiving({ to: folder, capture: ["code", "inputs"], author: "desk" });
  await calculate(session);
  await session.endCluster();
  await master.closed;
  const archived = await master.archived;
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^20310203T040506\.007Z-[0-9a-f-]{36}\.gvr$/)]);
  expect(archived?.uri).toBe(join(folder, readdirSync(folder)[0]!));
  const bytes = readFileSync(archived!.uri);
  expect(bytes.length).toBe(archived!.bytes);
  const { header, lines } = openRecording(bytes);
  expect(header).toMatchObject({ createdAt: new Date(CREATED).toISOString(), capture: ["inputs"], author: "desk" });
  expect(lines.map(({ method }) => method).slice(-2)).toEqual(["graph", "endCluster"]);
  expect(lines.length).toBe(archived!.calls);
  expect(await replayRecording({ workers: 1 }, bytes, { root: tempFolder() })).toMatchObject({ verdict: "equal" });
});

test("R32: every call is archived, whatever clients do with a recording of their own; theirs is as ever", async () => {
  const folder = tempFolder();
  const { root, master, session } = await archiving({ to: folder, capture: ["outputs"], digests: "nodes" });
  const { audit } = await session.load<{ audit: Audit }>(fixture("audit.ts"));
  await session.calc(audit.noisy("numbers.txt", 2), { cut: CUT });
  await session.setRecording(true);
  await session.calc(audit.noisy("numbers.txt", 3), { cut: CUT });
  const own = openRecording((await session.getRecording()).bytes);
  await session.clearRecording();
  await session.setRecording(false);
  await session.calc(audit.noisy("numbers.txt", 4), { cut: CUT });
  await master.close();
  const { header, lines } = openRecording(readFileSync((await master.archived)!.uri));
  const count = (method: string, all = lines): number => all.filter((line) => line.method === method).length;
  expect([count("getData"), count("getData", own.lines)]).toEqual([3, 1]);
  expect(header.capture).toEqual(["outputs"]);
  expect(own.header.capture).toBeUndefined();
  for (const { result } of lines.filter(({ method }) => method === "wait")) {
    expect(Object.keys(result as object)).toEqual(expect.arrayContaining(["nodes", "outputs"]));
  }
  const again = await replayRecording({ workers: 2 }, (await master.archived)!.uri, { root, verify: "nodes" });
  expect(again).toMatchObject({ verdict: "equal", level: "nodes" });
});

test("R32: on S3 it is locked where that is asked for, and never put over what is there", async () => {
  const server = await s3();
  const { master, session } = await archiving({ to: "s3://audit/2031/", lockDays: 10, lockMode: "compliance" });
  await calculate(session);
  await master.drain(1);
  const { uri } = (await master.archived)!;
  expect(uri).toMatch(/^s3:\/\/audit\/2031\/20310203T.*\.gvr$/);
  const objects = server.buckets.get("audit")!;
  expect([...objects.keys()].map((key) => `s3://audit/${key}`)).toEqual([uri]);
  const [object] = objects.values();
  expect(new Date(object!.lock!).getTime()).toBe(CREATED + 10 * 24 * 3600 * 1000);
  expect(openRecording(await readSource(uri)).lines.at(-1)?.method).toBe("graph");
});

test("R32: a store that fails at the end: the recording is kept where the master was started, and the error says where", async () => {
  const server = await s3();
  const { master, session, root } = await archiving("s3://audit/2031");
  const before = process.cwd();
  process.chdir(tempFolder());
  onTestFinished(() => process.chdir(before));
  await calculate(session);
  server.faults.beforeStore = () => server.buckets.delete("audit");
  const error = await failureOf(master.close());
  expect(error).toMatchObject({ code: "GVM3514", exitCode: 1, fields: { kept: expect.stringMatching(/\.gvr$/) } });
  expect(await failureOf(master.archived)).toBe(error);
  const { kept } = (error as unknown as { fields: { kept: string } }).fields;
  expect(error.message).toContain(kept);
  expect(readdirSync(process.cwd())).toHaveLength(1);
  expect(await replayRecording({ workers: 1 }, kept, { root })).toMatchObject({ verdict: "equal" });
});

test("R32: a name that is taken stays as it is", async () => {
  const [folder, journal] = [tempFolder(), tempFolder()];
  const { master, session } = await archiving(folder, { journal });
  await calculate(session);
  const before = process.cwd();
  process.chdir(tempFolder());
  onTestFinished(() => process.chdir(before));
  // the session's id is in the name, so only its own file can be there
  const { id } = JSON.parse(readFileSync(join(journal, "session.json"), "utf8")) as { id: string };
  const taken = join(folder, `20310203T040506.007Z-${id}.gvr`);
  writeFileSync(taken, "mine");
  await expect(master.close()).rejects.toMatchObject({ code: "GVM3514", cause: { code: "GVM4102" } });
  expect(readFileSync(taken, "utf8")).toBe("mine");
  expect(readdirSync(process.cwd())).toHaveLength(1);
});

test("R32: inputs that are gone when the session ends: archived without them, and an error", async () => {
  const folder = tempFolder();
  const { root, master, session } = await archiving({ to: folder, capture: ["inputs"] });
  await calculate(session);
  rmSync(join(root, "numbers.txt"));
  await expect(master.close()).rejects.toMatchObject({ code: "GVM3514", cause: { name: "InputMissingError" } });
  const { header } = openRecording(readFileSync(join(folder, readdirSync(folder)[0]!)));
  expect(header.capture).toBeUndefined();
});

test("R32: a resumed session is archived from its first call on", async () => {
  const [folder, journal] = [tempFolder(), join(tempFolder(), "journal")];
  const first = await archiving(tempFolder(), { journal });
  await calculate(first.session);
  await first.master.close();
  const master = await startMaster({ port: 0, workers: 1, resume: journal, record: folder, now: () => CREATED + 1 });
  const session = await connect(master.url);
  await session.endCluster();
  await master.closed;
  await session.close();
  const { uri } = (await master.archived)!;
  expect(openRecording(readFileSync(uri)).lines.map(({ method }) => method)).toEqual(
    expect.arrayContaining(["load", "jobDeps", "dispatchJobs", "wait", "getData", "endCluster"]),
  );
  expect(await replayRecording({ workers: 1 }, uri, { root: first.root })).toMatchObject({ verdict: "equal" });
  await expect(startMaster({ port: 0, resume: journal })).rejects.toMatchObject({ code: "GVM3512" });
});

test("R32: a place that can't be written to is refused before anything runs; a session without calls leaves nothing", async () => {
  const server = await s3();
  const start = (record: string | ArchiveOptions) => startMaster({ port: 0, workers: 0, record });
  await expect(start("s3://nowhere/x")).rejects.toMatchObject({ code: "GVM4103", exitCode: 2 });
  await expect(start("http://x")).rejects.toMatchObject({ code: "GVM4110" });
  await expect(start({ to: tempFolder(), lockDays: 1 })).rejects.toMatchObject({ exitCode: 2 });
  await expect(start({ to: "s3://audit", lockDays: 0.5 })).rejects.toMatchObject({ exitCode: 2 });
  const file = join(tempFolder(), "file");
  writeFileSync(file, "");
  await expect(start(file)).rejects.toMatchObject({ code: "GVM4107" });
  server.faults.refuse = { status: 403, code: "AccessDenied" };
  await expect(start("s3://audit")).rejects.toMatchObject({ code: "GVM4104" });
  const folder = tempFolder();
  const master = await start(folder);
  await master.close();
  expect([await master.archived, existsSync(folder), readdirSync(folder)]).toEqual([undefined, true, []]);
});
