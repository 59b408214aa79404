import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mayRun, ownMark, type ProcessMark } from "@graphvm/cluster/internal";

/** A server that was started, as `fabric.json` names it. */
export interface FabricServer {
  readonly name: string;
  /** The plane whose leaf node it is; none for a server of the hub. */
  readonly plane?: string;
  /** Where masters, workers and clients reach it. */
  readonly url: string;
  /** Where it tells of itself: `/varz`, `/leafz`, `/jsz`. */
  readonly monitor: string;
  readonly process: ProcessMark;
}

/** What `fabric.json` says. */
export interface FabricState {
  /** The first port. */
  readonly port: number;
  /** The addresses of all servers of the hub. */
  readonly url: string;
  readonly servers: readonly FabricServer[];
}

/** The folder of a local fabric: what is up, its stores and logs. */
export class FabricFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
  }

  get file(): string {
    return join(this.path, "fabric.json");
  }

  /** Where servers keep their configuration, store and log. */
  get run(): string {
    return join(this.path, "run");
  }

  read(): FabricState | undefined {
    try {
      return JSON.parse(readFileSync(this.file, "utf8")) as FabricState;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new Error(
        `${this.file} can't be read (${(error as Error).message}): remove it once no nats-server of it runs`,
      );
    }
  }

  write(state: FabricState): void {
    writeFileSync(`${this.file}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
    renameSync(`${this.file}.new`, this.file);
  }

  /** Nothing of it is left but the nats-server that was installed. */
  clear(): void {
    rmSync(this.run, { recursive: true, force: true });
    rmSync(this.file, { force: true });
  }

  /** Runs `work` while no other process starts or stops anything of this folder. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const lock = join(this.path, "lock");
    for (let attempt = 1; ; attempt++) {
      try {
        writeFileSync(lock, JSON.stringify(ownMark()), { flag: "wx" });
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        const owner = readOwner(lock);
        if (attempt > 1 || !owner || mayRun(owner))
          throw new Error(
            `process ${owner?.pid ?? "?"} starts or stops the fabric now: wait for it, or remove ${lock}`,
          );
        rmSync(lock, { force: true });
      }
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function readOwner(lock: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(lock, "utf8")) as ProcessMark;
  } catch {
    return undefined;
  }
}
