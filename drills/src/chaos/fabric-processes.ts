import type { ChildProcess } from "node:child_process";
import { Child, startChild } from "@graphvm/testing";
import type { LeadOptions, WorkerOptions } from "graphvm";
import type { Away, Ran } from "./reruns.js";

/** Short, so that a stopped process is missed soon, and longer than a client of NATS needs to find another server. */
export const FABRIC_HEARTBEAT = { every: 0.5, deadAfter: 3 };

/** Whoever stood still for so long may have lost its link, in ms: it is there again once it has joined. */
const LOST = 2000;

/** A master process that leads, or waits to. */
export class DrillStandby {
  readonly child: Child;
  /** Settles once it leads; rejects where it ends before. */
  readonly leading: Promise<void>;

  private constructor(process: ChildProcess, leading: Promise<void>) {
    this.child = new Child(process);
    this.leading = leading;
  }

  static async start(options: LeadOptions, heard: (line: string) => void): Promise<DrillStandby> {
    const main = new URL("./standby-main.js", import.meta.url);
    const { process } = await startChild(main, { ...options, heartbeat: FABRIC_HEARTBEAT });
    const leading = new Promise<void>((resolve, reject) => {
      process.on("message", (news: { line?: string; leads?: boolean; error?: string }) => {
        if (news.leads) resolve();
        const line = news.line ?? news.error;
        if (line !== undefined) heard(line);
      });
      process.once("exit", () => reject(new Error("a standby ended before it led")));
    });
    leading.catch(() => {}); // whoever waits for it is told
    return new DrillStandby(process, leading);
  }
}

/** A worker process on NATS that tells what it ran, and when it was away. */
export class FabricWorker {
  readonly name: string;
  readonly ran: Ran[] = [];
  readonly away: Away[] = [];
  /** Whether it was killed, or stands still. */
  troubled = false;
  readonly #child: Child;
  readonly #joined: number[] = [];
  #stopped = 0;

  private constructor(name: string, process: ChildProcess) {
    this.name = name;
    this.#child = new Child(process);
    process.on("message", (news: { ran?: Omit<Ran, "worker">; joined?: number }) => {
      if (news.ran) this.ran.push({ worker: name, ...news.ran });
      if (news.joined) this.#joined.push(news.joined);
    });
  }

  static async start(name: string, options: WorkerOptions): Promise<FabricWorker> {
    const main = new URL("./worker-main.js", import.meta.url);
    const { process } = await startChild(main, { ...options, heartbeat: FABRIC_HEARTBEAT });
    return new FabricWorker(name, process);
  }

  async kill(): Promise<void> {
    this.troubled = true;
    this.away.push({ worker: this.name, from: epochNow(), to: Number.POSITIVE_INFINITY });
    await this.#child.kill();
  }

  stop(): void {
    this.troubled = true;
    this.#stopped = epochNow();
    this.#child.hang();
  }

  resume(): void {
    this.#child.resume();
    this.troubled = false;
    const [from, resumed] = [this.#stopped, epochNow()];
    const joined = this.#joined;
    this.away.push({
      worker: this.name,
      from,
      get to() {
        const back = joined.find((at) => at > resumed);
        return back ?? (resumed - from < LOST ? resumed : Number.POSITIVE_INFINITY);
      },
    });
  }

  /** Ends it: what it does now is no part of the run. */
  async end(): Promise<void> {
    await this.#child.kill();
  }
}

function epochNow(): number {
  return performance.timeOrigin + performance.now();
}
