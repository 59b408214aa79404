import { once } from "node:events";
import { readdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect } from "@graphvm/cluster";
import { numericsDigest } from "@graphvm/engine";
import { disposableCluster } from "@graphvm/testing";
import * as v from "valibot";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { evaluateProgram } from "../dist/program/evaluate.js";
import { programFolder } from "../dist/program/program-folder.js";
import { PROTOCOL_VERSION, VERSION } from "../dist/protocol.js";
import { type Methods, method, Peer } from "../dist/rpc/peer.js";
import { dial } from "../dist/transport/dial.js";
import { socketTransport } from "../dist/transport/socket.js";
import { failureOf, fixture, until } from "./helpers.js";

type Numbers = typeof import("./fixtures/numbers.js");
const anything = v.unknown();
const hello = {
  protocol: PROTOCOL_VERSION,
  version: VERSION,
  numerics: numericsDigest(),
  host: "ws://127.0.0.1:1",
  node: "v1",
};
const HASH = "0".repeat(64);
const ID = "0".repeat(32);

/** A worker that joins, and answers `run` and `get` as it likes. */
async function liar(url: string, run: unknown): Promise<{ asked: () => number; over: Promise<unknown> }> {
  let asked = 0;
  const methods: Methods = {
    clear: method(anything, () => null),
    configure: method(anything, () => null),
    load: method(anything, () => null),
    run: method(anything, () => {
      asked++;
      return run;
    }),
  };
  const peer = new Peer(await dial(`${url}/worker`), methods, "master");
  await peer.call("join", hello);
  return { asked: () => asked, over: new Promise((resolve) => peer.onClose(resolve)) };
}

test.each([
  ["no answer at all", null],
  ["a digest of another length", { digest: "00", size: 1, seconds: 0 }],
  ["a size below nothing", { digest: HASH, size: -1, seconds: 0 }],
  ["a size without end", { digest: HASH, size: Number.POSITIVE_INFINITY, seconds: 0 }],
  ["a size that is no whole number", { digest: HASH, size: 0.5, seconds: 0 }],
  ["a time below nothing", { digest: HASH, size: 1, seconds: -1 }],
  ["missing inputs that are none", { missing: ["x"], host: "ws://127.0.0.1:1" }],
  ["missing inputs of another job", { missing: [ID], host: "ws://127.0.0.1:1" }],
  ["nothing missing", { missing: [], host: "ws://127.0.0.1:1" }],
  ["a list", [1, 2, 3]],
])("C67: a worker that answers with %s is sent away, and its job runs elsewhere", async (_what, answer) => {
  await using cluster = await disposableCluster({ threads: 0 });
  const lying = await liar(cluster.url, answer);
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  const value = cluster.session.calc(numbers.diamond(1));
  await until("the liar was asked", () => lying.asked() > 0);
  expect(await lying.over).toBeUndefined();
  await cluster.addSocket();
  expect(await value).toBeTypeOf("number");
  expect((await cluster.session.status()).workers).toHaveLength(1);
});

/** Something at an address that takes every link, and answers as it likes. */
async function falseMaster(answers: { readonly [method: string]: unknown }): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on("connection", (socket) => {
    const methods = Object.entries(answers).map(([name, answer]) => [name, method(anything, () => answer)]);
    new Peer(socketTransport(socket), Object.fromEntries(methods) as Methods, "client");
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("C67: a client believes nothing of a master that is not of the protocol's form", async () => {
  for (const answer of [
    null,
    {},
    { session: ID, seed: "0", epoch: 0, role: "operator" },
    { session: ID, seed: 0, epoch: 0, role: "king" },
  ]) {
    const error = await failureOf(connect(await falseMaster({ hello: answer })));
    expect(error).toMatchObject({ code: "GVM3211", fields: { method: "hello" } });
  }
  const plan = { jobs: [{ id: "../x", rule: "a.b", label: "", inputs: [], nodes: 1 }], nodes: 1, edges: 0 };
  const url = await falseMaster({
    hello: { session: ID, seed: 0, epoch: 0, role: "operator" },
    jobDeps: plan,
    wait: { jobs: [{ id: ID, digest: "x" }] },
    getData: { bytes: "no bytes", digest: HASH, id: ID },
    getRecording: { bytes: new Uint8Array(1), calls: -1 },
    explain: { id: ID, rule: "a.b", story: "once upon a time" },
  });
  await using session = await connect(url);
  for (const work of [session.jobDeps([]), session.wait(), session.getRecording(), session.explain("a.b")])
    expect(await failureOf(work)).toMatchObject({ code: "GVM3211" });
});

test("C67: a program's name leads out of no folder", async () => {
  const before = new Set(readdirSync(programFolder()));
  const { module } = await evaluateProgram({ name: "../../../../tmp/out", hash: HASH, code: "export const a = 1;" });
  expect(module.a).toBe(1);
  const [made] = readdirSync(programFolder()).filter((name) => !before.has(name));
  expect(readdirSync(`${programFolder()}/${made}`)).toEqual([".._.._.._.._tmp_out.mjs"]);
});

test("C67: files are asked for by digest alone, and the master gives those of its session", async () => {
  await using cluster = await disposableCluster();
  const peer = new Peer(await dial(`${cluster.url}/data`), {}, "master");
  for (const sha256 of ["../../etc/passwd", "/etc/passwd", "..", `${"a".repeat(63)}/`])
    expect(await failureOf(peer.call("file", { sha256, offset: 0 }))).toMatchObject({ code: "GVM3204" });
  expect(await failureOf(peer.call("file", { sha256: HASH, offset: 0 }))).toMatchObject({ code: "GVM3502" });
  peer.close();
});
