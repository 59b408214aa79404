import { VirtualClock } from "@graphvm/testing";
import * as v from "valibot";
import { expect, test } from "vitest";
import { method, Peer } from "../dist/rpc/peer.js";
import { memoryLink } from "../dist/transport/memory.js";
import { ComputeHost } from "../dist/worker/compute-host.js";

test("C16: a thread that can't be killed, inside native code, does not hold up the one that takes its place", async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  let threads = 0;
  const start: ConstructorParameters<typeof ComputeHost>[1] = () => {
    const [near, far] = memoryLink();
    const name = `thread ${++threads}`;
    new Peer(far, { configure: method(v.any(), () => void told.push(name)), run: method(v.any(), () => name) }, "host");
    return { transport: near, kill: () => new Promise<void>(() => {}) };
  };
  const compute = new ComputeHost(undefined, start, clock);
  await compute.configure({ seed: 1 });
  const restarting = compute.restart();
  clock.advance(5);
  await restarting;
  expect(told).toEqual(["thread 1", "thread 2"]);
  expect(await compute.call("run", {})).toBe("thread 2");
});

test("C16: what is called while another thread is started reaches that one once it knows what it needs", async () => {
  const told: string[] = [];
  let threads = 0;
  const start: ConstructorParameters<typeof ComputeHost>[1] = () => {
    const [near, far] = memoryLink();
    const thread = ++threads;
    const note = (name: string) => method(v.any(), () => void told.push(`${name} ${thread}`));
    new Peer(far, { configure: note("configure"), load: note("load"), run: note("run") }, "host");
    return { transport: near, kill: async () => near.close() };
  };
  const compute = new ComputeHost(undefined, start);
  await compute.configure({ seed: 1 });
  await compute.load({ name: "a", hash: "0".repeat(64), code: "" });
  const restarting = compute.restart();
  await Promise.all([compute.call("run", {}), restarting]);
  expect(told.slice(2)).toEqual(["configure 2", "load 2", "run 2"]);
});
