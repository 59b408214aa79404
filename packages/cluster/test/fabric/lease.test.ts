import { natsServerOrSkip, startNats, VirtualClock } from "@graphvm/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openDoors } from "../../dist/fabric/door.js";
import { Fabric } from "../../dist/fabric/fabric.js";
import { JournalStream } from "../../dist/fabric/journal-stream.js";
import { Lease, leaderOf } from "../../dist/fabric/leader.js";
import { makeStores } from "../../dist/fabric/stores.js";
import { FencedError } from "../../dist/index.js";
import { failureOf, until } from "../helpers.js";

const program = await natsServerOrSkip();

describe.skipIf(program === undefined)("the lease and the journal stream", () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  let clusters = 0;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  /** So many processes of one new cluster. */
  async function processes(count: number): Promise<Fabric[]> {
    const cluster = `l${++clusters}`;
    const all: Fabric[] = [];
    for (let i = 0; i < count; i++) all.push(await Fabric.open({ servers: nats.url, cluster }));
    onTestFinished(async () => {
      for (const each of all) await each.close();
    });
    await makeStores(all[0]!.connection, all[0]!.names, { journal: 1_000_000, blobs: 1_000_000 });
    return all;
  }

  /** Time passes for some clocks until something holds; what NATS is asked meanwhile is answered in real time. */
  async function passing(clocks: readonly VirtualClock[], what: string, holds: () => boolean): Promise<number> {
    let seconds = 0;
    await until(what, () => {
      if (holds()) return true;
      for (const clock of clocks) clock.advance(0.01);
      seconds += 0.01;
      return false;
    });
    return seconds;
  }

  test("C111: of several that take a free lease at once one has it; released it is another's at once", async () => {
    const all = await processes(5);
    const clock = new VirtualClock();
    const taken = (await Promise.all(all.map((each) => Lease.tryNow(each, clock)))).filter(
      (each) => each !== undefined,
    );
    expect(taken).toHaveLength(1);
    expect(await Lease.tryNow(all[0]!, clock)).toBeUndefined();
    const leader = (await leaderOf(all[0]!))!.endpoint;
    expect(all.map(({ endpoint }) => endpoint)).toContain(leader);
    await taken[0]!.release();
    expect(await leaderOf(all[0]!)).toBeUndefined();
    const next = await Lease.tryNow(all.find(({ endpoint }) => endpoint !== leader)!, clock);
    expect(next).toBeDefined();
    await next!.release();
  });

  test("C111: a leader that is silent loses the lease to one of those that wait; that it lost is told, and it takes nothing back", async () => {
    const [first, second, third] = (await processes(3)) as [Fabric, Fabric, Fabric];
    const still = new VirtualClock(); // stands still: this leader renews nothing
    const lease = (await Lease.tryNow(first, still))!;
    const doors = openDoors(first, {}, {}); // its process is there
    const lost: Error[] = [];
    lease.lost = (error) => lost.push(error);
    const clock = new VirtualClock();
    const callOff = new AbortController();
    const got: (Lease | undefined)[] = [];
    const waits = [second, third].map((each) => Lease.wait(each, clock, callOff.signal).then((won) => got.push(won)));
    const seconds = await passing([clock], "somebody has it", () => got.length > 0);
    expect(seconds).toBeGreaterThan(2.9);
    expect(got).toHaveLength(1);
    still.advance(0.6); // it wakes
    await until("it is told", () => lost.length === 1);
    expect(lost[0]).toBeInstanceOf(FencedError);
    expect(lease.over).toBe(true);
    still.advance(10);
    callOff.abort();
    await Promise.all(waits);
    expect(got.filter((each) => each !== undefined)).toHaveLength(1);
    doors.close();
    await got[0]!.release();
  });

  test("C111: a leader whose process is gone is followed sooner than one that is silent", async () => {
    const [first, second] = (await processes(2)) as [Fabric, Fabric];
    await Lease.tryNow(first, new VirtualClock()); // nobody is at its door
    const clock = new VirtualClock();
    let won: Lease | undefined;
    void Lease.wait(second, clock, new AbortController().signal).then((lease) => {
      won = lease;
    });
    const seconds = await passing([clock], "it is followed", () => won !== undefined);
    expect(seconds).toBeGreaterThan(1);
    await won!.release();
  });

  test("C111: a renewal whose answer was lost counts: the leader stays leader", async () => {
    const [first, second] = (await processes(2)) as [Fabric, Fabric];
    const clock = new VirtualClock();
    const lease = (await Lease.tryNow(first, clock))!;
    lease.lost = () => expect.unreachable("it lost the lease");
    const keys = await second.connection.keys(second.names.bucket);
    // as the server has it whose answer nobody got
    const before = await keys.put("leader", JSON.stringify({ endpoint: first.endpoint }));
    clock.advance(0.5);
    await until("it finds out", () => clock.timers > 0);
    clock.advance(0.5);
    await until("it renews on", () => clock.timers > 0);
    expect((await keys.get("leader"))!.revision).toBeGreaterThan(before);
    expect(lease.over).toBe(false);
    await lease.release();
  });

  test("C112: clocks that differ by minutes, and go faster or slower, take no lease from a leader that lives", async () => {
    const [first, second] = (await processes(2)) as [Fabric, Fabric];
    const clock = new VirtualClock();
    const ahead = new VirtualClock();
    ahead.advance(600);
    const lease = (await Lease.tryNow(first, clock))!;
    const doors = openDoors(first, {}, {});
    lease.lost = () => expect.unreachable("it lost the lease");
    const callOff = new AbortController();
    let won: Lease | undefined;
    const waiting = Lease.wait(second, ahead, callOff.signal).then((taken) => {
      won = taken;
    });
    for (let step = 0; step < 300; step++) {
      clock.advance(0.05);
      ahead.advance(0.06); // a fifth faster
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([won, lease.over]).toEqual([undefined, false]);
    doors.close();
    const seconds = await passing([ahead], "the leader stands still now", () => won !== undefined);
    expect(seconds).toBeGreaterThan(1);
    callOff.abort();
    await waiting;
    await won!.release();
  });

  /** The texts in the stream, message by message. */
  async function stored({ connection, names }: Fabric): Promise<string[]> {
    const { state } = await connection.manager.streams.info(names.journalStream);
    const texts: string[] = [];
    for (let seq = 1; seq <= state.last_seq; seq++) {
      const message = await connection.manager.streams.getMessage(names.journalStream, { seq });
      texts.push(Buffer.from(message!.data).toString());
    }
    return texts;
  }

  test("C113: lines are in the stream in their order, many in one message, and each once", async () => {
    const [leader] = (await processes(1)) as [Fabric];
    const stream = new JournalStream(leader, 0);
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i} ${"x".repeat(i % 700)}\n`);
    for (const [i, line] of lines.entries()) {
      stream.add(i % 500 === 499 ? "jobs" : "calls", line);
      if (i % 100 === 0) await stream.stored();
    }
    await stream.stored();
    const messages = await stored(leader);
    expect(messages.join("")).toBe(lines.join(""));
    expect(messages.length).toBeLessThan(200);
    stream.close();
  });

  test("C113: who is not the leader any more writes nothing, is told once, and is refused for good", async () => {
    const [first, second] = (await processes(2)) as [Fabric, Fabric];
    const old = new JournalStream(first, 0);
    let told = 0;
    old.fenced = () => told++;
    old.add("calls", "one\n");
    await old.stored();
    const now = new JournalStream(second, 1);
    now.add("term", "two\n");
    await now.stored();
    old.add("calls", "three\n");
    old.add("jobs", "four\n");
    expect(await failureOf(old.stored())).toBeInstanceOf(FencedError);
    old.add("calls", "five\n");
    expect(await failureOf(old.stored())).toBeInstanceOf(FencedError);
    now.add("calls", "six\n");
    await now.stored();
    expect(await stored(second)).toEqual(["one\n", "two\n", "six\n"]);
    expect(told).toBe(1);
    now.close();
  });

  test("C113: a line whose answer was lost is there once", async () => {
    const [leader] = (await processes(1)) as [Fabric];
    const { connection, names } = leader;
    const publish = connection.jetstream.publish.bind(connection.jetstream);
    let lose = 1;
    connection.jetstream.publish = async (...args) => {
      const ack = await publish(...args);
      if (lose-- > 0) throw new Error("timeout");
      return ack;
    };
    const stream = new JournalStream(leader, 0);
    for (const line of ["one\n", "two\n", "three\n"]) stream.add("calls", line);
    await stream.stored();
    expect((await stored(leader)).join("")).toBe("one\ntwo\nthree\n");
    // also where the server has forgotten that it saw the message: it finds it at its place
    const { config } = await connection.manager.streams.info(names.journalStream);
    await connection.manager.streams.update(names.journalStream, { ...config, duplicate_window: 100_000_000 });
    lose = 1;
    const slow = new JournalStream(leader, (await connection.manager.streams.info(names.journalStream)).state.last_seq);
    slow.add("calls", "four\n");
    await slow.stored();
    expect((await stored(leader)).join("")).toBe("one\ntwo\nthree\nfour\n");
    stream.close();
    slow.close();
  });

  test("C113: of leaders that take turns and write when they should not, each line that was confirmed is there, in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 12 }), async (steps) => {
        const all = await processes(3);
        const streams: (JournalStream | undefined)[] = [];
        const confirmed: string[] = [];
        for (const [i, [who, takesOver]] of steps.entries()) {
          const fabric = all[who]!;
          if (takesOver || !streams[who]) {
            const { state } = await fabric.connection.manager.streams.info(fabric.names.journalStream);
            streams[who] = new JournalStream(fabric, state.last_seq);
          }
          const line = `${i} by ${who}\n`;
          streams[who].add("calls", line);
          await streams[who].stored().then(
            () => confirmed.push(line),
            () => {},
          );
        }
        expect(await stored(all[0]!)).toEqual(confirmed);
        for (const stream of streams) stream?.close();
      }),
      { numRuns: 15 },
    );
  });
});
