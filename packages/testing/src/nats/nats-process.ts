import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { NatsStartError } from "../errors.js";
import type { Guardian } from "./guardian.js";
import { Monitor } from "./monitor.js";

/** What a server is started with. */
export interface NatsProcessOptions {
  readonly program: string;
  readonly name: string;
  /** The file of its configuration. */
  readonly config: string;
  /** The file it logs to. */
  readonly log: string;
  readonly ports: { readonly client: number; readonly monitor: number };
}

/** For how long a server may take to listen, in milliseconds. */
const PATIENCE = 20_000;

/** A NATS server in a process of its own that can be killed, started again, or stopped and let go on. */
export class NatsProcess {
  readonly name: string;
  /** Where clients reach it. */
  readonly url: string;
  readonly monitor: Monitor;
  readonly #options: NatsProcessOptions;
  readonly #guardian: Guardian | undefined;
  #process: ChildProcess | undefined;

  /** @param guardian Ends it with this process; without one it outlives it. */
  constructor(options: NatsProcessOptions, guardian?: Guardian) {
    this.name = options.name;
    this.url = `nats://127.0.0.1:${options.ports.client}`;
    this.monitor = new Monitor(`http://127.0.0.1:${options.ports.monitor}`);
    this.#options = options;
    this.#guardian = guardian;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** The end of what it logged. */
  get log(): string {
    return tail(this.#options.log);
  }

  /**
   * Starts it, or starts it again on the same ports and store; settles once it listens.
   *
   * @throws NatsStartError
   */
  async start(): Promise<void> {
    if (this.#process) return;
    const { program, config, log } = this.#options;
    const out = openSync(log, "a"); // what is wrong with a configuration is said before a log of its own is open
    const process = spawn(program, ["-c", config], { cwd: "/", stdio: ["ignore", out, out], detached: true });
    closeSync(out);
    process.unref();
    await once(process, "spawn");
    const pid = process.pid!;
    this.#guardian?.watch(pid);
    this.#process = process;
    process.once("exit", () => {
      this.#guardian?.forget(pid);
      if (this.#process === process) this.#process = undefined;
    });
    await this.#listening();
  }

  /** kill -9: nothing of it runs any more; what it stored stays. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (!process) return;
    const over = once(process, "exit");
    process.ref();
    process.kill("SIGKILL");
    await over;
  }

  /** Kills it if it runs, and starts it again. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Stops it where it stands: its sockets stay open and nobody answers. Settles once all of its threads stand. */
  async pause(): Promise<void> {
    if (!this.#process) return;
    this.#process.kill("SIGSTOP");
    while (this.#process && !stands(this.pid)) await pause(1);
  }

  /** Lets it go on. */
  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  async #listening(): Promise<void> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      if (!this.#process || performance.now() > end) {
        const how = this.#process ? `does not listen after ${PATIENCE / 1000} s` : "ended while it started";
        await this.kill();
        throw new NatsStartError(`the NATS server ${this.name} ${how}: ${this.log}`, { log: this.log });
      }
      const heard = await this.monitor.varz().catch(() => undefined);
      if (heard?.server_name === this.name) return;
      await pause(20);
    }
  }
}

/** Whether all threads of a process are stopped; true where the system does not say. */
function stands(pid: number): boolean {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.every((task) => /\) [TXZ] /.test(readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8")));
  } catch {
    return true;
  }
}

function tail(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-8).join("\n");
  } catch {
    return "it logged nothing";
  }
}
