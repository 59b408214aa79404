import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NatsStartError } from "../errors.js";
import { type HubOptions, type HubPlan, hubConfig, leafConfig, type NatsConfig } from "./configuration.js";
import { freePorts } from "./free-ports.js";
import { Guardian } from "./guardian.js";
import { NatsProcess } from "./nats-process.js";
import { natsServer } from "./nats-server.js";
import { untilReady } from "./ready.js";
import { Routes } from "./routes.js";

/** What NATS for a test is made of; everything has a default. */
export interface NatsOptions extends HubOptions {
  /** Servers of the hub. Default 1; more are a cluster. */
  readonly servers?: number;
  /** Servers of the hub can be parted from each other (`part`). */
  readonly parting?: boolean;
  /** Folders of the servers' JetStream, in their order, such as one on a small disk. Default: a temporary one each. */
  readonly stores?: readonly string[];
  /** The nats-server that is run. Default: what `natsServer` finds or installs. */
  readonly program?: string;
}

/** Somebody else may take a port between finding it free and listening on it. */
const ATTEMPTS = 3;

/**
 * NATS for one test: servers on loopback and free ports, with what they store in a temporary folder. Settles once all serve and
 * JetStream has a leader. Leaving its scope ends all of it; so does the end of the process, in whatever way.
 *
 * @throws NatsMissingError, NatsStartError
 * @example
 * await using nats = await startNats({ servers: 3 });
 * await using master = await startMaster({ port: 0, fabric: { servers: nats.url } });
 * await nats.servers[0]!.kill();
 */
export async function startNats(options: NatsOptions = {}): Promise<Nats> {
  const program = options.program ?? (await natsServer());
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options, program);
    } catch (error) {
      const taken = error instanceof NatsStartError && error.message.includes("address already in use");
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: NatsOptions, program: string): Promise<Nats> {
  const folder = await mkdtemp(join(tmpdir(), "graphvm-nats-"));
  const guardian = new Guardian(folder);
  const routes = new Routes();
  const made = async (name: string, config: NatsConfig, ports: { client: number; monitor: number }) => {
    const path = join(folder, `${name}.json`);
    await writeFile(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
    return new NatsProcess({ program, name, config: path, log: join(folder, `${name}.log`), ports }, guardian);
  };
  const nats = new Nats([], [], routes, guardian);
  try {
    const direct = await planHub(options, folder);
    const plans = options.parting ? await routes.through(direct) : direct;
    for (const plan of plans) nats.servers.push(await made(plan.name, hubConfig(plan, options), plan.ports));
    for (const leaf of options.leaves ?? []) {
      const [client, monitor] = (await freePorts(2)) as [number, number];
      const config = leafConfig(
        leaf,
        { client, monitor },
        plans.map(({ ports }) => ports.leaf),
      );
      nats.leaves.push(await made(leaf.name, config, { client, monitor }));
    }
    await Promise.all(nats.servers.map((each) => each.start()));
    await Promise.all(nats.leaves.map((each) => each.start()));
    await nats.ready();
    return nats;
  } catch (error) {
    await nats[Symbol.asyncDispose]();
    throw error;
  }
}

async function planHub({ servers = 1, stores = [] }: NatsOptions, folder: string): Promise<HubPlan[]> {
  const ports = await freePorts(4 * servers);
  const plans = Array.from({ length: servers }, (_, i): Omit<HubPlan, "routes"> => {
    const [client, monitor, route, leaf] = ports.slice(4 * i) as [number, number, number, number];
    const name = `n${i + 1}`;
    return { name, ports: { client, monitor, route, leaf }, store: stores[i] ?? join(folder, name) };
  });
  const others = (plan: Omit<HubPlan, "routes">) => plans.filter((each) => each !== plan);
  return plans.map((plan) => ({ ...plan, routes: others(plan).map((each) => `127.0.0.1:${each.ports.route}`) }));
}

/** Made by `startNats`. */
export class Nats implements AsyncDisposable {
  /** The hub, by their numbers. */
  readonly servers: NatsProcess[];
  readonly leaves: NatsProcess[];
  readonly #routes: Routes;
  readonly #guardian: Guardian;

  constructor(servers: NatsProcess[], leaves: NatsProcess[], routes: Routes, guardian: Guardian) {
    this.servers = servers;
    this.leaves = leaves;
    this.#routes = routes;
    this.#guardian = guardian;
  }

  /** What `--fabric` takes: the addresses of all servers of the hub. */
  get url(): string {
    return this.servers.map(({ url }) => url).join(",");
  }

  /** The leaf node of that name. */
  leaf(name: string): NatsProcess {
    const found = this.leaves.find((each) => each.name === name);
    if (!found) throw new Error(`there is no leaf node ${name} in this test`);
    return found;
  }

  /** Settles once all servers that run serve, with a leader of JetStream. */
  ready(): Promise<void> {
    const running = (each: NatsProcess): boolean => each.running;
    return untilReady(this.servers.filter(running), this.leaves.filter(running));
  }

  /** The server that leads JetStream, or one of its streams; undefined where none does now. */
  async leader(stream?: string): Promise<NatsProcess | undefined> {
    for (const server of this.servers.filter(({ running }) => running)) {
      const { meta_cluster: meta, account_details: accounts = [] } = await server.monitor.jsz();
      const streams = accounts.flatMap(({ stream_detail: details = [] }) => details);
      const cluster = stream === undefined ? meta : streams.find(({ name }) => name === stream)?.cluster;
      const led = this.servers.find(({ name }) => name === cluster?.leader);
      if (led?.running) return led;
    }
    return undefined;
  }

  /** Parts these servers of the hub, by their numbers, from the others until `heal`; clients reach all. Needs `parting`. */
  part(...some: number[]): void {
    if (!this.#routes.there) throw new Error("servers can be parted where startNats was told so: parting: true");
    this.#routes.part(some);
  }

  heal(): void {
    this.#routes.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.servers, ...this.leaves].map((each) => each.kill()));
    await this.#routes[Symbol.asyncDispose]();
    await this.#guardian.end();
  }
}
