import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { VirtualClock } from "@graphvm/testing";
import { expect, test } from "vitest";
import { Bucket } from "../../dist/transport/bucket.js";
import { Doorkeeper, networkOf } from "../../dist/transport/doorkeeper.js";
import { allLimits, checkHeartbeat } from "../../dist/transport/limits.js";

let port = 0;
/** A connection from an address, as far as it matters here. */
function connection(remoteAddress: string): Socket & { readonly destroyed: boolean; close(): void } {
  const socket = Object.assign(new EventEmitter(), { remoteAddress, remotePort: port++, destroyed: false });
  return Object.assign(socket, {
    destroy: () => Object.assign(socket, { destroyed: true }),
    close: () => socket.emit("close"),
  }) as never;
}

test("C65: a bucket gives its size at once and then so many a second, and says how long to rest", () => {
  const bucket = new Bucket(3, 2, 10);
  expect([bucket.take(10), bucket.take(10), bucket.take(10)]).toEqual([0, 0, 0]);
  expect(bucket.empty(10)).toBe(true);
  expect(bucket.take(10)).toBe(0.5);
  expect(bucket.empty(10.5)).toBe(true);
  expect(bucket.empty(11)).toBe(false);
  expect(bucket.full(100)).toBe(true);
});

test("C65: connections are counted by address and together; too many are answered, far too many closed", () => {
  const keeper = new Doorkeeper(allLimits({ connections: 4, connectionsPerAddress: 2 }), new VirtualClock());
  const enter = (address: string) => {
    const socket = connection(address);
    keeper.enter(socket);
    return socket;
  };
  const first = enter("10.0.0.1");
  enter("10.0.0.1");
  expect(keeper.tooMany(enter("10.0.0.1"))).toBe(true);
  expect(keeper.tooMany(enter("10.0.0.2"))).toBe(false);
  expect(keeper.tooMany(enter("10.0.0.3"))).toBe(true);
  const later = Array.from({ length: 40 }, () => enter("10.0.0.1"));
  expect(later.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(20);
  for (const socket of [first, ...later]) if (!socket.destroyed) socket.close();
  expect(keeper.tooMany(enter("10.0.0.4"))).toBe(true); // four of the ten are still there
  const empty = new Doorkeeper(allLimits({ connections: 1 }), new VirtualClock());
  for (let i = 0; i < 50; i++) {
    const socket = connection("10.0.0.1");
    empty.enter(socket);
    expect(empty.tooMany(socket)).toBe(false);
    socket.close();
  }
});

test("C65: after too many wrong tokens an address is not listened to, for as long as it takes", () => {
  const clock = new VirtualClock();
  const keeper = new Doorkeeper(allLimits({ wrongTokensPerMinute: 3 }), clock);
  for (let i = 0; i < 3; i++) {
    expect(keeper.suspicious("10.0.0.1")).toBe(false);
    keeper.wrongToken("10.0.0.1");
  }
  expect(keeper.suspicious("10.0.0.1")).toBe(true);
  expect(keeper.suspicious("10.0.0.2")).toBe(false);
  clock.advance(21);
  expect(keeper.suspicious("10.0.0.1")).toBe(false);
});

test("C65: who fails from ever new addresses fills no memory", () => {
  const keeper = new Doorkeeper(allLimits({ wrongTokensPerMinute: 1 }), new VirtualClock());
  for (let i = 0; i < 25_000; i++) keeper.wrongToken(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  expect(keeper.suspicious("10.0.0.0")).toBe(false); // forgotten
  expect(keeper.suspicious("10.0.97.167")).toBe(true); // the last one
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::9", "2001:db8:1:2"],
  ["2001:db8::9", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  [undefined, ""],
])("C65: %s counts as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, "5" as never])(
  "C65: %s is no limit and no heartbeat",
  (value) => {
    expect(() => allLimits({ connections: value })).toThrow(/limits.connections/);
    expect(() => checkHeartbeat({ every: value })).toThrow(/heartbeat.every/);
    expect(() => checkHeartbeat({ deadAfter: value })).toThrow(/heartbeat.deadAfter/);
    expect(() => allLimits({ what: 1 } as never)).toThrow(/limits.what/);
    expect(() => checkHeartbeat({ every: 5, deadAfter: 4 })).toThrow(/heartbeat.deadAfter/);
  },
);
