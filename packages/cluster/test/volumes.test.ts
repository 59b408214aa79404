import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { connect, replayRecording, verifyRecording } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, tempFolder, write } from "./helpers.js";

type Program = typeof import("./fixtures/volumes.js");

const SECRET = "1234567";

/** A folder whose data.csv has these numbers. */
function volumeOf(...numbers: number[]): string {
  const folder = tempFolder();
  write(folder, { "data.csv": numbers.join("\n") });
  return folder;
}

/** A master without data, and a worker in each of three planes with a volume of the same name. */
async function threePlanes(options: { maxBytes?: number; inputs?: boolean } = {}) {
  const cluster = await disposableCluster({ threads: 0, root: tempFolder() });
  const folders = { eu: volumeOf(1, 3), us: volumeOf(10, 30), jp: volumeOf(100, Number(SECRET)) };
  for (const [plane, data] of Object.entries(folders))
    await cluster.addSocket({ labels: { plane }, volumes: { data }, exports: options, root: tempFolder() });
  await cluster.addSocket();
  return { cluster, folders, session: cluster.session };
}

const MEANS = [2, 20, (100 + Number(SECRET)) / 2];

test("C142: the same script reads data/data.csv in three planes and gets three data sets", async () => {
  const { cluster, session } = await threePlanes();
  await using _closed = cluster;
  const { main } = await session.load<Program>(fixture("volumes.ts"));
  expect(await session.calc(main())).toEqual(MEANS);
});

test("C143: what leads out of a plane's volume is refused before anything runs", async () => {
  const { cluster, session, folders } = await threePlanes();
  await using _closed = cluster;
  const { volumes, data } = await session.load<Program>(fixture("volumes.ts"));
  symlinkSync(join(folders.us, "data.csv"), join(folders.eu, "us.csv"));
  for (const uri of ["data/../data.csv", "data/us.csv", join(folders.us, "data.csv"), "../data.csv", "data.csv"])
    expect(await failureOf(session.jobDeps([volumes.mean(data("eu", uri))]))).toMatchObject({ code: "GVM3612" });
  expect(await failureOf(session.jobDeps([volumes.mean(data("eu", "data/x.csv"))]))).toMatchObject({ code: "GVM1203" });
});

test("C53: a bound value is given to no client that asks for a node inside a job either", async () => {
  const { cluster, session } = await threePlanes();
  await using _closed = cluster;
  const { volumes, data, main } = await session.load<Program>(fixture("volumes.ts"));
  await session.calc(main());
  const { node } = await session.replayCall<{ node: { id: string; job: string } }>("node", { name: "volumes.rows" });
  expect(await failureOf(session.replayCall("nodeValue", { id: node.id, job: node.job }))).toMatchObject({
    code: "GVM3603",
  });
  expect(await failureOf(session.getData(volumes.rows(data("jp"))))).toMatchObject({ code: "GVM3603" });
});

test("C144: journal and recording name volume and digest; a replay needs workers with those volumes", async () => {
  const { cluster, session } = await threePlanes();
  const made = await (async () => {
    await using _closed = cluster;
    const { main } = await session.load<Program>(fixture("volumes.ts"));
    await session.setRecording(true, { capture: ["outputs"] });
    await session.calc(main());
    const recording = await session.getRecording();
    expect(await failureOf(session.getRecording({ capture: ["inputs"] }))).toMatchObject({ code: "GVM3603" });
    return recording;
  })();
  const { header } = verifyRecording(made.bytes);
  const named = (plane: string) => ({ uri: "data/data.csv", plane, volume: "data", sha256: expect.any(String) });
  expect(header.inputs).toMatchObject([named("eu"), named("jp"), named("us")]);
  expect(Buffer.from(made.bytes).includes(SECRET)).toBe(false);
  // without the volumes
  expect(await failureOf(replayRecording({ workers: 1 }, made, { root: tempFolder() }))).toMatchObject({
    code: "GVM1203",
    message: expect.stringContaining("eu:data/data.csv"),
  });
  // with the same ones, and with others
  const again = await threePlanes();
  await again.cluster.session.close();
  expect(await replayRecording(again.cluster.url, made)).toMatchObject({ verdict: "equal" });
  await again.cluster.close();
  const other = await threePlanes();
  write(other.folders.jp, { "data.csv": "5" });
  expect(await replayRecording(other.cluster.url, made)).toMatchObject({
    verdict: "diverged",
    first: { cause: "input" },
  });
  await other.cluster.close();
});

test("C145: where its planes give leave a recording has the inputs, and replays anywhere", async () => {
  const { cluster, session, folders } = await threePlanes({ inputs: true });
  const big = Array.from({ length: 900_000 }, (_, i) => 1_000_000 + i).join("\n");
  write(folders.us, { "data.csv": big });
  const made = await (async () => {
    await using _closed = cluster;
    const { main } = await session.load<Program>(fixture("volumes.ts"));
    await session.setRecording(true);
    await session.calc(main());
    return await session.getRecording({ capture: ["inputs"] });
  })();
  expect(verifyRecording(made.bytes).header.inputs.map(({ plane, parts }) => [plane, parts?.length])).toEqual([
    ["eu", undefined],
    ["jp", undefined],
    ["us", 2],
  ]);
  expect(await replayRecording({ workers: 2 }, made, { root: tempFolder() })).toMatchObject({ verdict: "equal" });
  // an input of one plane may be said to lie elsewhere
  const inputs = { "us:data/data.csv": join(folders.eu, "data.csv") };
  expect(await replayRecording({ workers: 1 }, made, { root: tempFolder(), inputs })).toMatchObject({
    verdict: "diverged",
    first: { cause: "input", input: "us:data/data.csv" },
  });
});

test("C144: the journal has volume and digest of what a job was dispatched with", async () => {
  const journal = join(tempFolder(), "journal");
  await using cluster = await disposableCluster({ threads: 0, root: tempFolder(), journal });
  await cluster.addSocket({ labels: { plane: "eu" }, volumes: { data: volumeOf(1, 3) } });
  await using client = await connect(cluster.url);
  const { volumes, data } = await client.load<Program>(fixture("volumes.ts"));
  expect(await client.calc(volumes.mean(data("eu")))).toBe(2);
  const lines = readFileSync(join(journal, "journal.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { inputs } = lines.find(({ method }) => method === "dispatchJobs").result;
  expect(inputs).toMatchObject([{ uri: "data/data.csv", plane: "eu", volume: "data", sha256: expect.any(String) }]);
});
