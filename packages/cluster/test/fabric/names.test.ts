import { expect, test } from "vitest";
import { addressOf, fabricAddress, MASTER_ADDRESS, Names } from "../../dist/fabric/names.js";
import { fabricText, readServers } from "../../dist/fabric/options.js";
import { checkFabricTrust } from "../../dist/fabric/seat.js";
import { BadOptionError, TokenNeededError } from "../../dist/index.js";

test("C110: addresses of a fabric: one server or several, with a user, with TLS", () => {
  expect(readServers("nats://a")).toEqual({ hosts: ["a:4222"], secure: false });
  expect(readServers("nats://a:1, nats://b:2")).toEqual({ hosts: ["a:1", "b:2"], secure: false });
  expect(readServers(["tls://me:p%40ss@a", "tls://b"])).toEqual({
    hosts: ["a:4222", "b:4222"],
    user: "me",
    pass: "p@ss",
    secure: true,
  });
});

test.each(["", "a:4222", "http://me:planted@a", "nats://", "nats://a,", "nats://me:planted@", "ws://me:planted@a:1"])(
  "C110: %j is no address of a fabric, and the error names no password",
  (servers) => {
    const read = () => readServers(servers);
    expect(read).toThrow(BadOptionError);
    expect(read).toThrow(/use nats:\/\/host:4222/);
    expect(read).not.toThrow(/planted/);
  },
);

test("C110: what is said of a fabric has its servers and no user", () => {
  expect(fabricText({ servers: "nats://me:planted@a,nats://b:2", cluster: "x" })).toBe(
    "nats://a:4222,nats://b:2 (cluster x)",
  );
});

test("C110: beyond loopback a fabric needs credentials or a token; an error names no password", () => {
  const open = { servers: "nats://127.0.0.1,nats://10.0.0.7:4223" };
  expect(() => checkFabricTrust(open, false)).toThrow(TokenNeededError);
  expect(() => checkFabricTrust(open, false)).toThrow("10.0.0.7:4223");
  expect(() => checkFabricTrust({ servers: "nats://localhost,nats://[::1]:4222" }, false)).not.toThrow();
  for (const trusted of [
    { servers: "nats://me:p@10.0.0.7" },
    { ...open, credsFile: "x" },
    { ...open, tls: { cert: "x" } },
  ])
    expect(() => checkFabricTrust(trusted, false)).not.toThrow();
  expect(() => checkFabricTrust(open, true)).not.toThrow();
});

test("C110: a cluster's name is a word of subjects, streams and buckets", () => {
  for (const bad of ["", "a.b", "a b", "a*", ">", "x".repeat(33)]) expect(() => new Names(bad)).toThrow(BadOptionError);
  const names = new Names("fraud-1");
  expect(names.door("e")).toBe("graphvm.fraud-1.hub.door.e");
  expect(names.link("l", "a", "eu.west")).toBe("graphvm.fraud-1.plane.eu%2Ewest.link.l.a");
  expect(names.jobs("w", {})).toBe("graphvm.fraud-1.jobs._._.w");
});

test("C110: an address names a plane and an endpoint, and nothing else is one", () => {
  expect(fabricAddress(addressOf("e1", "eu"))).toEqual({ plane: "eu", endpoint: "e1" });
  expect(fabricAddress(addressOf("e1", undefined))).toEqual({ plane: undefined, endpoint: "e1" });
  expect(fabricAddress(MASTER_ADDRESS)).toEqual({ plane: undefined, endpoint: "master" });
  for (const bad of [
    "fabric://eu/e1/more",
    "fabric://eu/",
    "fabric:///e1",
    "fabric://a b/e",
    "fabric://eu/e.>",
    "ws://a",
  ])
    expect(fabricAddress(bad)).toBeUndefined();
});
