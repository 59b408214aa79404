import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { WorkerOptions } from "@graphvm/cluster";

/** A WebSocket worker in a process of its own: it can be killed without warning, or stopped and let go on. */
export class ChildWorker {
  /** The name the master gave it. */
  readonly id: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(id: string, process: ChildProcess) {
    this.id = id;
    this.#process = process;
    this.#ended = process.exitCode === null && process.signalCode === null ? once(process, "exit") : Promise.resolve();
  }

  /** Starts one; settles once the master has taken it. */
  static async start(options: WorkerOptions): Promise<ChildWorker> {
    const child = fork(new URL("./child-worker-main.js", import.meta.url), [JSON.stringify(options)], {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const [news] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [unknown];
    if (typeof news !== "object" || news === null || !("id" in news)) {
      child.kill("SIGKILL");
      const why = typeof news === "object" && news !== null && "error" in news ? news.error : `it ended with ${news}`;
      throw new Error(`the worker process did not start: ${why}`);
    }
    return new ChildWorker(String(news.id), child);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** kill -9: nothing of it runs any more. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Stops it where it stands: its sockets stay open and nobody answers. */
  hang(): void {
    this.#process.kill("SIGSTOP");
  }

  /** Lets it go on. */
  resume(): void {
    this.#process.kill("SIGCONT");
  }

  /** Settles when the process is over. */
  async over(): Promise<void> {
    await this.#ended;
  }
}
