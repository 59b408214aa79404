import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, connectWorker, type FabricOptions, type Session, standBy, startMaster } from "@graphvm/cluster";
import { natsServerOrSkip, startNats } from "@graphvm/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Clock, systemClock } from "../../dist/transport/clock.js";
import { failureOf, fixture, tempFolder, until } from "../helpers.js";

type Numbers = typeof import("../fixtures/numbers.js");

const program = await natsServerOrSkip();
const room = { journal: 50_000_000, blobs: 50_000_000 };

const digests = async (session: Session): Promise<string[]> =>
  (await session.wait()).map(({ id, digest }) => `${id} ${digest}`);

/** A folder on a disk of its own, of so many bytes; undefined where this system gives none. */
function smallDisk(bytes: number): string | undefined {
  const folder = join(tempFolder(), "disk");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "none", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", folder], { stdio: "ignore" }));
  return folder;
}

/** The system's clock, so many seconds ahead and so many times as fast. */
function otherClock(ahead: number, rate: number): Clock {
  return {
    now: () => ahead + rate * systemClock.now(),
    every: (seconds, tick) => systemClock.every(seconds / rate, tick),
    after: (seconds, ring) => systemClock.after(seconds / rate, ring),
  };
}

describe.skipIf(program === undefined)("a fabric in trouble", () => {
  test("C116: a journal stream that is full refuses calls and loses nothing; with more room the next master goes on", async () => {
    await using nats = await startNats();
    const fabric: FabricOptions = { servers: nats.url, room: { journal: 60_000, blobs: 50_000_000 } };
    const first = await startMaster({ fabric, workers: 0, seed: 3, epoch: 5 });
    await using standby = await standBy({ fabric, workers: 0 });
    await using _worker = await connectWorker({ fabric });
    await using session = await connect({ fabric });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const cut = ["numbers.noise"];
    let last = 0;
    const error = await failureOf(
      (async () => {
        for (let n = 1; n < 1000; n++) {
          await session.calc(numbers.many(n), { cut });
          last = n;
        }
      })(),
    );
    expect(error).toMatchObject({
      code: "GVM4013",
      message: expect.stringMatching(/The stream graphvm_graphvm_journal takes no more .*: give it room/),
    });
    expect(last).toBeGreaterThan(3);
    const { jobs } = await session.status(); // what needs no line goes on
    expect(jobs.done).toBeGreaterThanOrEqual(last);
    const { connect: open } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const connection = await open({ servers: nats.url });
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info("graphvm_graphvm_journal");
    await manager.streams.update(config.name, { ...config, max_bytes: 5_000_000 });
    await connection.close();
    await first.close();
    await using second = await standby.leading;
    expect(second).toBeDefined();
    expect(await session.calc(numbers.many(last), { cut })).toBeGreaterThan(0);
    expect(await session.calc(numbers.many(last + 1), { cut })).toBeGreaterThan(0);
    const done = await digests(session);
    await using threads = await startMaster({ port: 0, workers: 1, seed: 3, epoch: 5 });
    await using local = await connect(threads.url);
    await local.load<Numbers>(fixture("numbers.ts"));
    for (let n = 1; n <= last + 1; n++) await local.calc(numbers.many(n), { cut });
    const same = await digests(local);
    expect(same.filter((each) => !done.includes(each))).toEqual([]);
  });

  test("C117: a server of three whose disk is full is no reason to stop", async (context) => {
    const disk = smallDisk(12_000_000);
    if (disk === undefined) return context.skip("no disk can be mounted here");
    await using nats = await startNats({
      servers: 3,
      stores: [disk],
      jetstream: { maxFile: 2_000_000_000 },
    });
    const fabric: FabricOptions = { servers: nats.url, room: { journal: 5_000_000, blobs: 5_000_000 } };
    await using _master = await startMaster({ fabric, workers: 0 });
    await using _worker = await connectWorker({ fabric });
    await using session = await connect({ fabric });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const cut = ["numbers.noise"];
    const value = await session.calc(numbers.many(2), { cut });
    expect(() => writeFileSync(join(disk, "full"), Buffer.alloc(12_000_000))).toThrow("ENOSPC");
    for (let n = 3; n < 15; n++) expect(await session.calc(numbers.many(n), { cut })).toBeGreaterThan(0);
    await using standby = await standBy({ fabric, workers: 0 });
    rmSync(join(disk, "full"));
    await _master.close();
    await using second = await standby.leading;
    expect(second).toBeDefined();
    expect(await session.calc(numbers.many(2), { cut })).toBe(value);
  }, 150_000);

  test("C118: in a partition the side with the majority goes on; healed, the leader that was cut off ends", async () => {
    await using nats = await startNats({ servers: 3, parting: true });
    const [lonely, ...others] = nats.servers.map(({ url }) => url) as [string, ...string[]];
    const first = await startMaster({ fabric: { servers: lonely, room }, workers: 0, seed: 3 });
    const fabric = { servers: others, room };
    await using standby = await standBy({ fabric, workers: 0 });
    await using _worker = await connectWorker({ fabric });
    await using session = await connect({ fabric });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const cut = ["numbers.noise"];
    await session.calc(numbers.many(3), { cut });
    const before = await digests(session);
    nats.part(0);
    await using second = await standby.leading;
    expect(second).toBeDefined();
    expect(await session.calc(numbers.many(4), { cut })).toBeGreaterThan(0);
    nats.heal();
    await first.closed; // it finds its lease taken
    expect((await digests(session)).slice(0, before.length)).toEqual(before);
    expect(await session.calc(numbers.many(5), { cut })).toBeGreaterThan(0);
  });

  test("C111: a master that loses its lease while it starts ends once it has started", async () => {
    await using nats = await startNats();
    const starting = startMaster({ fabric: { servers: nats.url, room }, workers: 4 });
    const { connect: open } = await import("@nats-io/transport-node");
    const { Kvm } = await import("@nats-io/kv");
    const connection = await open({ servers: nats.url });
    const keys = await new Kvm(connection).open("graphvm_graphvm");
    const led = async () => (await keys.get("leader").catch(() => null)) !== null;
    await until("it leads", led);
    await keys.put("leader", JSON.stringify({ endpoint: "another" }));
    const master = await starting;
    await master.closed;
    await connection.close();
  });

  test("C112: masters whose clocks are minutes apart and go at other rates: no leader that lives is followed, one that goes is", async () => {
    await using nats = await startNats();
    const fabric = { servers: nats.url, room };
    const first = await startMaster({
      fabric,
      workers: 1,
      now: () => Date.now() + 600_000,
      clock: otherClock(600, 0.8),
    });
    await using standby = await standBy({
      fabric,
      workers: 1,
      now: () => Date.now() - 300_000,
      clock: otherClock(-300, 1.25),
    });
    await using session = await connect({ fabric });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const cut = ["numbers.noise"];
    const value = await session.calc(numbers.many(2), { cut });
    let led = false;
    void standby.leading.then(() => {
      led = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(led).toBe(false);
    await first.close();
    await using second = await standby.leading;
    expect(second).toBeDefined();
    expect(await session.calc(numbers.many(2), { cut })).toBe(value);
  });
});
