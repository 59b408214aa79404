import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Child, startChild, TcpProxy, type Weather } from "@graphvm/testing";
import type { MasterOptions, WorkerOptions } from "graphvm";
import type { Links } from "./faults.js";

/** Short, so that a stopped process is missed soon. */
export const HEARTBEAT = { every: 0.25, deadAfter: 1.5 };

/** A master process, and what it says of what happens in it. */
export class DrillMaster {
  readonly url: string;
  readonly child: Child;

  private constructor(url: string, child: Child) {
    this.url = url;
    this.child = child;
  }

  static async start(options: MasterOptions, heard: (line: string) => void): Promise<DrillMaster> {
    const main = new URL("./master-main.js", import.meta.url);
    const { id, process } = await startChild(main, { ...options, heartbeat: HEARTBEAT });
    process.on("message", (news) => heard((news as { line: string }).line));
    return new DrillMaster(id, new Child(process));
  }
}

/** A worker process that reaches its master, and is reached by others, through proxies only. */
export class DrillWorker {
  readonly name: string;
  /** Whether something holds it up. */
  troubled = false;
  readonly #child: Child;
  readonly #toMaster: TcpProxy;
  readonly #toValues: TcpProxy;

  private constructor(name: string, child: Child, toMaster: TcpProxy, toValues: TcpProxy) {
    this.name = name;
    this.#child = child;
    this.#toMaster = toMaster;
    this.#toValues = toValues;
  }

  static async start(name: string, master: () => string, root: string): Promise<DrillWorker> {
    const port = await freePort();
    const toMaster = await TcpProxy.start(master);
    const toValues = await TcpProxy.start(`ws://127.0.0.1:${port}`);
    const options: WorkerOptions = { master: toMaster.url, port, address: toValues.url, root, heartbeat: HEARTBEAT };
    try {
      const { process } = await startChild(new URL("./worker-main.js", import.meta.url), options);
      return new DrillWorker(name, new Child(process), toMaster, toValues);
    } catch (error) {
      await toMaster[Symbol.asyncDispose]();
      await toValues[Symbol.asyncDispose]();
      throw error;
    }
  }

  async kill(): Promise<void> {
    this.troubled = true;
    await this.#child.kill();
  }

  stop(): void {
    this.troubled = true;
    this.#child.hang();
  }

  partition(weather: Weather, links: Links): void {
    this.troubled = true;
    if (links !== "data") this.#toMaster.weather = weather;
    if (links !== "master") this.#toValues.weather = weather;
  }

  /** Lets it go on. */
  heal(): void {
    this.#child.resume();
    this.#toMaster.weather = "fair";
    this.#toValues.weather = "fair";
    this.troubled = false;
  }

  async end(): Promise<void> {
    await this.#child.kill();
    await this.#toMaster[Symbol.asyncDispose]();
    await this.#toValues[Symbol.asyncDispose]();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
