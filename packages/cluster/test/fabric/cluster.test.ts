import { readdirSync } from "node:fs";
import {
  connect,
  connectWorker,
  type FabricOptions,
  LeaderPresentError,
  replayRecording,
  type Session,
  standBy,
  startMaster,
} from "@graphvm/cluster";
import { ChildMaster, ChildWorker, natsServerOrSkip, startNats } from "@graphvm/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { fixture, go, started, tempFolder, until } from "../helpers.js";

type Numbers = typeof import("../fixtures/numbers.js");
type Slow = typeof import("../fixtures/slow.js");

const program = await natsServerOrSkip();

/** Digests of everything done, without who did it. */
const digests = async (session: Session): Promise<string[]> =>
  (await session.wait()).map(({ id, digest }) => `${id} ${digest}`);

describe.skipIf(program === undefined)("a cluster on NATS", () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  let clusters = 0;
  beforeAll(async () => {
    nats = await startNats({ servers: 3 });
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  const room = { journal: 50_000_000, blobs: 50_000_000 };
  const newCluster = (): FabricOptions => ({ servers: nats.url, cluster: `c${++clusters}`, room });

  /** A process that is killed when the test ends. */
  async function own<T extends { kill(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const process = await starting;
    onTestFinished(() => process.kill());
    return process;
  }

  test("C98: master, workers and client that meet on NATS give the bytes that threads give", async () => {
    const fabric = newCluster();
    await using master = await startMaster({ fabric, workers: 1, seed: 3, epoch: 5 });
    await using one = await connectWorker({ fabric });
    await using other = await connectWorker({ fabric });
    await using session = await connect({ fabric });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    const options = { cut: ["numbers.noise", "numbers.block", "numbers.twice"] };
    const values = [await session.calc(numbers.many(30), options), await session.calc(numbers.total(500_000), options)];
    const status = await session.status();
    expect(status.workers.map(({ id }) => id).sort()).toEqual(["w1", one.id, other.id].sort());
    await using threads = await startMaster({ port: 0, workers: 2, seed: 3, epoch: 5 });
    await using local = await connect(threads.url);
    await local.load<Numbers>(fixture("numbers.ts"));
    const same = [await local.calc(numbers.many(30), options), await local.calc(numbers.total(500_000), options)];
    expect(values).toEqual(same);
    expect(await digests(session)).toEqual(await digests(local));
    expect(master.url).toMatch(/^ws:/);
  });

  test("C99: one master leads a cluster; another is refused, or stands by and is handed the session over", async () => {
    const fabric = newCluster();
    const first = await startMaster({ fabric, workers: 0 });
    await expect(startMaster({ fabric, workers: 0 })).rejects.toThrow(LeaderPresentError);
    await using standby = await standBy({ fabric, workers: 0 });
    await using _worker = await connectWorker({ fabric });
    await using session = await connect({ fabric });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    await session.calc(numbers.many(3), { cut: ["numbers.noise"] });
    const before = await digests(session);
    await first.close();
    await using second = await standby.leading;
    expect(second).toBeDefined();
    expect(await digests(session)).toEqual(before);
    await session.calc(numbers.many(4), { cut: ["numbers.noise"] });
  });

  test("C100: a leader killed in mid-job is followed by its standby: what was done is not run again, and the wait ends", async () => {
    const fabric = newCluster();
    const folder = tempFolder();
    const options = { fabric, workers: 0, seed: 3, epoch: 5 };
    const leader = await own(ChildMaster.start(options));
    await own(ChildMaster.standBy(options));
    await own(ChildWorker.start({ fabric }));
    await own(ChildWorker.start({ fabric }));
    await using session = await connect({ fabric });
    await session.setRecording(true);
    const { slow } = await session.load<Slow>(fixture("slow.ts"));
    const root = slow.pair(folder, 4);
    await session.dispatchJobs(await session.jobDeps([root], { cut: ["slow.quick", "slow.patient"] }));
    await started(folder, "job");
    const waiting = session.wait();
    await until("the quick job is done", async () => (await session.status()).jobs.done === 1);
    await leader.kill();
    await until("the standby leads", async () => (await session.status()).workers.length === 2, 30_000);
    expect((await session.status()).jobs).toMatchObject({ total: 3, done: 1 });
    go(folder);
    expect(await waiting).toHaveLength(3);
    expect(await session.getData(root)).toBe("8 job is done");
    // the worker that ran it went on with it
    expect(readdirSync(folder).filter((name) => name.startsWith("job."))).toHaveLength(1);
    const report = await replayRecording({ workers: 1 }, await session.getRecording());
    expect(report).toMatchObject({ verdict: "equal", diverged: 0 });
  }, 90_000);

  test("C101: a leader that stood still and wakes leads no more: what it was told last is the new one's to answer", async () => {
    const fabric = newCluster();
    const leader = await own(ChildMaster.start({ fabric, workers: 0 }));
    await using standby = await standBy({ fabric, workers: 0 });
    await own(ChildWorker.start({ fabric }));
    await using session = await connect({ fabric, heartbeat: { every: 0.5, deadAfter: 1 } });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    await session.calc(numbers.many(2), { cut: ["numbers.noise"] });
    leader.hang();
    await using second = await standby.leading;
    expect(second).toBeDefined();
    leader.resume();
    await leader.over(); // it finds its lease taken, and ends
    expect(await session.calc(numbers.many(3), { cut: ["numbers.noise"] })).toBeGreaterThan(0);
  }, 90_000);

  test("C102: a session that a client ends leaves nothing on NATS", async () => {
    const fabric = newCluster();
    const master = await startMaster({ fabric, workers: 0 });
    const names = await streams();
    expect(names.filter((name) => name.includes(`graphvm_${fabric.cluster}`))).toHaveLength(4);
    await using session = await connect({ fabric });
    await session.endCluster();
    await master.closed;
    expect((await streams()).filter((name) => name.includes(`graphvm_${fabric.cluster}`))).toEqual([]);
  });

  async function streams(): Promise<string[]> {
    const { connect: open } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const connection = await open({ servers: nats.url.split(",") });
    try {
      const names: string[] = [];
      for await (const name of (await jetstreamManager(connection)).streams.names()) names.push(name);
      return names;
    } finally {
      await connection.close();
    }
  }

  test("C103: a NATS server that is killed is a pause: links, calls and jobs go on", async () => {
    await using three = await startNats({ servers: 3 });
    const fabric: FabricOptions = { servers: three.url, cluster: "k", room };
    await using _master = await startMaster({ fabric, workers: 0 });
    await using worker = await connectWorker({ fabric });
    await using other = await connectWorker({ fabric });
    await using session = await connect({ fabric });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    await session.calc(numbers.many(20), { cut: ["numbers.noise"] });
    const [first, second] = [worker.id, other.id];
    for (const server of three.servers.slice(1)) {
      await server.kill();
      const n = 21 + three.servers.indexOf(server);
      expect(await session.calc(numbers.many(n), { cut: ["numbers.noise"] })).toBeGreaterThan(0);
      await server.restart();
      await three.ready();
    }
    expect([worker.id, other.id]).toEqual([first, second]); // nobody had to join again
  }, 90_000);
});
