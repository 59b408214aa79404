import { BadMessageError, ConnectionLostError, JobKillsWorkersError } from "@graphvm/cluster";
import { GraphvmError } from "@graphvm/engine";
import { brokenTransport, countedTransport } from "@graphvm/testing";
import * as v from "valibot";
import { expect, test } from "vitest";
import { method, Peer } from "../dist/rpc/peer.js";
import { memoryLink } from "../dist/transport/memory.js";
import type { Message } from "../dist/transport/transport.js";
import { failureOf } from "./helpers.js";

const methods = {
  double: method(v.strictObject({ n: v.number() }), ({ n }) => n * 2),
  late: method(v.object({}), async () => "late"),
  never: method(v.object({}), () => new Promise(() => {})),
  fails: method(v.object({}), () => {
    const cause = new RangeError("the reason");
    throw new JobKillsWorkersError("it did", { job: "j1", workers: ["w1"] }, { cause });
  }),
  unsendable: method(v.object({}), () => {
    throw new GraphvmError("it holds a function", { f: () => {} });
  }),
};

function pair() {
  const [a, b] = memoryLink();
  return { client: new Peer(a, {}, "server"), server: new Peer(b, methods, "client"), a, b };
}

/** A bare link to a peer: sends what no peer would. */
function stranger() {
  const [own, other] = memoryLink();
  const peer = new Peer(other, methods, "stranger");
  const received: Message[] = [];
  own.onMessage((message) => received.push(message));
  const over = new Promise<void>((resolve) => own.onClose(() => resolve()));
  return { own, peer, received, over };
}

test("C22: a call is answered, by a plain method or an async one", async () => {
  const { client } = pair();
  expect(await client.call("double", { n: 4 })).toBe(8);
  expect(await client.call("late")).toBe("late");
});

test("C22: answers find their calls, whatever their order", async () => {
  const { client } = pair();
  const answers = await Promise.all([
    client.call("late"),
    client.call("double", { n: 1 }),
    client.call("double", { n: 2 }),
  ]);
  expect(answers).toEqual(["late", 2, 4]);
});

test.each([
  [{ n: "4" }, "n"],
  [{}, "n"],
  [{ n: 1, more: 2 }, "more"],
  [null, ""],
  [[1], "n"],
])("C22: params that are not of the method's form are refused (%j)", async (params, path) => {
  const error = await failureOf(pair().client.call("double", params));
  expect(error).toBeInstanceOf(BadMessageError);
  expect((error as BadMessageError).fields).toMatchObject({ method: "double", path });
});

test.each(["nothing", "__proto__", "constructor", "toString", "hasOwnProperty", ""])(
  "C22: %j is no method",
  async (name) => {
    const error = await failureOf(pair().client.call(name));
    expect(error).toBeInstanceOf(BadMessageError);
    expect(error.message).toContain("no call");
  },
);

test("C22: an error keeps class, code, fields, stack and cause", async () => {
  const error = await failureOf(pair().client.call("fails"));
  expect(error).toBeInstanceOf(JobKillsWorkersError);
  expect(error).toMatchObject({ code: "GVM3401", message: "it did", fields: { job: "j1", workers: ["w1"] } });
  expect(error.stack).toContain("peer.test");
  expect(error.cause).toMatchObject({ name: "RangeError", message: "the reason" });
});

test("C22: when the link closes, open calls fail and so do later ones", async () => {
  const { client, server } = pair();
  const open = [failureOf(client.call("never")), failureOf(client.call("never"))];
  server.close();
  for (const error of await Promise.all(open)) expect(error).toBeInstanceOf(ConnectionLostError);
  expect(await failureOf(client.call("double", { n: 1 }))).toBeInstanceOf(ConnectionLostError);
});

test("C22: a link that breaks in the middle of an answer fails the call with the other side's name", async () => {
  const [a, b] = memoryLink();
  const client = new Peer(a, {}, "far side");
  new Peer(brokenTransport(b, { dropAfter: 0, closeAfter: 1 }), methods, "client");
  const error = await failureOf(client.call("double", { n: 1 }));
  expect(error).toBeInstanceOf(ConnectionLostError);
  expect(error.message).toContain("far side");
});

test("C22: answers that nobody asked for, or that come twice, change nothing", async () => {
  const [a, b] = memoryLink();
  const client = new Peer(a, {}, "server");
  new Peer(brokenTransport(b, { copies: 3 }), methods, "client");
  b.send({ answer: 77, result: "stray" });
  b.send({ answer: 1, error: { code: "", name: "Error", message: "too early", fields: {} } });
  await Promise.resolve();
  expect(await client.call("double", { n: 1 })).toBe(2);
  expect(await client.call("double", { n: 2 })).toBe(4);
});

test.each<[string, Message]>([
  ["no known shape", { hello: 1 }],
  ["a call without an id", { method: "double", params: {} }],
  ["a method name of 65 characters", { call: 1, method: "x".repeat(65), params: {} }],
  ["an answer whose error is text", { answer: 1, error: "no" }],
  ["an error without a code", { answer: 1, error: { message: "no" } }],
  ["an error whose cause is null", { answer: 1, error: { code: "", name: "", message: "", fields: {}, cause: null } }],
  ["an error with fields that are none", { answer: 1, error: { code: "", name: "", message: "", fields: 5 } }],
])("C22: %s ends the link", async (_what, message) => {
  const { own, over, received } = stranger();
  own.send(message);
  await over;
  expect(received).toEqual([]);
});

test("C22: an error chain without end ends the link, not the process", async () => {
  const { own, over } = stranger();
  const error: Record<string, unknown> = { code: "", name: "Error", message: "round", fields: {} };
  error.cause = error;
  own.send({ answer: 1, error });
  await over;
});

test("C22: an error that can't travel travels without its fields", async () => {
  const [a, b] = memoryLink();
  const client = new Peer(a, {}, "server");
  const refuses = {
    ...countedTransport(b),
    send: (message: Message) => {
      structuredClone(message); // what a MessagePort does
      b.send(message);
    },
  };
  new Peer(refuses, methods, "client");
  expect(await failureOf(client.call("unsendable"))).toMatchObject({ code: "GVM1000", message: "it holds a function" });
});

test("C22: what can't be sent fails its own call", async () => {
  const [a, b] = memoryLink();
  const refuses = {
    ...countedTransport(a),
    send: (message: Message) => {
      structuredClone(message);
      a.send(message);
    },
  };
  const client = new Peer(refuses, {}, "server");
  new Peer(b, methods, "client");
  expect((await failureOf(client.call("double", { n: () => {} }))).name).toBe("DataCloneError");
  expect(await client.call("double", { n: 2 })).toBe(4);
});

test("C22: events reach their listener", async () => {
  const { client, server } = pair();
  const heard = new Promise((resolve) => client.on("progress", resolve));
  server.emit("other", 1);
  server.emit("progress", { done: 2 });
  expect(await heard).toEqual({ done: 2 });
});
