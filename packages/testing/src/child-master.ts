import type { ChildProcess } from "node:child_process";
import type { LeadOptions, MasterOptions } from "@graphvm/cluster";
import { Child, startChild } from "./child-process.js";

/** A master in a process of its own. */
export class ChildMaster extends Child {
  readonly url: string;

  private constructor(url: string, process: ChildProcess) {
    super(process);
    this.url = url;
  }

  /** Starts one; settles once it listens. */
  static async start(options: MasterOptions): Promise<ChildMaster> {
    const { id, process } = await startChild(new URL("./child-master-main.js", import.meta.url), options);
    return new ChildMaster(id, process);
  }

  /** Starts one that waits until whoever leads has gone; settles once it waits. Its `url` is no address. */
  static async standBy(options: LeadOptions): Promise<ChildMaster> {
    const { id, process } = await startChild(new URL("./child-standby-main.js", import.meta.url), options);
    return new ChildMaster(id, process);
  }
}
