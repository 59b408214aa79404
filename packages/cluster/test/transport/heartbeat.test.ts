import { PeerSilentError } from "@graphvm/cluster";
import { VirtualClock } from "@graphvm/testing";
import { expect, onTestFinished, test } from "vitest";
import type { WebSocket } from "ws";
import { watchPeer } from "../../dist/transport/heartbeat.js";
import { until } from "../helpers.js";
import { openSocket } from "./links.js";

/** A watched server's side, and a client whose answers can be held back. */
async function watched(patience?: number) {
  const link = await openSocket();
  onTestFinished(link.release);
  const clock = new VirtualClock();
  watchPeer(link.served, { every: 5, deadAfter: 20, clock }, patience);
  const closed: (Error | undefined)[] = [];
  link.server.onClose((reason) => closed.push(reason));
  return { ...link, clock, closed };
}

/** The kernel keeps what arrives; nobody reads it. */
const hang = (socket: WebSocket): void => socket.pause();

const arrived = async (socket: WebSocket, event: "ping" | "pong", act: () => void): Promise<void> => {
  const came = new Promise((resolve) => socket.once(event, resolve));
  act();
  await came;
};

test("C23: a peer that answers pings is alive, however long it says nothing else", async () => {
  const { served, clock, closed } = await watched();
  for (let round = 0; round < 20; round++) await arrived(served, "pong", () => clock.advance(5));
  expect(closed).toEqual([]);
});

test("C23: a peer that gives no sign of life for 20 s is dead: the link ends, with the reason", async () => {
  const { client, clock, closed } = await watched();
  hang(client);
  clock.advance(24);
  expect(closed).toEqual([]);
  clock.advance(1);
  expect(closed).toEqual([expect.any(PeerSilentError)]);
  expect(closed[0]!.message).toContain("20 s");
  await until("the timer is gone", () => clock.timers === 0);
});

test("C23: any message is a sign of life", async () => {
  const { client, served, clock, closed } = await watched();
  hang(client);
  clock.advance(20);
  const came = new Promise((resolve) => served.once("message", resolve));
  client.send(Buffer.from([1, 0xc0]));
  await came;
  clock.advance(20);
  expect(closed).toEqual([]);
  clock.advance(5);
  expect(closed).toHaveLength(1);
});

test("C23: who may run a user's code has ten times as long", async () => {
  const { client, clock, closed } = await watched(10);
  hang(client);
  clock.advance(200);
  expect(closed).toEqual([]);
  clock.advance(5);
  expect(closed).toHaveLength(1);
});

test("C23: a process that itself stood still blames nobody: its timer rings once, not for all the time that passed", async () => {
  const { served, closed } = await watched();
  const rounds: (() => void)[] = [];
  const every = (_seconds: number, tick: () => void) => {
    rounds.push(tick);
    return () => {};
  };
  const clock = { now: () => 0, every, after: every };
  watchPeer(served, { every: 5, deadAfter: 20, clock });
  await arrived(served, "pong", () => rounds[0]!()); // an hour later
  expect(closed).toEqual([]);
});
