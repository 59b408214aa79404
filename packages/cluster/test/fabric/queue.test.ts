import { setTimeout as pause } from "node:timers/promises";
import { natsServerOrSkip, startNats } from "@graphvm/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Connection } from "../../dist/fabric/connection.js";
import { readJobs, writeJobs } from "../../dist/fabric/job-batch.js";
import { natsLink } from "../../dist/fabric/link.js";
import { Names } from "../../dist/fabric/names.js";
import { directMark, OrderedInput } from "../../dist/fabric/ordered-input.js";
import { makeStores } from "../../dist/fabric/stores.js";
import { until } from "../helpers.js";

const program = await natsServerOrSkip();

test("C120: a job from the queue takes its place among what came over the link, whichever is first", () => {
  const seen: string[] = [];
  const input = new OrderedInput((frame, job) =>
    seen.push(`${Buffer.from(frame)}${job === undefined ? "" : `#${job}`}`),
  );
  input.frame(Buffer.from("a"));
  input.job(2, Buffer.from("two")); // before its mark
  input.mark(1);
  input.frame(Buffer.from("b"));
  input.mark(2);
  input.mark(3);
  input.frame(Buffer.from("c"));
  expect(seen).toEqual(["a"]);
  input.job(1, Buffer.from("one"));
  expect(seen).toEqual(["a", "one#1", "b", "two#2"]);
  input.job(1, Buffer.from("one")); // again
  input.mark(directMark(3)); // the queue took it not: it comes over the link
  input.frame(Buffer.from("three"));
  expect(seen.slice(4)).toEqual(["three#3", "c"]);
});

test("C120: jobs of one message are read as they were written, and anything else is refused", () => {
  const jobs = [
    { number: 1, frame: Buffer.from("one") },
    { number: 7, frame: Buffer.alloc(0) },
  ];
  expect(readJobs(writeJobs(jobs)).map(({ number, frame }) => [number, String(Buffer.from(frame))])).toEqual([
    [1, "one"],
    [7, ""],
  ]);
  for (const bad of [Buffer.from("x"), writeJobs(jobs).subarray(0, 10)])
    expect(() => readJobs(bad)).toThrow("protocol");
});

describe.skipIf(program === undefined)("a worker's queue on NATS", () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  let opened = 0;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  /** A master's and a worker's end of one link, and their queue. */
  async function ends(jobs: number) {
    const names = new Names(`q${++opened}`);
    const [master, worker] = [
      await Connection.open({ servers: nats.url }),
      await Connection.open({ servers: nats.url }),
    ];
    onTestFinished(async () => {
      await Promise.all([master.close(), worker.close()]);
    });
    await makeStores(master, names, { journal: 1_000_000, blobs: 1_000_000, jobs });
    const place = { stream: names.jobStream, subject: names.jobs("w", { plane: "eu" }) };
    const troubles: Error[] = [];
    const trouble = (error: Error): void => void troubles.push(error);
    const a = natsLink({ connection: master, own: "l.a", other: "l.d", queue: { end: "master", ...place, trouble } });
    const b = natsLink({ connection: worker, own: "l.d", other: "l.a", queue: { end: "worker", ...place } });
    onTestFinished(() => {
      a.close();
      b.close();
    });
    const stored = async () => (await master.manager.streams.info(names.jobStream)).state;
    return { master, a, b, place, troubles, stored };
  }

  const taken = (link: { onMessage(listener: (message: { readonly [key: string]: unknown }) => void): void }) => {
    const got: unknown[] = [];
    link.onMessage(({ call }) => got.push(call));
    return got;
  };

  test("C120: jobs go through the queue and keep their places; an answer takes them out of it", async () => {
    const { a, b, stored } = await ends(1000);
    const got = taken(b);
    for (let call = 0; call < 300; call++) {
      a.send({ call, method: call % 3 === 0 ? "run" : "other", text: "x".repeat(call) });
      if (call % 50 === 0) await pause(1);
    }
    await until("all have come", () => got.length === 300);
    expect(got).toEqual(Array.from({ length: 300 }, (_, i) => i));
    const before = await stored();
    expect(before.messages).toBeGreaterThan(0);
    for (let call = 0; call < 300; call++) b.send({ answer: call, result: null });
    await until("the queue is empty", async () => (await stored()).messages === 0);
  });

  test("C121: a job that is delivered again is known by its number, and runs once", async () => {
    const { master, a, b, place, stored } = await ends(1000);
    const got = taken(b);
    a.send({ call: 1, method: "run" });
    await until("it has come", () => got.length === 1);
    const message = await master.manager.streams.getMessage(place.stream, { seq: 1 });
    await master.jetstream.publish(place.subject, message!.data);
    a.send({ call: 2, method: "other" });
    await until("the next has come", () => got.length === 2);
    await pause(100);
    expect(got).toEqual([1, 2]);
    expect((await stored()).messages).toBe(2); // nobody has answered
    b.send({ answer: 1, result: null });
    // the first is left to its lease, or to the end of its link
    await until("what came again is acknowledged", async () => (await stored()).messages === 1);
    a.close();
    await until("the queue is empty", async () => (await stored()).messages === 0);
  });

  test("C121: a job that its queue loses is asked for over the link", async () => {
    const { master, a, b, place, stored } = await ends(1000);
    const got = taken(b);
    a.send({ call: 1, method: "run" });
    await until("it has come", () => got.length === 1);
    await master.manager.streams.update(place.stream, { subjects: ["elsewhere.>"] }); // what is published now nobody stores
    a.send({ call: 2, method: "run" });
    a.send({ call: 3, method: "other" });
    await until("both have come", () => got.length === 3);
    expect(got).toEqual([1, 2, 3]);
    expect((await stored()).last_seq).toBe(1);
  });

  test("C122: a queue that is full stops no job: it goes over the link, and the master says so", async () => {
    const { a, b, troubles, stored } = await ends(3);
    const got = taken(b);
    for (let call = 0; call < 8; call++) {
      a.send({ call, method: "run" });
      await pause(20); // each a message of its own
    }
    await until("all have come", () => got.length === 8);
    expect(got).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(troubles[0]?.message).toMatch(/maximum messages/);
    expect((await stored()).messages).toBe(3);
  });

  /** A connection over which consumers are made late, after so many attempts that fail. */
  function electing(connection: Connection, errors: Error[], wait: number): Connection {
    const consumers = {
      add: async (...args: Parameters<Connection["manager"]["consumers"]["add"]>) => {
        await pause(wait);
        const error = errors.shift();
        if (error) throw error;
        return connection.manager.consumers.add(...args);
      },
      delete: connection.manager.consumers.delete.bind(connection.manager.consumers),
    };
    return new Proxy(connection, {
      get: (target, key) => {
        if (key === "manager") return { consumers };
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  test("C108: a worker's end that may not read its queue ends with a sentence, and its process goes on", async () => {
    const { master, place: used } = await ends(10);
    const place = { ...used, subject: used.subject.replace(/w$/, "late") };
    const may = Object.assign(new Error("not allowed"), { code: 10_403 });
    const [own, other] = ["late.d", "late.a"];
    const near = natsLink({
      connection: electing(master, [may], 2000),
      own,
      other,
      queue: { end: "worker", ...place },
    });
    const got = taken(near);
    const over = new Promise<Error | undefined>((resolve) => near.onClose(resolve));
    const far = natsLink({ connection: master, own: other, other: own, queue: { end: "master", ...place } });
    far.onMessage(() => {});
    far.send({ call: 1, method: "run" });
    await until("it has come, over the link", () => got.length === 1);
    near.send({ answer: 1, result: null });
    expect(await over).toMatchObject({ code: "GVM3901", message: expect.stringContaining("let its NATS user") });
    await pause(50); // what nobody caught would end this process
  });

  test("C108: a worker's end waits for its queue while servers elect; jobs come over the link meanwhile", async () => {
    const { master, place: used, stored } = await ends(10);
    const place = { ...used, subject: used.subject.replace(/w$/, "slow") };
    const [own, other] = ["slow.d", "slow.a"];
    const errors = [new Error("timeout"), Object.assign(new Error("elects"), { code: 10_008 })];
    const near = natsLink({
      connection: electing(master, errors, 300),
      own,
      other,
      queue: { end: "worker", ...place },
    });
    const got = taken(near);
    const far = natsLink({ connection: master, own: other, other: own, queue: { end: "master", ...place } });
    far.onMessage(() => {});
    far.send({ call: 1, method: "run" });
    await until("it has come", () => got.length === 1);
    near.send({ answer: 1, result: null });
    await until("the queue is read in the end", async () => (await stored()).messages === 0);
    near.close();
    far.close();
  });
});
