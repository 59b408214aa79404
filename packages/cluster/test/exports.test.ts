import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, readRecording, replayRecording, startMaster } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { Exports } from "../dist/master/exports.js";
import { failureOf, fixture, tempFolder, until, write } from "./helpers.js";

type Program = typeof import("./fixtures/volumes.js");

function volume(): string {
  const folder = tempFolder();
  write(folder, { "data.csv": "1\n3" });
  return folder;
}

/** A master, a worker in each plane, and one in none. */
async function planes(maxBytes?: number, journal?: string) {
  const cluster = await disposableCluster({ threads: 0, root: tempFolder(), ...(journal && { journal }) });
  const exports = maxBytes === undefined ? {} : { maxBytes };
  for (const plane of ["eu", "us"])
    await cluster.addSocket({ labels: { plane }, volumes: { data: volume() }, exports });
  await cluster.addSocket();
  const { session } = cluster;
  const program = await session.load<Program>(fixture("volumes.ts"));
  return { cluster, session, ...program };
}

const MIB = 1024 * 1024;

test("C146: a value of more than 1 MiB does not leave where nothing else is said; the error names rule, size and limit", async () => {
  const { cluster, session, volumes } = await planes();
  await using _closed = cluster;
  expect(await session.calc(volumes.letters("eu", MIB - 100))).toHaveLength(MIB - 100);
  await until("what left is known", async () => ((await session.look()).planes.eu?.left ?? 0) > MIB - 100);
  const error = await failureOf(session.calc(volumes.longer("us", 2 * MIB)));
  expect(error).toMatchObject({
    code: "GVM3605",
    fields: { rule: "volumes.letters", plane: "us", limit: MIB, size: expect.any(Number) },
    message: expect.stringMatching(/volumes\.letters would let \d+ bytes out of plane us, and 1048576 are allowed/),
  });
  // its bytes went nowhere, and nobody gets them by asking for the value itself
  expect(await failureOf(session.getData(volumes.letters("us", 2 * MIB)))).toMatchObject({ code: "GVM3605" });
  expect((await session.look()).planes.us?.left ?? 0).toBe(0);
});

test("C146: a rule narrows what its plane allows and never widens it", async () => {
  const { cluster, session, volumes } = await planes(1000);
  await using _closed = cluster;
  const limitOf = async (ref: Parameters<typeof session.calc>[0]) =>
    ((await failureOf(session.calc(ref))) as Error & { fields: { limit: number } }).fields.limit;
  expect(await session.calc(volumes.few("eu", 400))).toHaveLength(400);
  expect(await limitOf(volumes.few("eu", 600))).toBe(500);
  expect(await limitOf(volumes.letters("eu", 1200))).toBe(1000);
  expect(await limitOf(volumes.greedy("eu", 1200))).toBe(1000);
});

test("C146: a value that is never copied is held against the limit when somebody asks for it", async () => {
  const { cluster, session, volumes } = await planes(1000);
  await using _closed = cluster;
  const noCopy = ["volumes.letters"];
  expect(await session.calc(volumes.letters("eu", 10), { noCopy })).toHaveLength(10);
  expect(await failureOf(session.calc(volumes.letters("eu", 2000), { noCopy }))).toMatchObject({ code: "GVM3605" });
});

test("C147: each export is a line of the journal and of the recording, in the order of jobs, before anybody gets the value", async () => {
  const journal = join(tempFolder(), "journal");
  const { cluster, session, volumes } = await planes(undefined, journal);
  const { recording, exports } = await (async () => {
    await using _closed = cluster;
    await session.setRecording(true, { digests: "nodes" });
    expect(await session.calc(volumes.means(["us", "eu"]))).toEqual([2, 2]);
    expect(await session.calc(volumes.means(["us", "eu"]))).toEqual([2, 2]);
    return { recording: await session.getRecording(), exports: (await session.look()).exports };
  })();
  const { lines } = await readRecording(recording);
  const methods = lines.map(({ method }) => method).filter((method) => method !== "setRecording");
  // once a value, however often it is asked for
  const once = ["dispatchJobs", "export", "export", "wait", "getData"];
  expect(methods).toEqual(["load", "jobDeps", ...once, "jobDeps", "dispatchJobs", "wait", "getData", "graph"]);
  const written = lines.filter(({ method }) => method === "export");
  expect(written).toMatchObject(
    ["us", "eu"].map((plane) => ({
      params: { id: expect.stringMatching(/^[0-9a-f]{32}$/), rule: "volumes.mean", plane },
      result: { bytes: expect.any(Number), digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })),
  );
  const { bytes } = written[0]!.result as { bytes: number };
  expect(exports).toEqual({ eu: { values: 1, bytes }, us: { values: 1, bytes } });
  expect(readFileSync(join(journal, "journal.ndjson"), "utf8").match(/"method":"export"/g)).toHaveLength(2);
  // a replay has other limits, and compares the values all the same
  const root = tempFolder();
  const inputs = Object.fromEntries(
    ["eu", "us"].map((plane) => [`${plane}:data/data.csv`, write(root, { "copy.csv": "1\n3" })]),
  );
  const report = await replayRecording({ workers: 2 }, recording, { root, inputs, verify: "nodes" });
  expect(report).toMatchObject({ verdict: "equal", level: "nodes" });
});

test("C147: a recording that begins late has what left before; one that was refused replays equal", async () => {
  const { cluster, session, volumes } = await planes(1000);
  const made = await (async () => {
    await using _closed = cluster;
    await session.calc(volumes.few("eu", 10));
    await session.setRecording(true);
    expect(await failureOf(session.calc(volumes.few("eu", 700)))).toMatchObject({ code: "GVM3605" });
    expect(await session.calc(volumes.few("eu", 20))).toHaveLength(20);
    return await session.getRecording();
  })();
  const { lines } = await readRecording(made);
  expect(lines.filter(({ method }) => method === "export")).toHaveLength(2);
  const data = write(tempFolder(), { "data.csv": "1\n3" });
  const report = await replayRecording({ workers: 1 }, made, { inputs: { "data/data.csv": data } });
  expect(report).toMatchObject({ verdict: "equal" });
});

test("C147: nobody needs to wait for the line to be written, and a master that goes on writes it once", async () => {
  const journal = join(tempFolder(), "journal");
  const lines = (): number =>
    readFileSync(join(journal, "journal.ndjson"), "utf8").split('"method":"export"').length - 1;
  {
    const { cluster, session, volumes } = await planes(undefined, journal);
    await using _closed = cluster;
    await session.dispatchJobs(await session.jobDeps([volumes.few("eu", 5)]));
    await until("the line is there", () => lines() === 1);
    await session.close();
  }
  await using master = await startMaster({ port: 0, workers: 0, resume: journal });
  await using session = await connect(master.url);
  expect((await session.look()).exports).toMatchObject({ eu: { values: 1 } });
  expect(lines()).toBe(1);
});

test("C147: what a value computed anew gives is no other export, but in another graph", () => {
  const exports = new Exports();
  const value = { id: "a", rule: "n.r", plane: "eu", bytes: 3, digest: "d", order: 2 };
  exports.add(value);
  exports.add({ ...value, id: "b", order: 1, bytes: null });
  exports.add(value);
  expect(exports.unwritten().map(({ id }) => id)).toEqual(["b", "a"]);
  for (const each of exports.unwritten()) exports.written(each);
  exports.add(value);
  expect(exports.waiting).toBe(false);
  expect(exports.planes()).toEqual({ eu: { values: 2, bytes: 3 } });
  exports.emptied();
  exports.add(value);
  expect(exports.unwritten()).toEqual([value]);
  expect(exports.planes()).toEqual({ eu: { values: 3, bytes: 6 } });
});
