import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { expectNoLeaks, natsServer, natsServerOrSkip, openResources, startNats } from "@graphvm/testing";
import { jetstream, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { describe, expect, onTestFinished, test, vi } from "vitest";

const program = await natsServerOrSkip();

async function opened(
  servers: string | string[],
  more: { user?: string; pass?: string } = {},
): Promise<NatsConnection> {
  const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50, ...more });
  onTestFinished(() => connection.close());
  return connection;
}

/** Whether what is published on one connection arrives at another within a moment that other messages need. */
async function passes(from: NatsConnection, to: NatsConnection, subject: string): Promise<boolean> {
  const inbox = to.subscribe(subject);
  const mark = to.subscribe("graphvm.c.hub.mark");
  await to.flush();
  // interest travels from server to server: the mark is sent until it arrives, and what went before it on the same way has then
  let arrived = false;
  const marked = (async () => {
    let marks = 0;
    // interest may come to the sender's server between a message and the mark behind it: the second mark is the proof
    for await (const _ of mark) if (++marks === 2) return;
  })().then(() => {
    arrived = true;
  });
  while (!arrived) {
    from.publish(subject, "x");
    from.publish("graphvm.c.hub.mark", "x");
    await from.flush();
    await Promise.race([marked, pause(30)]);
  }
  inbox.unsubscribe();
  return inbox.getReceived() > 0;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const eventually = (what: () => unknown) => vi.waitFor(what, { timeout: 20_000, interval: 50 });

describe.skipIf(!program)("C130: NATS for a test", () => {
  test("C130: one server with JetStream; what it stores survives kill -9 and a restart on the same port", async () => {
    await using nats = await startNats();
    const [server] = nats.servers;
    const connection = await opened(nats.url);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: "kept", subjects: ["kept"], max_bytes: 1e6 });
    await jetstream(connection).publish("kept", "a");
    await server!.restart();
    await nats.ready();
    await eventually(async () => expect((await manager.streams.info("kept")).state.messages).toBe(1));
    expect((await server!.monitor.jsz()).messages).toBe(1);
  });

  test("C130: a cluster of three keeps a replicated stream going without its leader, and takes that one back", async () => {
    await using nats = await startNats({ servers: 3 });
    const connection = await opened(nats.servers.map(({ url }) => url));
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: "kept", subjects: ["kept"], num_replicas: 3, max_bytes: 1e6 });
    const js = jetstream(connection);
    await js.publish("kept", "a");
    const leader = (await nats.leader("kept"))!;
    await leader.kill();
    expect(leader.running).toBe(false);
    await eventually(() => js.publish("kept", "b", { msgID: "b", timeout: 1000 }));
    await leader.restart();
    await nats.ready();
    await eventually(async () => {
      const { state, cluster } = await manager.streams.info("kept");
      expect(state.messages).toBe(2);
      expect(cluster?.replicas?.every(({ current }) => current)).toBe(true);
    });
  });

  test("C130: a server that is parted from the others leads nothing, and catches up when it is back", async () => {
    await using nats = await startNats({ servers: 3, parting: true });
    const all = nats.servers.map(({ url }) => url);
    const creator = await jetstreamManager(await opened(all));
    const work = {
      name: "work",
      subjects: ["work"],
      num_replicas: 3,
      retention: RetentionPolicy.Workqueue,
      max_bytes: 1e6,
    };
    await eventually(() => creator.streams.add(work)); // servers may still elect
    const leader = (await nats.leader("work"))!;
    const alone = nats.servers.indexOf(leader);
    const others = all.filter((url) => url !== leader.url);
    nats.part(alone);
    const far = await connect({ servers: others, ignoreClusterUpdates: true });
    onTestFinished(() => far.close());
    const near = await connect({ servers: leader.url, ignoreClusterUpdates: true });
    onTestFinished(() => near.close());
    await eventually(() => jetstream(far).publish("work", "a", { msgID: "a", timeout: 1000 }));
    await expect(jetstream(near).publish("work", "b", { timeout: 2000 })).rejects.toThrow();
    nats.heal();
    await nats.ready();
    await eventually(() => jetstream(near).publish("work", "c", { msgID: "c", timeout: 1000 }));
    await eventually(async () => {
      const { account_details: accounts = [] } = await leader.monitor.jsz();
      expect(accounts[0]!.stream_detail![0]!.state.messages).toBeGreaterThanOrEqual(2);
    });
  });

  test("C130: a server that stands still answers nobody, and goes on", async () => {
    await using nats = await startNats({ jetstream: false });
    const connection = await opened(nats.url);
    await nats.servers[0]!.pause();
    expect(await Promise.race([connection.flush().then(() => "answered"), pause(300)])).toBeUndefined();
    nats.servers[0]!.resume();
    await connection.flush();
  });

  test("C130: leaf nodes have no JetStream, reach that of the hub, and let through what they don't deny", async () => {
    const denied = ["graphvm.*.plane.>"];
    const leaf = (name: string) => ({
      name,
      user: { user: name, password: `${name}-secret` },
      denyImports: denied,
      denyExports: denied,
    });
    await using nats = await startNats({ servers: 3, leaves: [leaf("eu"), leaf("us")] });
    const hub = await opened(nats.url.split(","));
    const eu = await opened(nats.leaf("eu").url);
    const eu2 = await opened(nats.leaf("eu").url);
    const us = await opened(nats.leaf("us").url);
    const manager = await jetstreamManager(eu);
    await manager.streams.add({ name: "far", subjects: ["graphvm.c.jobs.>"], num_replicas: 3, max_bytes: 1e6 });
    await jetstream(eu).publish("graphvm.c.jobs.eu", "a");
    expect((await (await jetstreamManager(us)).streams.info("far")).state.messages).toBe(1);
    expect(await passes(eu, us, "graphvm.c.hub.x")).toBe(true);
    expect(await passes(eu, hub, "graphvm.c.hub.x")).toBe(true);
    expect(await passes(eu, eu2, "graphvm.c.plane.eu.x")).toBe(true);
    expect(await passes(eu, us, "graphvm.c.plane.eu.x")).toBe(false);
    expect(await passes(eu, hub, "graphvm.c.plane.eu.x")).toBe(false);
    expect(await passes(hub, eu, "graphvm.c.plane.eu.x")).toBe(false);
    expect(await passes(eu, hub, "graphvm.c.plane.>")).toBe(false);
    const [link] = (await nats.leaf("eu").monitor.leafz()).leafs;
    expect(link!.out_bytes).toBeGreaterThan(0);
  });

  test("C130: limits, users and messages are what the options say", async () => {
    await using nats = await startNats({
      maxPayload: 2_000_000,
      jetstream: { maxFile: 1_000_000 },
      config: { authorization: { users: [{ user: "a", password: "b", permissions: { publish: "ok.>" } }] } },
    });
    await expect(connect({ servers: nats.url, reconnect: false })).rejects.toThrow(/Authorization/);
    const connection = await opened(nats.url, { user: "a", pass: "b" });
    expect(connection.info?.max_payload).toBe(2_000_000);
    const status = connection.status()[Symbol.asyncIterator]();
    connection.publish("no.x", "x");
    expect(JSON.stringify((await status.next()).value)).toContain("no.x");
  });

  test("C131: leaving the scope leaves no process, no folder and nothing open", async () => {
    const before = openResources();
    const nats = await startNats({ servers: 3, parting: true, leaves: [{ name: "eu" }] });
    const pids = [...nats.servers, ...nats.leaves].map(({ pid }) => pid);
    const { config } = (await nats.servers[0]!.monitor.jsz()) as unknown as { config: { store_dir: string } };
    expect(existsSync(config.store_dir)).toBe(true);
    await nats.servers[1]!.kill();
    await nats.servers[2]!.pause();
    await nats[Symbol.asyncDispose]();
    expect(pids.filter(alive)).toEqual([]);
    expect(existsSync(config.store_dir)).toBe(false);
    await expectNoLeaks(before);
  });

  test("C131: servers end with the process that started them, killed with -9", async () => {
    const module = pathToFileURL(join(import.meta.dirname, "../../dist/index.js")).href;
    const script = `
      const { startNats } = await import(${JSON.stringify(module)});
      const nats = await startNats({ program: ${JSON.stringify(program)}, servers: 3 });
      console.log(JSON.stringify(nats.servers.map(({ pid }) => pid)));
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids.filter(alive)).toEqual(pids);
    child.kill("SIGKILL");
    await eventually(() => expect(pids.filter(alive)).toEqual([]));
  });

  test("C131: a server that can't start says what it logged", async () => {
    await expect(startNats({ config: { nonsense: 1 } })).rejects.toMatchObject({
      code: "GVM7102",
      message: expect.stringMatching(/n1 ended while it started: .*nonsense/s),
    });
  });
});

describe("C132: the nats-server that is used", () => {
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), "graphvm-nats-bin-"));
    onTestFinished(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };

  test("C132: is the one that is named, or an error says what is wrong with it", async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("GRAPHVM_NATS_SERVER", process.execPath);
    await expect(natsServer()).rejects.toMatchObject({
      code: "GVM7101",
      message: expect.stringMatching(/GRAPHVM_NATS_SERVER is .*, and its --version says "v\d+/),
    });
    vi.stubEnv("GRAPHVM_NATS_SERVER", "/nowhere/nats-server");
    vi.stubEnv("CI", "");
    await expect(natsServerOrSkip()).resolves.toBeUndefined();
    vi.stubEnv("CI", "true");
    await expect(natsServerOrSkip()).rejects.toMatchObject({ code: "GVM7101" });
  });

  /** A PATH with nothing but these programs. */
  const onlyPath = (programs: { readonly [name: string]: string }): void => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const path = folder();
    for (const [name, script] of Object.entries(programs)) writeFileSync(join(path, name), script, { mode: 0o755 });
    vi.stubEnv("GRAPHVM_NATS_SERVER", "");
    vi.stubEnv("PATH", path);
  };

  test("C132: where none can be installed, an error says what was tried, and nothing is left", async () => {
    const broken = (what: string) => `#!/bin/sh\necho "E: no ${what} today" >&2\nexit 1\n`;
    onlyPath({ "apt-get": broken("packages"), go: broken("modules") });
    const empty = folder();
    await expect(natsServer({ folder: empty })).rejects.toMatchObject({
      code: "GVM7101",
      fields: {
        tried: ["Debian's package: E: no packages today", expect.stringMatching(/^go install .*: E: no modules today/)],
      },
    });
    expect(readdirSync(empty)).toEqual([]);
  });

  const old = '#!/bin/sh\necho "nats-server: v2.8.4"\n';
  const good = '#!/bin/sh\necho "nats-server: v2.12.0"\n';

  test("C132: one on PATH that is too old is not used; two that install at once both find one", async () => {
    const build = `#!/bin/sh\n/bin/sleep 0.2\nprintf '%s' '${good}' > "$GOBIN/nats-server"\n/bin/chmod +x "$GOBIN/nats-server"\n`;
    onlyPath({ "nats-server": old, go: build });
    const into = folder();
    const found = await Promise.all([natsServer({ folder: into }), natsServer({ folder: into })]);
    expect(found).toEqual([join(into, "nats-server"), join(into, "nats-server")]);
    expect(readFileSync(found[0], "utf8")).toBe(good);
    expect(readdirSync(into)).toEqual(["nats-server"]);
  });

  const apt = spawnSync("sh", ["-c", "command -v dpkg && apt-cache show nats-server"]).status === 0;
  if (!apt) console.warn("skipped: Debian's package of nats-server, which apt does not have here");

  test.skipIf(!apt)("C132: Debian's package is unpacked into the folder, and nowhere else", async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("GRAPHVM_NATS_SERVER", "");
    vi.stubEnv("PATH", "/usr/bin:/bin");
    const into = folder();
    expect(await natsServer({ folder: into })).toBe(join(into, "nats-server"));
    expect(readdirSync(into)).toEqual(["nats-server"]);
    expect(spawnSync(join(into, "nats-server"), ["--version"], { encoding: "utf8" }).stdout).toMatch(/v2\.\d+/);
  });
});
