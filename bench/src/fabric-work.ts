// Works of the fabric's benchmark: the same cluster, whose parts meet by WebSocket or on NATS.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect, type FabricOptions, type Session, startMaster } from "@graphvm/cluster";

type Program = typeof import("./cluster-program.js");

/** So many workers a process has at most. */
const CROWD = 20;
/** Bytes of a row of a table of 8 columns. */
const ROW = 64;

const open = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of open) child.kill("SIGKILL");
});

const since = (start: number): number => (performance.now() - start) / 1000;

/** A cluster that is measured. */
export class FabricBench {
  readonly #session: Session;
  readonly #work: Program["work"];
  readonly #close: () => Promise<void>;
  /** No job is asked for twice. */
  #next = 0;

  private constructor(session: Session, work: Program["work"], close: () => Promise<void>) {
    this.#session = session;
    this.#work = work;
    this.#close = close;
  }

  /** @param fabric Where its parts meet; by WebSocket without. */
  static async start(workers: number, fabric?: FabricOptions): Promise<FabricBench> {
    const master = await startMaster({ port: 0, workers: 0, seed: 0, epoch: 0, ...(fabric && { fabric }) });
    const children: ChildProcess[] = [];
    const where = fabric ? { fabric } : { master: master.url };
    const close = async (): Promise<void> => {
      for (const child of children) child.kill("SIGKILL");
      await master.close();
    };
    try {
      for (let left = workers; left > 0; left -= CROWD) {
        // few workers have a process each, as on machines of their own
        const crowds = workers <= 8 ? Array.from({ length: workers }, () => 1) : [Math.min(CROWD, left)];
        for (const count of crowds) children.push(await startWorkers({ ...where, count }));
      }
      const session = await (fabric ? connect({ fabric }) : connect(master.url));
      const { work } = await session.load<Program>(fileURLToPath(new URL("./cluster-program.js", import.meta.url)));
      return new FabricBench(session, work, async () => {
        await session.endCluster();
        await close();
      });
    } catch (error) {
      await close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Seconds from refs to every job done: planning, dispatch, running, digests, and the list of all digests at the client. */
  async jobs(count: number): Promise<number> {
    await this.#session.initGraph();
    const first = this.#next;
    this.#next += count;
    const start = performance.now();
    const refs = Array.from({ length: count }, (_, i) => this.#work.tiny(first + i));
    await this.#session.dispatchJobs(await this.#session.jobDeps(refs));
    const done = await this.#session.wait();
    const took = since(start);
    if (done.length !== count) throw new Error(`${done.length} of ${count} jobs were done`);
    return took;
  }

  /** Seconds of one job, from its ref to its value at the client. */
  async single(): Promise<number> {
    const i = this.#next++;
    const start = performance.now();
    const value = await this.#session.calc(this.#work.tiny(i));
    const took = since(start);
    if (value !== i + 1) throw new Error(`tiny(${i}) gave ${value}`);
    return took;
  }

  /** Seconds from the ref of a job that needs two tables of different workers to its value: one table travels. */
  async transfer(bytes: number): Promise<number> {
    const [rows, seed] = [Math.ceil(bytes / ROW), this.#next++];
    await this.#session.initGraph();
    const tables = [this.#work.table(rows, 8, seed), this.#work.table(rows, 8, seed + 0.5)];
    await this.#session.dispatchJobs(await this.#session.jobDeps(tables));
    const holders = new Set((await this.#session.wait()).map((job) => job.worker));
    if (holders.size !== 2) throw new Error("one worker made both tables");
    const start = performance.now();
    const value = await this.#session.calc(this.#work.meet(rows, 8, seed), { cut: ["work.table"] });
    const took = since(start);
    if (value !== 2 * seed + 0.5) throw new Error(`the tables gave ${value}`);
    return took;
  }
}

async function startWorkers(options: object): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL("./fabric-workers.js", import.meta.url)), [JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  open.add(child);
  child.once("exit", () => open.delete(child));
  const gone = once(child, "exit").then(([code]) => {
    throw new Error(`a process of workers ended with code ${code}`);
  });
  await Promise.race([once(child, "message"), gone]);
  gone.catch(() => {}); // killed at the end
  return child;
}
