import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { connect, connectWorker, startMaster } from "@graphvm/cluster";
import { numericsDigest } from "@graphvm/engine";
import { disposableCluster, expectNoLeaks, openResources } from "@graphvm/testing";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { PROTOCOL_VERSION, VERSION } from "../dist/protocol.js";
import { Peer } from "../dist/rpc/peer.js";
import { dial } from "../dist/transport/dial.js";
import { failureOf, fixture, go, started, tempFolder, until } from "./helpers.js";

type Numbers = typeof import("./fixtures/numbers.js");
const token = "a-long-secret-token";

test("C6: an address beyond loopback needs a token, for masters and workers", async () => {
  const before = openResources();
  expect(await failureOf(startMaster({ port: 0, host: "0.0.0.0" }))).toMatchObject({ code: "GVM3206", exitCode: 2 });
  await using cluster = await disposableCluster();
  expect(await failureOf(connectWorker({ master: cluster.url, host: "0.0.0.0" }))).toMatchObject({ code: "GVM3206" });
  await cluster.close();
  await expectNoLeaks(before);
});

test("C6: a wrong token and none at all are refused, for clients and workers, on every path", async () => {
  await using cluster = await disposableCluster({ token, sockets: 1 });
  for (const wrong of [undefined, "", "a-long-secret-toke", `${token}x`]) {
    const shown = wrong === undefined ? {} : { token: wrong };
    expect(await failureOf(connect(cluster.url, shown))).toMatchObject({ code: "GVM3203" });
    expect(await failureOf(connectWorker({ master: cluster.url, ...shown }))).toMatchObject({ code: "GVM3203" });
    expect(await failureOf(dial(`${cluster.url}/data`, { token: wrong }))).toMatchObject({ code: "GVM3203" });
  }
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  expect(await cluster.session.calc(numbers.diamond(1))).toBeTypeOf("number");
});

test("C6: browsers are refused, token or not; so are unknown paths and plain HTTP", async () => {
  await using cluster = await disposableCluster({ token });
  const status = async (path: string, headers: Record<string, string>): Promise<number> => {
    const socket = new WebSocket(`${cluster.url}${path}`, { headers });
    socket.on("error", () => {});
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
    socket.terminate();
    return response.statusCode;
  };
  const authorization = `Bearer ${token}`;
  expect(await status("/", { authorization, origin: "http://127.0.0.1" })).toBe(403);
  expect(await status("/", {})).toBe(401);
  expect(await status("/elsewhere", { authorization })).toBe(404);
  expect(await status("/constructor", { authorization })).toBe(404);
  const response = await fetch(cluster.url.replace("ws:", "http:"), { headers: { connection: "close" } });
  expect(response.status).toBe(426);
});

test("C6: a worker of another version, protocol or numerics is refused and says why", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const good = { protocol: PROTOCOL_VERSION, version: VERSION, numerics: numericsDigest(), host: "", node: "v1" };
  for (const wrong of [{ version: "0.0.0" }, { protocol: 99 }, { numerics: "other" }]) {
    const peer = new Peer(await dial(`${cluster.url}/worker`), {}, "master");
    const error = await failureOf(peer.call("join", { ...good, ...wrong }));
    expect(error).toMatchObject({ code: "GVM3203" });
    peer.close();
  }
  expect((await cluster.session.status()).workers).toHaveLength(1);
});

test("C6: a link joins as one worker only", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const peer = new Peer(await dial(`${cluster.url}/worker`), {}, "master");
  const hello = {
    protocol: PROTOCOL_VERSION,
    version: VERSION,
    numerics: numericsDigest(),
    host: "ws://x",
    node: "v1",
  };
  const [first, second] = await Promise.all([failureOf(peer.call("join", hello)), failureOf(peer.call("join", hello))]);
  // the first fails because this peer answers nothing; the second is not even tried
  expect(first).toMatchObject({ code: "GVM3204" });
  expect(second).toMatchObject({ code: "GVM3203" });
  peer.close();
  for (const host of ["", "http://elsewhere", "ws://a/b"]) {
    const other = new Peer(await dial(`${cluster.url}/worker`), {}, "master");
    expect(await failureOf(other.call("join", { ...hello, host }))).toHaveProperty("code");
    other.close();
  }
});

test("C6: a client of another protocol is refused", async () => {
  await using cluster = await disposableCluster();
  const peer = new Peer(await dial(cluster.url), {}, "master");
  expect(await failureOf(peer.call("hello", { protocol: 99, version: "9" }))).toMatchObject({ code: "GVM3203" });
  peer.close();
});

test("C6: nobody there, no address, and a port in use are clear errors", async () => {
  expect(await failureOf(connect("ws://127.0.0.1:9"))).toMatchObject({ code: "GVM3202" });
  expect(await failureOf(connect("not an address"))).toMatchObject({ code: "GVM3202" });
  await using cluster = await disposableCluster();
  const port = Number(new URL(cluster.url).port);
  expect(await failureOf(startMaster({ port, workers: 1 }))).toMatchObject({ code: "GVM3205", fields: { port } });
});

test("C8: calls with bad params, unknown calls and bare garbage leave the master as it was", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const value = await session.calc(numbers.diamond(1));
  const refs = { refs: [["numbers", "diamond", [1]]], roots: [0] };
  const bad: [string, unknown][] = [
    ["jobDeps", {}],
    ["jobDeps", { refs, cut: "numbers.left", noCopy: [] }],
    ["jobDeps", { refs: { refs: [], roots: [5] }, cut: [], noCopy: [] }],
    ["jobDeps", { refs: { refs: [["numbers", "__proto__", []]], roots: [0] }, cut: [], noCopy: [] }],
    ["jobDeps", { refs, cut: ["numbers"], noCopy: [] }],
    ["jobDeps", { refs, cut: ["numbers.none"], noCopy: [] }],
    ["getData", { refs: { refs: [], roots: [] } }],
    ["load", { program: { name: "x", hash: "0".repeat(64), code: "export const a = 1;" } }],
    ["load", { program: { name: "x", hash: "zz", code: "" } }],
    ["wait", { more: 1 }],
    ["setRecording", { on: "yes" }],
    ["graph", { fold: 0 }],
    ["__proto__", {}],
    ["nothing", {}],
    ["restart", { seed: 0, epoch: 0, roots: [], inputs: {} }],
  ];
  for (const [method, params] of bad) {
    const error = await failureOf(session.replayCall(method, params));
    expect(error).toHaveProperty("code", expect.stringMatching(/^GVM[0-9]+$/));
  }
  const port = Number(new URL(cluster.url).port);
  for (const bytes of ["GET / HTTP/1.1\r\n\r\n", "\0\u0001\u0002 garbage\r\n\r\n"]) {
    const socket = connectTcp(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.end(bytes);
    await once(socket, "close");
  }
  const rude = await dial(cluster.url);
  rude.send({ hello: "there" });
  await new Promise((resolve) => rude.onClose(resolve));
  expect(await session.getData(numbers.diamond(1))).toBe(value);
});

test("C7: endCluster leaves no thread, socket, timer, process or folder behind, whatever still runs", async () => {
  const home = tempFolder();
  const folder = tempFolder();
  const { TMPDIR } = process.env;
  process.env.TMPDIR = home;
  const before = openResources();
  try {
    const cluster = await disposableCluster({ threads: 2, sockets: 1, processes: 1, leaveJobs: true });
    const { session } = cluster;
    const { faults } = await session.load<typeof import("./fixtures/faults.js")>(fixture("faults.ts"));
    await session.dispatchJobs(await session.jobDeps(["a", "b", "c", "d"].map((name) => faults.blocked(folder, name))));
    for (const name of ["a", "b", "c", "d"]) await started(folder, name);
    const waiting = failureOf(session.wait());
    await session.endCluster();
    await cluster.master.closed;
    expect(await waiting).toMatchObject({ code: "GVM3201" });
    expect(await cluster.sockets[0]!.over).toBeUndefined();
    await cluster.processes[0]!.over();
    await expectNoLeaks(before);
    await until("no folder is left", () => left(home).length === 0);
    await cluster.end();
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    go(folder);
  }
});

/** What lies in a folder for temporary files, but for this process's own programs. */
function left(home: string): string[] {
  return readdirSync(home).flatMap((name) => {
    if (!name.startsWith("graphvm-programs-")) return [name];
    return readdirSync(`${home}/${name}`).filter((inner) => inner.startsWith("thread-"));
  });
}

test("C7: a master that can't start leaves nothing, and closing twice is closing once", async () => {
  const before = openResources();
  const folder = tempFolder();
  const journal = `${folder}/journal`;
  await using cluster = await disposableCluster();
  const port = Number(new URL(cluster.url).port);
  await failureOf(startMaster({ port, journal }));
  await Promise.all([cluster.master.close(), cluster.master.close()]);
  await cluster.close();
  await expectNoLeaks(before);
  expect(existsSync(journal)).toBe(true);
});
