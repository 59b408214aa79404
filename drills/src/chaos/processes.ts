import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Child, startChild, TcpProxy } from "@graphvm/testing";
import type { MasterOptions, WorkerOptions } from "graphvm";

/** Short, so that a stopped process is missed soon. */
export const HEARTBEAT = { every: 0.25, deadAfter: 1.5 };

/** A master process. */
export async function startMaster(options: MasterOptions): Promise<{ url: string; child: Child }> {
  const { id, process } = await startChild(new URL("./master-main.js", import.meta.url), {
    ...options,
    heartbeat: HEARTBEAT,
  });
  return { url: id, child: new Child(process) };
}

/** A worker process that reaches its master, and is reached by others, through proxies only. */
export class DrillWorker {
  readonly name: string;
  readonly child: Child;
  readonly #links: readonly TcpProxy[];
  /** What was done to it, where it still holds. */
  trouble: "killed" | "stopped" | "partitioned" | undefined;

  private constructor(name: string, child: Child, links: readonly TcpProxy[]) {
    this.name = name;
    this.child = child;
    this.#links = links;
  }

  static async start(name: string, master: string, root: string): Promise<DrillWorker> {
    const port = await freePort();
    const toMaster = await TcpProxy.start(master);
    const toWorker = await TcpProxy.start(`ws://127.0.0.1:${port}`);
    const options: WorkerOptions = { master: toMaster.url, port, address: toWorker.url, root, heartbeat: HEARTBEAT };
    try {
      const { process } = await startChild(new URL("./worker-main.js", import.meta.url), options);
      return new DrillWorker(name, new Child(process), [toMaster, toWorker]);
    } catch (error) {
      await toMaster[Symbol.asyncDispose]();
      await toWorker[Symbol.asyncDispose]();
      throw error;
    }
  }

  async kill(): Promise<void> {
    this.trouble = "killed";
    await this.child.kill();
  }

  stop(): void {
    this.trouble = "stopped";
    this.child.hang();
  }

  /** Nobody reaches it, and it reaches nobody: links stall, or break at once. */
  partition(how: "stalled" | "cut"): void {
    this.trouble = "partitioned";
    for (const link of this.#links) link.weather = how;
  }

  /** Lets it go on. */
  heal(): void {
    if (this.trouble === "stopped") this.child.resume();
    for (const link of this.#links) link.weather = "fair";
    this.trouble = undefined;
  }

  async end(): Promise<void> {
    await this.child.kill();
    for (const link of this.#links) await link[Symbol.asyncDispose]();
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
