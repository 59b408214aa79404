import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts, NatsProcess, untilReady } from "@graphvm/testing";

const SHIPPED = fileURLToPath(new URL("../../deploy/nats/", import.meta.url));

/** The passwords of the configurations, by their variables. */
export const PASSWORDS: { readonly [variable: string]: string } = {
  NATS_ROUTE_PASSWORD: "route-secret",
  NATS_SYSTEM_PASSWORD: "system-secret",
  NATS_MASTER_PASSWORD: "master-secret",
  NATS_CLIENT_PASSWORD: "client-secret",
  NATS_WORKER_EU_PASSWORD: "worker-eu-secret",
  NATS_WORKER_US_PASSWORD: "worker-us-secret",
  NATS_LEAF_EU_PASSWORD: "leaf-eu-secret",
  NATS_LEAF_US_PASSWORD: "leaf-us-secret",
};

/** The address of a server for a user of the configurations. */
export function urlAs(user: string, ...servers: NatsProcess[]): string {
  return servers.map(({ url }) => url.replace("//", `//${user}:${user}-secret@`)).join(",");
}

/** The servers of deploy/nats on loopback, with what they keep in a temporary folder. */
export class DeployedNats implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "graphvm-deploy-"));
  readonly hub: NatsProcess[] = [];
  readonly leaves: NatsProcess[] = [];

  /**
   * Runs the files as they are, but for ports, folders and, in leaf nodes, what `change` makes of them.
   *
   * @param change Changes the text of a leaf node's configuration.
   */
  static async start(program: string, change: (text: string) => string = (text) => text): Promise<DeployedNats> {
    const nats = new DeployedNats();
    try {
      await nats.#start(program, change);
      return nats;
    } catch (error) {
      await nats[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(program: string, change: (text: string) => string): Promise<void> {
    const ports = await freePorts(16);
    const [clients, monitors, routes, leaves] = [0, 1, 2, 3].map((i) => ports.slice(3 * i)) as number[][];
    Object.assign(process.env, PASSWORDS, {
      NATS_ROUTES: list(routes!.slice(0, 3).map((port) => `nats-route://route:route-secret@127.0.0.1:${port}`)),
    });
    copyFileSync(join(SHIPPED, "accounts.conf"), join(this.#folder, "accounts.conf"));
    for (const i of [0, 1, 2]) {
      const name = `nats-${i + 1}`;
      const text = readFileSync(join(SHIPPED, "hub.conf"), "utf8")
        .replace("$NATS_NAME", name)
        .replace("/data", join(this.#folder, name))
        .replace("0.0.0.0:6222", `127.0.0.1:${routes![i]}`)
        .replace("0.0.0.0:7422", `127.0.0.1:${leaves![i]}`);
      this.hub.push(this.#process(program, name, text, { client: clients![i]!, monitor: monitors![i]! }));
    }
    for (const server of this.hub) await server.start();
    for (const [i, plane] of ["eu", "us"].entries()) {
      const name = `leaf-${plane}`;
      process.env.NATS_HUB = list(
        leaves!.slice(0, 3).map((port) => `nats-leaf://${name}:${name}-secret@127.0.0.1:${port}`),
      );
      const text = change(readFileSync(join(SHIPPED, `${name}.conf`), "utf8"));
      const [client, monitor] = ports.slice(12 + 2 * i) as [number, number];
      const server = this.#process(program, name, text, { client, monitor });
      this.leaves.push(server);
      await server.start();
    }
    await untilReady(this.hub, this.leaves);
  }

  #process(program: string, name: string, text: string, ports: { client: number; monitor: number }): NatsProcess {
    const config = join(this.#folder, `${name}.conf`);
    const local = text
      .replace("0.0.0.0:4222", `127.0.0.1:${ports.client}`)
      .replace("0.0.0.0:8222", `127.0.0.1:${ports.monitor}`);
    writeFileSync(config, local);
    return new NatsProcess({ program, name, config, log: join(this.#folder, `${name}.log`), ports });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.hub, ...this.leaves].map((each) => each.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** NATS reads a variable as configuration. */
function list(addresses: readonly string[]): string {
  return JSON.stringify(addresses);
}
