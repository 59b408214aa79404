import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replayRecording, verifyRecording } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, tempFolder, until } from "./helpers.js";

type Planes = typeof import("./fixtures/planes.js");

/** A folder with 10,000 numbers in a file. */
function folderOf(start: number): string {
  const folder = tempFolder();
  writeFileSync(join(folder, "accounts.txt"), Array.from({ length: 10_000 }, (_, i) => start + i).join("\n"));
  return folder;
}

const sumOf = (start: number): number => 2 * (10_000 * start + (10_000 * 9_999) / 2);

/** A master without the files, and a worker in each plane that has its own of the same name. */
async function twoPlanes() {
  const cluster = await disposableCluster({ threads: 0, root: tempFolder() });
  const eu = await cluster.addSocket({ labels: { plane: "eu" }, root: folderOf(1) });
  const us = await cluster.addSocket({ labels: { plane: "us" }, root: folderOf(50_000) });
  const loaded = await cluster.session.load<Planes>(fixture("planes.ts"));
  return { cluster, session: cluster.session, eu, us, loaded };
}

test("C51 C53: a bound file is read by its plane's worker; only what is exported leaves, and is counted", async () => {
  const { cluster, session, eu, us, loaded } = await twoPlanes();
  await using _closed = cluster;
  await cluster.addSocket(); // stands in no plane: it gets the rest
  const { planes } = loaded;
  expect(await session.calc(loaded.main(), { cut: ["planes.read", "planes.doubled"] })).toBe(sumOf(1) + sumOf(50_000));
  const ran = Object.fromEntries(
    (await session.wait()).map(({ rule, worker, digest }) => [`${rule} ${digest}`, worker]),
  );
  expect(
    Object.entries(ran)
      .filter(([rule]) => rule.includes("planes.read"))
      .map(([, worker]) => worker)
      .sort(),
  ).toEqual([eu.id, us.id].sort());
  // two totals of a few bytes each, and nothing of the files
  await until("what was sent is known", async () => ((await session.status()).planes.eu?.left ?? 0) > 0);
  const { planes: traffic } = await session.status();
  expect(traffic.eu!.left + (traffic.us?.left ?? 0)).toBeLessThan(100);
  const metrics = await (await fetch(`${cluster.url.replace("ws:", "http:")}/metrics`)).text();
  expect(metrics).toContain(`graphvm_plane_left_bytes_total{plane="eu"} ${traffic.eu!.left}\n`);
  const error = await failureOf(session.getData(planes.doubled(loaded.eu("accounts.txt"))));
  expect(error).toMatchObject({ code: "GVM3603", message: expect.stringContaining("planes.doubled") });
  expect(await failureOf(session.getData(planes.read(loaded.us("accounts.txt"))))).toMatchObject({ code: "GVM3603" });
  expect(await session.getData(planes.total(loaded.eu("accounts.txt")))).toBe(sumOf(1));
});

test("C52: planes that meet are an error of jobDeps that names rule and values", async () => {
  const { cluster, session, loaded } = await twoPlanes();
  await using _closed = cluster;
  const { planes, eu, us } = loaded;
  const meet = await failureOf(session.jobDeps([planes.meets(eu("accounts.txt"), us("accounts.txt"))]));
  expect(meet).toMatchObject({ code: "GVM3601", message: expect.stringContaining("planes.meets") });
  expect(await failureOf(session.jobDeps([planes.elsewhere(eu("accounts.txt"))]))).toMatchObject({ code: "GVM3602" });
});

test("C54: a file that its plane's workers lack is an error before anything runs; the master does not look for it", async () => {
  await using cluster = await disposableCluster({ threads: 1, root: folderOf(1) });
  await cluster.addSocket({ labels: { plane: "eu" }, root: tempFolder() });
  const { planes, eu } = await cluster.session.load<Planes>(fixture("planes.ts"));
  const error = await failureOf(cluster.session.jobDeps([planes.total(eu("accounts.txt"))]));
  expect(error).toMatchObject({ code: "GVM1203" });
});

test("C55: jobs that need labels no worker has wait, and status says for which; they run when one comes", async () => {
  await using cluster = await disposableCluster({ threads: 1, labels: { tier: "large" } });
  const { session } = cluster;
  const { planes, eu } = await session.load<Planes>(fixture("planes.ts"));
  const waiting = session.calc(planes.after(1));
  const waitsFor = async (what: string): Promise<number> =>
    (await session.status()).waitingFor.find((each) => each.what === what)?.jobs ?? 0;
  await until("a job waits", async () => (await waitsFor("a worker with tier=small")) === 1);
  await cluster.addSocket({ labels: { tier: "small" } });
  expect(await waiting).toBe(12);
  expect((await session.status()).waitingFor).toEqual([]);
  // a bound file that nobody could look at when its job was dispatched
  const later = session.calc(planes.total(eu("accounts.txt")));
  await until("a job waits for the plane", async () => (await waitsFor("a worker with plane=eu")) === 1);
  await cluster.addSocket({ labels: { plane: "eu" }, root: folderOf(1) });
  expect(await later).toBe(sumOf(1));
});

test("C56: a recording names a bound file by digest and size, and replays without planes where the bytes are given", async () => {
  const { cluster, session, loaded } = await twoPlanes();
  await using _closed = cluster;
  const folder = folderOf(1);
  await session.setRecording(true);
  const total = loaded.planes.total(loaded.eu("accounts.txt"));
  expect(await session.calc(total)).toBe(sumOf(1));
  expect(await failureOf(session.getData(loaded.planes.doubled(loaded.eu("accounts.txt"))))).toMatchObject({
    code: "GVM3603",
  });
  const recording = await session.getRecording();
  const { header } = verifyRecording(recording.bytes);
  expect(header.inputs).toMatchObject([{ uri: "accounts.txt", size: expect.any(Number), sha256: expect.any(String) }]);
  expect(Buffer.from(recording.bytes).includes("\n9999\n")).toBe(false);
  const report = await replayRecording({ workers: 2 }, recording, { root: folder });
  expect(report).toMatchObject({ verdict: "equal" });
  const other = await replayRecording({ workers: 1 }, recording, { root: folderOf(2) });
  expect(other).toMatchObject({ verdict: "diverged", first: { cause: "input" } });
  expect(existsSync(join(folder, "accounts.txt"))).toBe(true);
});
