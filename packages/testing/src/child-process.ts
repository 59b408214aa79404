import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A process of a cluster that can be killed without warning, or stopped and let go on. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(process: ChildProcess) {
    this.#process = process;
    this.#ended = process.exitCode === null && process.signalCode === null ? once(process, "exit") : Promise.resolve();
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

/** Starts `main` with options; settles with the process and its name once it says that one. */
export async function startChild(main: URL, options: object): Promise<{ id: string; process: ChildProcess }> {
  const child = fork(main, [JSON.stringify(options)], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [news] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [unknown];
  if (typeof news !== "object" || news === null || !("id" in news)) {
    child.kill("SIGKILL");
    const why = typeof news === "object" && news !== null && "error" in news ? news.error : `it ended with ${news}`;
    throw new Error(`the process did not start: ${why}`);
  }
  return { id: String(news.id), process: child };
}
