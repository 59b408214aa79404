// Works of the cluster's benchmark: each runs in a process of its own, so that one's memory is not another's.
import { fileURLToPath } from "node:url";
import { connect, type Session, startMaster } from "@graphvm/cluster";
import { ChildWorker } from "@graphvm/testing";

type Program = typeof import("./cluster-program.js");

/** Where the jobs run: threads of the master's process, or processes that speak WebSocket. */
export type Place = "threads" | "sockets";
export type Measure = "jobs" | "latency" | "transfer";

/** What two tables of different workers are to a job that needs both: on threads, one of them is a view of the other's memory. */
const SHARED = 1;

/** What one process measured. */
export interface Measured {
  /** Jobs, latency: of each run. Transfer: of each table. */
  readonly seconds: readonly number[];
  /** Largest resident memory of the process with master and client (and threads). */
  readonly peakBytes: number;
}

export const JOBS = 10_000;
export const RUNS = 3;
export const SINGLES = 400;
export const WORKERS = 3;
/** A table of 8 columns and 100 MB. */
export const COLUMNS = 8;
export const ROWS = 1_562_500;
export const TABLES = 5;

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** Starts a cluster, measures and ends it. */
export async function runCluster(place: Place, measure: Measure): Promise<Measured> {
  const workers = measure === "transfer" ? 2 : WORKERS;
  await using master = await startMaster({ port: 0, workers: place === "threads" ? workers : 0, seed: 0, epoch: 0 });
  const children: ChildWorker[] = [];
  try {
    for (let i = 0; place === "sockets" && i < workers; i++) {
      children.push(await ChildWorker.start({ master: master.url }));
    }
    await using session = await connect(master.url);
    const { work } = await session.load<Program>(fileURLToPath(new URL("./cluster-program.js", import.meta.url)));
    const took = await MEASURES[measure](session, work);
    return { seconds: took, peakBytes: process.resourceUsage().maxRSS * 1024 };
  } finally {
    for (const child of children) await child.kill();
  }
}

const MEASURES: { readonly [measure in Measure]: (session: Session, work: Program["work"]) => Promise<number[]> } = {
  /** From refs to every job done: planning, dispatch, running, digests, and the list of all digests at the client. */
  async jobs(session, work) {
    const took: number[] = [];
    for (let run = 0; run <= RUNS; run++) {
      await session.initGraph();
      const start = performance.now();
      await session.dispatchJobs(
        await session.jobDeps(Array.from({ length: JOBS }, (_, i) => work.tiny(run * JOBS + i))),
      );
      const done = await session.wait();
      took.push(seconds(start));
      if (done.length !== JOBS) throw new Error(`${done.length} of ${JOBS} jobs were done`);
    }
    return took.slice(1);
  },

  /** One job at a time, from its ref to its value at the client. */
  async latency(session, work) {
    const took: number[] = [];
    for (let i = -SINGLES / 2; i < SINGLES; i++) {
      const start = performance.now();
      const value = await session.calc(work.tiny(i));
      if (i >= 0) took.push(seconds(start));
      if (value !== i + 1) throw new Error(`tiny(${i}) gave ${value}`);
    }
    return took;
  },

  /** Two tables that two workers made; then a job that needs both: from its ref to its value, one table travels. */
  async transfer(session, work) {
    const took: number[] = [];
    for (let seed = 0; seed <= TABLES; seed++) {
      await session.initGraph();
      const tables = [work.table(ROWS, COLUMNS, seed), work.table(ROWS, COLUMNS, seed + 0.5)];
      await session.dispatchJobs(await session.jobDeps(tables));
      const holders = new Set((await session.wait()).map((job) => job.worker));
      if (holders.size !== 2) throw new Error("one worker made both tables");
      const start = performance.now();
      const value = await session.calc(work.meet(ROWS, COLUMNS, seed), { cut: ["work.table"] });
      took.push(seconds(start));
      if (value !== 2 * seed + 0.5) throw new Error(`the tables gave ${value}`);
      const shared = await session.calc(work.shared(ROWS, COLUMNS, seed), { cut: ["work.table"] });
      if (shared < SHARED) throw new Error("a table was copied into memory of its own");
    }
    return took.slice(1);
  },
};
