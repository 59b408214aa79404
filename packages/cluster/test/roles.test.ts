import { readdirSync, readFileSync } from "node:fs";
import { connect, connectWorker, RefusedError, startMaster } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { SESSION_CALLS } from "../dist/master/calls.js";
import { METHOD_ROLES } from "../dist/master/method-roles.js";
import { Peer } from "../dist/rpc/peer.js";
import { dial } from "../dist/transport/dial.js";
import { failureOf, fixture, tempFolder } from "./helpers.js";

type Numbers = typeof import("./fixtures/numbers.js");
const tokens = { operator: "operators-token", worker: "workers-token", auditor: "auditors-token" };
const roles = ["operator", "worker", "auditor"] as const;

test("C61: a role opens its own paths and no other", async () => {
  await using cluster = await disposableCluster({ tokens, sockets: 1 });
  const opens = { "/": ["operator", "auditor"], "/worker": ["worker"], "/data": ["worker"] };
  for (const [path, may] of Object.entries(opens)) {
    for (const role of roles) {
      const link = dial(`${cluster.url}${path}`, { token: tokens[role] });
      if (may.includes(role)) (await link).close();
      else expect(await failureOf(link)).toMatchObject({ code: "GVM3203", message: expect.stringContaining("role") });
    }
    for (const token of [undefined, "", "operators-toke", "operators-token1", "nobody's"])
      expect(await failureOf(dial(`${cluster.url}${path}`, { token }))).toMatchObject({
        code: "GVM3203",
        message: expect.stringContaining("wants another token"),
      });
  }
});

test("C61: a worker's own data listener knows the workers' token alone", async () => {
  await using cluster = await disposableCluster({ tokens, threads: 0, sockets: 2 });
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  expect(await cluster.session.calc(numbers.diamond(1), { cut: ["numbers.left", "numbers.right"] })).toBeTypeOf(
    "number",
  );
});

test("C61: one token is the operator's and the workers', unless these have their own", async () => {
  await using cluster = await disposableCluster({
    token: "one-token",
    tokens: { auditor: tokens.auditor },
    sockets: 1,
  });
  expect(cluster.session.role).toBe("operator");
  expect((await cluster.open(tokens.auditor)).role).toBe("auditor");
  await using other = await startMaster({ port: 0, token: "one-token", tokens: { worker: "workers-token" } });
  expect(await failureOf(connectWorker({ master: other.url, token: "one-token" }))).toBeInstanceOf(RefusedError);
  expect(await failureOf(connect(other.url, { token: "workers-token" }))).toBeInstanceOf(RefusedError);
});

test.each([
  [{ tokens: { auditor: "a" } }, "operator"],
  [{ tokens: { worker: "a" } }, "operator"],
  [{ token: "a", tokens: { auditor: "a" } }, "another one"],
  [{ token: "a", tokens: { worker: "b", auditor: "b" } }, "another one"],
  [{ token: "" }, "empty"],
])("C61: tokens that can't be meant are refused (%j)", async (options, says) => {
  const error = await failureOf(startMaster({ port: 0, ...options }));
  expect(error).toMatchObject({ code: "GVM3206", exitCode: 2, message: expect.stringContaining(says) });
});

test("C62: every call a session answers is in the table of roles", async () => {
  await using _cluster = await disposableCluster(); // a master whose calls are not all there does not take a client
  for (const name of Object.keys(SESSION_CALLS)) expect(METHOD_ROLES).toHaveProperty(name);
});

test("C62: an auditor sees what the operator sees, and changes nothing", async () => {
  const journal = `${tempFolder()}/journal`;
  await using cluster = await disposableCluster({ tokens, journal });
  const { session } = cluster;
  await session.setRecording(true);
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const value = await session.calc(numbers.diamond(1));
  const auditor = await cluster.open(tokens.auditor);
  const recorded = async () => (await session.status()).recording.calls;
  const before = await recorded();
  expect(await auditor.getData(numbers.diamond(1))).toBe(value);
  expect(await auditor.graphStats()).toEqual(await session.graphStats());
  expect((await auditor.graph()).picture.nodes.length).toBeGreaterThan(0);
  expect((await auditor.status()).jobs.done).toBeGreaterThan(0);
  expect((await auditor.getRecording()).calls).toBeGreaterThan(0);
  // the operator's own reading is part of the recording, and the graph that belongs to every recording
  expect((await recorded()) - before).toBeLessThanOrEqual(3);
  expect(readFileSync(`${journal}/journal.ndjson`, "utf8").match(/"method":"getData"/g)).toHaveLength(2);
});

test("C62: what an auditor may not call is refused by name before its params are looked at", async () => {
  await using cluster = await disposableCluster({ tokens });
  const link = new Peer(await dial(cluster.url, { token: tokens.auditor }), {}, "master");
  for (const [name, may] of Object.entries(METHOD_ROLES)) {
    if (may.includes("auditor")) continue;
    for (const params of [{}, null, { program: 1 }, { refs: { refs: [], roots: [] }, cut: [], noCopy: [] }]) {
      const error = await failureOf(link.call(name, params));
      expect(error).toMatchObject({ code: "GVM3203", fields: { role: "auditor", method: name } });
    }
  }
  link.close();
});

test("C62: an auditor's refs that hold source text are refused, and nothing evaluates it", async () => {
  await using cluster = await disposableCluster({ tokens });
  const { numbers } = await cluster.session.load<Numbers>(fixture("numbers.ts"));
  await cluster.session.calc(numbers.diamond(1));
  const link = new Peer(await dial(cluster.url, { token: tokens.auditor }), {}, "master");
  const folder = tempFolder();
  const evil = `process.getBuiltinModule("node:fs").writeFileSync(${JSON.stringify(`${folder}/was-here`)}, "")`;
  for (const param of [
    { $closed: [evil, []] },
    [[{ a: { $closed: [evil, []] } }]],
    { $object: [["x", { $closed: [evil, []] }]] },
    { $partial: ["numbers", "diamond", [{ $closed: [evil, []] }]] },
  ]) {
    const error = await failureOf(
      link.call("getData", { refs: { refs: [["numbers", "diamond", [param]]], roots: [0] } }),
    );
    expect(error).toMatchObject({ code: "GVM3203", message: expect.stringContaining("source text") });
  }
  expect(readdirSync(folder)).toEqual([]);
  link.close();
});

test("C63: tokens stand in no journal, recording or error", async () => {
  const journal = `${tempFolder()}/journal`;
  await using cluster = await disposableCluster({ tokens, journal });
  const { session } = cluster;
  await session.setRecording(true);
  const source = `export const all = ${JSON.stringify(Object.values(tokens))};`;
  await failureOf(session.replayCall("getData", { refs: { refs: [["n", "r", Object.values(tokens)]], roots: [0] } }));
  await session.remoteEval(source).catch(() => {});
  const text = readFileSync(`${journal}/journal.ndjson`, "utf8");
  for (const token of Object.values(tokens)) expect(text).not.toContain(token);
});
