import { ConnectionLostError } from "@graphvm/cluster";
import { numericsDigest } from "@graphvm/engine";
import { gatedTransport, VirtualClock } from "@graphvm/testing";
import * as v from "valibot";
import { expect, test, vi } from "vitest";
import { JobRunner } from "../../dist/master/job-runner.js";
import { type SessionSetup, WorkerPool } from "../../dist/master/worker-pool.js";
import { PROTOCOL_VERSION, VERSION } from "../../dist/protocol.js";
import { type Methods, method, Peer } from "../../dist/rpc/peer.js";
import { DataClient } from "../../dist/store/data-client.js";
import { ObjectStore } from "../../dist/store/object-store.js";
import { memoryLink } from "../../dist/transport/memory.js";
import type { Transport } from "../../dist/transport/transport.js";
import { failureOf } from "../helpers.js";

const HELLO = { protocol: PROTOCOL_VERSION, version: VERSION, numerics: numericsDigest(), host: "", node: "v1" };
const program = (name: string) => ({ name, hash: "0".repeat(64), code: "" });
const any = v.looseObject({});

/** Long enough for all that is on its way between threads of one process. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A pool with a runner, and workers that are nothing but their answers. */
function master(programs: SessionSetup["programs"] = [], clock?: VirtualClock) {
  const state = { setup: { session: { session: "s", graph: 0, seed: 0, epoch: 0 }, programs } as SessionSetup };
  const left: (string | undefined)[] = [];
  const pool = new WorkerPool(
    () => state.setup,
    {
      joined: (worker, { host }, { held }) => runner.handle({ kind: "workerJoined", worker, host, held }),
      brought: (worker, host, held) => runner.handle({ kind: "brought", worker, host, held }),
      leaving: (worker) => runner.handle({ kind: "leaving", worker }),
      left: (worker, hostLost, reason, orderly) => {
        left.push(reason);
        runner.handle({ kind: "workerLeft", worker, hostLost, orderly });
      },
    },
    clock,
  );
  const runner = new JobRunner(pool, new ObjectStore(), new DataClient(), 30);
  /** Joins a worker that notes what it is told; `wrap` may tamper with its link. */
  const worker = (methods: Methods = {}, wrap: (link: Transport) => Transport = (link) => link) => {
    const [near, far] = memoryLink();
    pool.accept(near, true);
    const told: string[] = [];
    const note = (name: string) =>
      method(any, (params) => void told.push(`${name} ${"name" in params ? params.name : ""}`.trim()));
    const own = { clear: note("clear"), configure: note("configure"), load: note("load"), ...methods };
    const peer = new Peer(wrap(far), own, "master");
    return { peer, told, join: () => peer.call<{ id: string }>("join", HELLO) };
  };
  return { pool, runner, state, left, worker };
}

const planned = (id: string, inputs: string[] = []) => ({
  job: { id, rule: "t.job", inputs, noCopy: false, refs: "", label: id, files: [], nodes: 1 },
  files: [],
});
const A = "a".repeat(32);

test("C43: a worker that joins is told session and programs in their order, and what was loaded meanwhile", async () => {
  const { pool, state, worker } = master([program("one"), program("two")]);
  let gate: ReturnType<typeof gatedTransport> | undefined;
  const late = worker({}, (link) => {
    gate = gatedTransport(link);
    return gate;
  });
  const joined = late.join();
  gate!.release(1); // the join itself
  while (gate!.waiting === 0) await Promise.resolve(); // it has answered, and the answer waits
  state.setup = { ...state.setup, programs: [...state.setup.programs, program("three")] };
  await pool.broadcast("load", program("three")); // it is no worker yet: this does not reach it
  gate!.release();
  expect(await joined).toEqual({ id: "w1" });
  const whole = ["clear", "configure", "load one", "load two"];
  expect(late.told).toEqual([...whole, ...whole, "load three"]);
});

test("C43: a worker that can't load the session's programs does not become a worker", async () => {
  const { pool, worker } = master([program("one")]);
  const fails = method(any, () => {
    throw new TypeError("not on this machine");
  });
  expect(await failureOf(worker({ load: fails }).join())).toMatchObject({ name: "TypeError" });
  expect(pool.size).toBe(0);
});

test("C43: telling all workers waits for each of them, then gives the first failure; lost ones do not count", async () => {
  const { pool, worker } = master();
  let finished = false;
  const slow = worker({
    load: method(any, async () => {
      await turns();
      finished = true;
    }),
  });
  const bad = worker({
    load: method(any, () => {
      throw new TypeError("no");
    }),
  });
  const gone = worker();
  for (const each of [bad, slow, gone]) await each.join();
  gone.peer.close();
  expect(await failureOf(pool.broadcast("load", program("x")))).toMatchObject({ message: "no" });
  expect(finished).toBe(true);
});

test.each([
  { graph: 0, digest: "d".repeat(64) },
  { graph: 7, digest: undefined },
])(
  "C19: what a worker says it has while it comes back counts, unless it is of a graph that is gone ($graph)",
  async ({ graph, digest }) => {
    const { runner, worker } = master();
    const late = worker();
    runner.submit([planned(A)]);
    const back = { worker: "w1", session: "s", graph, programs: [], held: [] };
    const joined = late.peer.call("join", { ...HELLO, back });
    late.peer.emit("held", [{ job: A, digest: "d".repeat(64), size: 1 }]);
    await joined;
    expect(runner.job(A)!.digest).toBe(digest);
  },
);

test("C11: a worker that says why it dies is quoted", async () => {
  const { left, worker } = master();
  const dying = worker();
  await dying.join();
  dying.peer.emit("died", { error: { message: "out of memory" } });
  dying.peer.emit("died", { nonsense: 1 });
  dying.peer.close();
  await Promise.resolve();
  await Promise.resolve();
  expect(left).toEqual(["out of memory"]);
});

test("C11: a connection that a job loses is that job's error; it does not wait for ever", async () => {
  const { runner, worker } = master();
  const lost = method(any, () => {
    throw new ConnectionLostError("The connection to the data was lost.", {});
  });
  await worker({ run: lost }).join();
  runner.submit([planned(A)]);
  expect(await failureOf(runner.settled())).toMatchObject({ code: "GVM3201" });
  expect(runner.progress()).toEqual({ total: 1, running: 0, done: 0, failed: 1, waiting: 0 });
});

test("C4: a worker whose link breaks while it runs a job gives the job back", async () => {
  const { runner, worker } = master();
  const silent = worker({ run: method(any, () => new Promise(() => {})) });
  await silent.join();
  runner.submit([planned(A)]);
  const good = worker({ run: method(any, () => ({ digest: "d".repeat(64), size: 1, seconds: 0 })) });
  await good.join();
  silent.peer.close();
  await runner.settled();
  expect(runner.jobs().map(({ state }) => [state.state, state.worker])).toEqual([["done", "w2"]]);
});

test("C5: waiting ends with an error when the graph is emptied or the master ends, and news of old jobs are dropped", async () => {
  const { runner, worker } = master();
  let finish: (answer: unknown) => void = () => {};
  await worker({ run: method(any, () => new Promise((resolve) => (finish = resolve))) }).join();
  runner.submit([planned(A)]);
  await Promise.resolve();
  const waiting = failureOf(runner.settled());
  runner.reset(1);
  expect(await waiting).toMatchObject({ code: "GVM3503" });
  finish({ digest: "0".repeat(64), size: 1, seconds: 0 });
  runner.submit([planned(A)]);
  await turns();
  expect(runner.job(A)).toMatchObject({ state: "running", digest: undefined });
  const ended = failureOf(runner.settled());
  runner.close();
  expect(await ended).toMatchObject({ code: "GVM3201" });
});

test("C10: a bug in the scheduler reaches whoever waits, and does not end the process", async () => {
  const { runner, worker } = master();
  await worker({ run: method(any, () => new Promise(() => {})) }).join();
  runner.submit([planned(A)]);
  const waiting = failureOf(runner.settled());
  // no planner hands out a job whose input is none
  runner.handle({ kind: "submitted", jobs: [{ ...planned("b".repeat(32)).job, inputs: ["nowhere"] }] });
  expect(await waiting).toBeInstanceOf(TypeError);
});

test("C5: a value that comes for an emptied graph is not kept", async () => {
  const store = new ObjectStore();
  const { graph } = store;
  await store.put("a", Uint8Array.of(1), graph);
  expect(await store.load("a")).toEqual(Uint8Array.of(1));
  expect(store.bytes).toBe(1);
  store.clear();
  await store.put("a", Uint8Array.of(2), graph);
  expect(await store.load("a")).toBeUndefined();
  await store.put("a", Uint8Array.of(3));
  expect(await store.load("a")).toEqual(Uint8Array.of(3));
});

test("C59: a worker that leaves is let go once its job has ended; a job that crossed its word comes back", async () => {
  const { runner, worker, left } = master();
  const given: ((answer: object) => void)[] = [];
  const run = method(any, () => new Promise((resolve) => void given.push(resolve)));
  const leaves = worker({ run });
  expect((await failureOf(leaves.peer.call("leave", {}))).message).toContain("has not joined");
  await leaves.join();
  runner.submit([planned(A)]);
  await vi.waitFor(() => expect(runner.job(A)!.state).toBe("running"));
  const released = leaves.peer.call("leave", {});
  await vi.waitFor(() => expect(runner.workers()[0]!.state).toBe("draining"));
  given[0]!({ returned: true });
  await released;
  expect(runner.job(A)!.state).toBe("ready");
  leaves.peer.close();
  await vi.waitFor(() => expect(left).toEqual([undefined]));
  await worker({ run: method(any, () => ({ digest: "0".repeat(64), size: 1, seconds: 0 })) }).join();
  await runner.settled();
  expect(runner.job(A)!.killed).toEqual([]);
});

test("C16: a worker that does not get its thread stopped is sent away after a minute, and its job is not held up", async () => {
  const clock = new VirtualClock();
  const { pool, runner, worker, left } = master([], clock);
  let asked = 0;
  const never = (): Promise<never> => new Promise(() => void asked++);
  await worker({ run: method(any, never), stop: method(any, never) }).join();
  runner.submit([planned(A)]);
  await vi.waitFor(() => expect(asked).toBe(1));
  runner.cancel(true);
  await vi.waitFor(() => expect(asked).toBe(2));
  expect(runner.workers()[0]!.state).toBe("stopping");
  clock.advance(60);
  expect(left).toEqual(["its thread had not been stopped after 60 s"]);
  expect(pool.size).toBe(0);
  await worker({ run: method(any, () => ({ digest: "0".repeat(64), size: 1, seconds: 0 })) }).join();
  runner.submit([planned(A)]);
  await runner.settled();
});
