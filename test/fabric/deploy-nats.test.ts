import { fileURLToPath } from "node:url";
import { connectWorker, connect as open, startMaster } from "@graphvm/cluster";
import { type NatsProcess, natsServerOrSkip } from "@graphvm/testing";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { DeployedNats, urlAs } from "./deploy-nats.js";

type Numbers = typeof import("../../packages/cluster/test/fixtures/numbers.js");

const program = await natsServerOrSkip();
const INNER = "graphvm.graphvm.plane.eu.x";
const COMMON = "graphvm.graphvm.hub.x";

async function as(user: string, server: NatsProcess): Promise<NatsConnection> {
  const connection = await connect({ servers: server.url, user, pass: `${user}-secret`, ignoreClusterUpdates: true });
  onTestFinished(() => connection.close());
  return connection;
}

/** Whether what `from` publishes comes to `to`; a message that may pass is behind it. */
async function passes(from: NatsConnection, to: NatsConnection, subject: string): Promise<boolean> {
  let came = false;
  to.subscribe(subject, {
    callback: (error) => {
      if (error === null) came = true;
    },
  });
  // interest may come to the sender's server between a message and the mark behind it: the second mark is the proof
  let marks = 0;
  const arrived = new Promise<void>((resolve) => {
    to.subscribe("graphvm.graphvm.hub.mark", {
      callback: () => {
        if (++marks === 2) resolve();
      },
    });
  });
  await to.flush();
  const timer = setInterval(() => {
    from.publish(subject, "x");
    from.publish("graphvm.graphvm.hub.mark", "x");
  }, 20);
  await arrived.finally(() => clearInterval(timer));
  return came;
}

describe.skipIf(!program)("C134: the NATS configurations of deploy/", () => {
  let nats: DeployedNats;
  beforeAll(async () => {
    // a leaf node that denies nothing itself: the hub must do
    const careless = (text: string): string => text.replace(/^ *deny_.*$/gm, "");
    nats = await DeployedNats.start(program!, careless);
  });
  afterAll(() => nats?.[Symbol.asyncDispose]());

  test("C134: a cluster runs with a master, a worker behind each leaf node, and a client, each as its user", async () => {
    const [eu, us] = nats.leaves as [NatsProcess, NatsProcess];
    await using _master = await startMaster({ fabric: { servers: urlAs("master", ...nats.hub) }, workers: 0 });
    await using _eu = await connectWorker({ fabric: { servers: urlAs("worker-eu", eu) }, labels: { plane: "eu" } });
    await using _us = await connectWorker({ fabric: { servers: urlAs("worker-us", us) }, labels: { plane: "us" } });
    await using _direct = await connectWorker({
      fabric: { servers: urlAs("worker-us", ...nats.hub) },
      labels: { plane: "us" },
    });
    await using session = await open({ fabric: { servers: urlAs("client", ...nats.hub) } });
    const { numbers } = await session.load<Numbers>(
      fileURLToPath(new URL("../../packages/cluster/test/fixtures/numbers.ts", import.meta.url)),
    );
    const cut = ["numbers.noise", "numbers.block", "numbers.twice"];
    expect(await session.calc(numbers.many(30), { cut })).toBeDefined();
    expect((await session.status()).workers).toHaveLength(3);
    await session.endCluster();
  });

  test("C134: what is said within a plane reaches its own processes and nobody else", async () => {
    const [eu, us] = nats.leaves as [NatsProcess, NatsProcess];
    const inEu = await as("worker-eu", eu);
    const outside = [await as("worker-us", us), await as("worker-us", nats.hub[0]!), await as("master", nats.hub[1]!)];
    expect(await passes(inEu, await as("worker-eu", eu), INNER)).toBe(true);
    for (const other of outside) {
      expect(await passes(inEu, other, COMMON)).toBe(true);
      expect(await passes(inEu, other, INNER)).toBe(false);
      expect(await passes(other, inEu, INNER)).toBe(false);
    }
    const hub = await as("worker-eu", nats.hub[0]!);
    expect(await passes(hub, await as("worker-eu", nats.hub[2]!), INNER)).toBe(true);
    expect(await passes(hub, await as("client", nats.hub[0]!), INNER)).toBe(false);
    for (const wide of ["graphvm.>", "graphvm.graphvm.plane.>", "graphvm.graphvm.plane.*.x", ">"])
      expect(await passes(hub, outside[1]!, wide)).toBe(false);
  });

  test("C134: a worker, a leaf node and a client read no journal, queue no job and remove nothing", async () => {
    const manager = await jetstreamManager(await as("master", nats.hub[0]!));
    const subjects = ["graphvm.graphvm.journal.>"];
    await manager.streams.add({ name: "graphvm_graphvm_journal", subjects, num_replicas: 3 });
    const [eu] = nats.leaves as [NatsProcess];
    for (const connection of [
      await as("worker-us", nats.hub[0]!),
      await as("client", nats.hub[0]!),
      await as("worker-eu", eu),
    ]) {
      const own = await jetstreamManager(connection, { timeout: 1000 });
      await expect(own.streams.getMessage("graphvm_graphvm_journal", { seq: 1 })).rejects.toThrow();
      await expect(own.streams.delete("graphvm_graphvm_journal")).rejects.toThrow();
      await expect(own.consumers.add("graphvm_graphvm_journal", { durable_name: "d" })).rejects.toThrow();
      connection.publish("graphvm.graphvm.journal.calls", "forged");
      connection.publish("graphvm.graphvm.jobs.eu._.w1", "forged");
      await connection.flush();
    }
    expect((await manager.streams.info("graphvm_graphvm_journal")).state.messages).toBe(0);
    await manager.streams.delete("graphvm_graphvm_journal");
  });

  test("C134: a worker makes consumers of its own plane's queues and of no other's", async () => {
    const stream = "graphvm_graphvm_jobs";
    const manager = await jetstreamManager(await as("master", nats.hub[0]!));
    await manager.streams.add({ name: stream, subjects: ["graphvm.graphvm.jobs.>"] });
    const own = await jetstreamManager(await as("worker-us", nats.hub[0]!), { timeout: 1000 });
    const queue = (plane: string, name: string) => ({
      name,
      filter_subject: `graphvm.graphvm.jobs.${plane}._.${name}`,
    });
    await own.consumers.add(stream, queue("us", "mine"));
    await expect(own.consumers.add(stream, queue("eu", "theirs"))).rejects.toThrow();
    await expect(own.consumers.add(stream, { filter_subject: "graphvm.graphvm.jobs.eu._.w" })).rejects.toThrow();
    await expect(
      own.consumers.add(stream, { name: "all", filter_subject: "graphvm.graphvm.jobs.>" }),
    ).rejects.toThrow();
    await manager.streams.delete(stream);
  });

  test("C134: without the right password nobody comes in", async () => {
    const [eu] = nats.leaves as [NatsProcess];
    for (const server of [nats.hub[0]!, eu]) {
      await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(/Authorization/);
      const wrong = { user: "worker-eu", pass: "guessed" };
      await expect(connect({ servers: server.url, reconnect: false, ...wrong })).rejects.toThrow(/Authorization/);
    }
    // a plane's users are not there behind another's leaf node
    const other = { user: "worker-us", pass: "worker-us-secret" };
    await expect(connect({ servers: eu.url, reconnect: false, ...other })).rejects.toThrow(/Authorization/);
  });
});
