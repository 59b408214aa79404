import { TcpProxy } from "../tcp-proxy.js";
import type { HubPlan } from "./configuration.js";

/** A port nobody listens on: servers that hear of others from third ones get nowhere past the proxies. */
const NOWHERE = "127.0.0.1:1";

/** Routes between the servers of a hub, each through a proxy, so that some servers can be parted from the others. */
export class Routes implements AsyncDisposable {
  /** `from,to`, both numbers of servers. */
  readonly #proxies = new Map<string, TcpProxy>();

  get there(): boolean {
    return this.#proxies.size > 0;
  }

  /** Where each server is told that the others are. */
  async through(plans: readonly HubPlan[]): Promise<HubPlan[]> {
    return await Promise.all(
      plans.map(async (plan, from) => {
        const routes: string[] = [];
        for (const [to, { ports }] of plans.entries()) {
          if (to === from) continue;
          const proxy = await TcpProxy.start(`ws://127.0.0.1:${ports.route}`);
          this.#proxies.set(`${from},${to}`, proxy);
          routes.push(new URL(proxy.url).host);
        }
        return { ...plan, routes, advertise: NOWHERE };
      }),
    );
  }

  /** Nothing passes between `some` and the others, and both notice at once. */
  part(some: readonly number[]): void {
    for (const [key, proxy] of this.#proxies) {
      const [from, to] = key.split(",").map(Number) as [number, number];
      if (some.includes(from) !== some.includes(to)) proxy.weather = "cut";
    }
  }

  heal(): void {
    for (const proxy of this.#proxies.values()) proxy.weather = "fair";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy[Symbol.asyncDispose]();
  }
}
