import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markOf, mayRun } from "@graphvm/cluster/internal";
import {
  type HubPlan,
  hubConfig,
  isFree,
  leafConfig,
  Monitor,
  type NatsConfig,
  NatsProcess,
  natsServer,
  untilReady,
} from "@graphvm/testing";
import type { FabricFolder, FabricServer, FabricState } from "./state.js";

const PLANES = ["eu", "us"] as const;
/** What a leaf node keeps to itself: what processes of its plane say to each other. */
const INNER = ["graphvm.*.plane.>"];

/** A server that is to run. */
interface Wanted {
  readonly name: string;
  readonly plane?: string;
  readonly config: NatsConfig;
  readonly ports: { readonly client: number; readonly monitor: number };
  /** All ports it listens on. */
  readonly listens: readonly number[];
}

/**
 * Makes a hub of three servers and a leaf node for each plane run, from `port` on; what runs already is left as it is.
 *
 * @returns what is up, and whether anything had to be started
 */
export async function up(folder: FabricFolder, port: number): Promise<{ state: FabricState; started: number }> {
  const before = folder.read();
  const running = before?.servers.filter(({ process }) => mayRun(process)) ?? [];
  if (before && running.length > 0 && before.port !== port)
    throw new Error(`a fabric is up from port ${before.port} on: npm run fabric:down ends it`);
  const wanted = plan(port, folder.run);
  const missing = wanted.filter(({ name }) => !running.some((each) => each.name === name));
  for (const { name, listens } of missing) {
    for (const each of listens)
      if (!(await isFree(each)))
        throw new Error(`port ${each}, of ${name}, is taken: choose another first port with --port`);
  }
  const url = wanted.flatMap(({ plane, ports }) => (plane ? [] : [address(ports.client)])).join(",");
  const servers = new Map<string, FabricServer>(running.map((each) => [each.name, each]));
  const state = (): FabricState => ({
    port,
    url,
    servers: wanted.flatMap(({ name }) => (servers.has(name) ? [servers.get(name)!] : [])),
  });
  const started: NatsProcess[] = [];
  try {
    const program = missing.length > 0 ? await natsServer({ folder: join(folder.path, "bin") }) : "";
    for (const each of missing) {
      const server = new NatsProcess({ program, ...each, ...written(each, folder.run) });
      started.push(server);
      await server.start();
      const { name, plane, ports } = each;
      const monitor = server.monitor.url;
      servers.set(name, {
        name,
        ...(plane && { plane }),
        url: address(ports.client),
        monitor,
        process: markOf(server.pid),
      });
      folder.write(state());
    }
    const asked = state().servers.map(({ name, plane, monitor }) => ({ name, plane, monitor: new Monitor(monitor) }));
    await untilReady(
      asked.filter(({ plane }) => !plane),
      asked.filter(({ plane }) => plane),
    );
  } catch (error) {
    for (const server of started) {
      await server.kill();
      servers.delete(server.name);
    }
    if (servers.size === 0) folder.clear();
    else folder.write(state());
    throw error;
  }
  return { state: state(), started: started.length };
}

function plan(port: number, folder: string): Wanted[] {
  const hub = [0, 1, 2].map((i): HubPlan => {
    const ports = { client: port + i, monitor: port + 10 + i, route: port + 20 + i, leaf: port + 30 + i };
    const others = [0, 1, 2].filter((each) => each !== i);
    const routes = others.map((each) => `127.0.0.1:${port + 20 + each}`);
    return { name: `hub-${i + 1}`, ports, store: join(folder, `hub-${i + 1}`), routes };
  });
  const leaves = PLANES.map((plane, i): Wanted => {
    const ports = { client: port + 3 + i, monitor: port + 13 + i };
    const leaf = { name: `leaf-${plane}`, denyImports: INNER, denyExports: INNER };
    const config = leafConfig(
      leaf,
      ports,
      hub.map((each) => each.ports.leaf),
    );
    return { name: leaf.name, plane, config, ports, listens: Object.values(ports) };
  });
  const options = { leaves: PLANES.map((name) => ({ name })) };
  return [
    ...hub.map((each): Wanted => {
      return {
        name: each.name,
        config: hubConfig(each, options),
        ports: each.ports,
        listens: Object.values(each.ports),
      };
    }),
    ...leaves,
  ];
}

/** Writes a configuration; where it and its log lie. */
function written({ name, config }: Wanted, folder: string): { config: string; log: string } {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config, undefined, 2));
  return { config: file, log: join(folder, `${name}.log`) };
}

function address(port: number): string {
  return `nats://127.0.0.1:${port}`;
}
