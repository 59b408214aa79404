import type { ChildProcess } from "node:child_process";
import type { WorkerOptions } from "@graphvm/cluster";
import { Child, startChild } from "./child-process.js";

/** A WebSocket worker in a process of its own. */
export class ChildWorker extends Child {
  /** The name the master gave it first. */
  readonly id: string;

  private constructor(id: string, process: ChildProcess) {
    super(process);
    this.id = id;
  }

  /** Starts one; settles once the master has taken it. */
  static async start(options: WorkerOptions): Promise<ChildWorker> {
    const { id, process } = await startChild(new URL("./child-worker-main.js", import.meta.url), options);
    return new ChildWorker(id, process);
  }
}
