import { EventEmitter, once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect, connectWorker, startMaster } from "@graphvm/cluster";
import { disposableCluster, VirtualClock } from "@graphvm/testing";
import * as v from "valibot";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { method, Peer } from "../../dist/rpc/peer.js";
import { dial } from "../../dist/transport/dial.js";
import { FrameReader, KIND } from "../../dist/transport/frame-reader.js";
import { govern } from "../../dist/transport/govern.js";
import { allLimits } from "../../dist/transport/limits.js";
import { memoryLink } from "../../dist/transport/memory.js";
import { failureOf, until } from "../helpers.js";

const tokens = { operator: "operators-token", worker: "workers-token", auditor: "auditors-token" };
const portOf = (url: string): number => Number(new URL(url).port);

/** Sends bytes and gives back what came before the connection was closed by the other side. */
async function say(port: number, text: string): Promise<string> {
  const socket = connectTcp(port, "127.0.0.1");
  let heard = "";
  socket.on("data", (data) => {
    heard += data;
  });
  socket.on("error", () => {});
  socket.write(text);
  await once(socket, "close");
  return heard;
}

test("C65: who doesn't say who it is in time, byte by byte or not at all, is hung up on", async () => {
  await using cluster = await disposableCluster({ limits: { handshakeSeconds: 0.2 } });
  const port = portOf(cluster.url);
  for (const half of ["", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"])
    expect(await say(port, half)).toMatch(/^(HTTP\/1.1 408 .*)?/);
  expect(await say(port, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")).toMatch(
    /^HTTP\/1.1 4/,
  );
});

test("C65: a head of more than 8 KB is refused", async () => {
  await using cluster = await disposableCluster();
  const long = `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${"x".repeat(9000)}\r\n\r\n`;
  expect(await say(portOf(cluster.url), long)).toMatch(/^HTTP\/1.1 431 /);
});

test("C65: whoever was refused is hung up on, and need not close its own side", async () => {
  await using cluster = await disposableCluster({ tokens });
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  expect(await say(portOf(cluster.url), `GET / HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n\r\n`)).toMatch(/^HTTP\/1.1 401 /);
});

test("C65: more connections than there may be are refused, and those that are there stay", async () => {
  await using cluster = await disposableCluster({ limits: { connectionsPerAddress: 2 } });
  const second = await connect(cluster.url);
  const error = await failureOf(connect(cluster.url));
  expect(error).toMatchObject({ code: "GVM3203", message: expect.stringContaining("limits.connections") });
  await second.close();
  await until("there is room again", async () =>
    connect(cluster.url).then(
      (session) => session.close().then(() => true),
      () => false,
    ),
  );
  expect((await cluster.session.status()).workers).toHaveLength(1);
});

test("C65: after too many wrong tokens the right one is not looked at either, until time has passed", async () => {
  const clock = new VirtualClock();
  await using cluster = await disposableCluster({ tokens, clock, limits: { wrongTokensPerMinute: 5 } });
  for (let i = 0; i < 5; i++)
    expect(await failureOf(connect(cluster.url, { token: `guess-${i}` }))).toMatchObject({ code: "GVM3203" });
  const late = await failureOf(connect(cluster.url, { token: tokens.operator }));
  expect(late).toMatchObject({ code: "GVM3203", message: expect.stringContaining("too many wrong tokens") });
  expect(await failureOf(dial(`${cluster.url}/`))).toMatchObject({
    message: expect.stringContaining("wants another token"),
  });
  clock.advance(60);
  await (await connect(cluster.url, { token: tokens.operator })).close();
});

test("C65: an auditor's messages and requests for values are small ones", async () => {
  await using cluster = await disposableCluster({ tokens, limits: { requestBytes: 10_000 } });
  const large = { call: 1, method: "status", params: { x: "x".repeat(20_000) } };
  for (const [path, token] of [
    ["/", tokens.auditor],
    ["/data", tokens.worker],
  ] as const) {
    const link = await dial(`${cluster.url}${path}`, { token });
    const closed = new Promise((resolve) => link.onClose(resolve));
    link.send(large);
    expect(await closed).toBeInstanceOf(Error);
  }
  const operator = new Peer(await dial(cluster.url, { token: tokens.operator }), {}, "master");
  expect(await failureOf(operator.call("status", large.params))).toMatchObject({ code: "GVM3204" });
  operator.close();
});

test("C65: a frame larger than any of ours ends the link before it is kept", async () => {
  await using cluster = await disposableCluster();
  const socket = new WebSocket(cluster.url);
  await once(socket, "open");
  const closed = once(socket, "close");
  socket.on("error", () => {});
  socket.send(new Uint8Array(9 * 1024 * 1024));
  expect((await closed)[0]).toBe(1009);
});

test("C65: parts of a message count, however little they hold", () => {
  const reader = new FrameReader(100_000, () => {});
  const send = (): void => {
    for (let i = 0; i < 1000; i++) reader.take(Buffer.from([KIND.more]), true);
  };
  expect(send).toThrow(/more than 100000 bytes/);
});

test("C65: more open calls than there may be are refused, each by itself", async () => {
  const [a, b] = memoryLink();
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  new Peer(b, { wait: method(v.object({}), () => gate) }, "client", 3);
  const peer = new Peer(a, {}, "master");
  const calls = [1, 2, 3].map(() => peer.call("wait"));
  expect(await failureOf(peer.call("wait"))).toMatchObject({ code: "GVM3210", fields: { calls: 3 } });
  go();
  await Promise.all(calls);
  await peer.call("wait");
});

test("C65: who sends faster than it may is read more slowly, and loses nothing", async () => {
  const clock = new VirtualClock();
  await using cluster = await disposableCluster({ clock, limits: { messagesPerSecond: 20 } });
  const peer = new Peer(await dial(cluster.url), {}, "master");
  let answered = 0;
  // each is larger than what is read from a socket at once
  const params = { protocol: 1, version: "x".repeat(200_000) };
  const calls = Array.from({ length: 60 }, () =>
    peer.call("hello", params).then(() => {
      answered++;
    }),
  );
  await until("as many as it may send at once are answered", () => answered >= 20);
  expect(answered).toBeLessThan(40);
  await until("all are answered as time goes on", () => {
    clock.advance(0.1);
    return answered === 60;
  });
  await Promise.all(calls);
  peer.close();
});

test("C65: a peer that asks and never reads is not listened to until it has read", () => {
  const clock = new VirtualClock();
  const said: string[] = [];
  const socket = Object.assign(new EventEmitter(), {
    bufferedAmount: 0,
    pause: () => said.push("pause"),
    resume: () => said.push("resume"),
  });
  govern(socket as never, allLimits({ backlogBytes: 1000 }), clock);
  socket.emit("message");
  expect(said).toEqual([]);
  socket.bufferedAmount = 1001;
  socket.emit("message");
  socket.emit("ping");
  expect(new Set(said)).toEqual(new Set(["pause"]));
  clock.advance(1);
  expect(said).not.toContain("resume");
  socket.bufferedAmount = 1000;
  clock.advance(1);
  expect(said.at(-1)).toBe("resume");
  socket.bufferedAmount = 2000;
  socket.emit("message");
  socket.emit("close");
  expect(clock.timers).toBe(0);
});

test("C65: limits and heartbeats that mean nothing are refused before anything starts", async () => {
  expect(await failureOf(startMaster({ port: 0, limits: { connections: -1 } }))).toMatchObject({ code: "GVM3209" });
  expect(await failureOf(startMaster({ port: 0, heartbeat: { every: 0 } }))).toMatchObject({
    code: "GVM3209",
    exitCode: 2,
  });
  expect(await failureOf(connect("ws://127.0.0.1:9", { heartbeat: { every: Number.NaN } }))).toMatchObject({
    code: "GVM3209",
  });
  const master = "ws://127.0.0.1:9";
  expect(await failureOf(connectWorker({ master, limits: { openCalls: 0 } }))).toMatchObject({ code: "GVM3209" });
});
