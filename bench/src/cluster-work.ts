// Works of the cluster's benchmark: each runs in a process of its own, so that one's memory is not another's.
import { fileURLToPath } from "node:url";
import { connect, type Session, startMaster } from "@graphvm/cluster";
import { ChildWorker } from "@graphvm/testing";

type Program = typeof import("./cluster-program.js");
type Work = Program["work"];

/** Where the jobs run: threads of the master's process, or processes that speak WebSocket. */
export type Place = "threads" | "sockets";
export type Measure = "jobs" | "latency" | "transfer" | "value";

/** What two tables of different workers are to a job that needs both: on threads, one of them is a view of the other's memory. */
const SHARED = 1;

export const JOBS = 10_000;
/** Jobs one by one, in each round. */
export const SINGLES = 100;
/** Rounds of single jobs before the first that counts, of whoever is measured: a cluster that people work with is warm. */
export const WARM_ROUNDS = 20;
export const WORKERS = 3;
/** A table of 8 columns and 100 MB. */
export const COLUMNS = 8;
export const ROWS = 1_562_500;
export const BYTES = ROWS * COLUMNS * 8;

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** A cluster that is measured in rounds. */
export interface Measured {
  /** The seconds of one round: of all jobs, of each single one, of one table. */
  round(): Promise<number[]>;
  /** Bytes of values that went from process to process, and those held for the last round's tables. */
  bytes(): Promise<{ readonly moved: number; readonly held: number }>;
  close(): Promise<void>;
}

/** Starts a cluster for one measure, warm. */
export async function startMeasured(place: Place, measure: Measure): Promise<Measured> {
  const workers = measure === "transfer" ? 2 : WORKERS;
  const master = await startMaster({ port: 0, workers: place === "threads" ? workers : 0, seed: 0, epoch: 0 });
  const children: ChildWorker[] = [];
  const close = async (): Promise<void> => {
    for (const child of children) await child.kill();
    await master.close();
  };
  try {
    for (let i = 0; place === "sockets" && i < workers; i++) {
      children.push(await ChildWorker.start({ master: master.url }));
    }
    const session = await connect(master.url);
    const { work } = await session.load<Program>(fileURLToPath(new URL("./cluster-program.js", import.meta.url)));
    let done = 0;
    const round = (): Promise<number[]> => MEASURES[measure](session, work, done++);
    for (let i = 0; i < (measure === "latency" ? WARM_ROUNDS : 1); i++) await round();
    const bytes = async () => (await session.status()).usage;
    return { round, bytes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const MEASURES: {
  readonly [measure in Measure]: (session: Session, work: Work, round: number) => Promise<number[]>;
} = {
  /** From refs to every job done: planning, dispatch, running, digests, and the list of all digests at the client. */
  async jobs(session, work, round) {
    await session.initGraph();
    const start = performance.now();
    await session.dispatchJobs(
      await session.jobDeps(Array.from({ length: JOBS }, (_, i) => work.tiny(round * JOBS + i))),
    );
    const done = await session.wait();
    const took = seconds(start);
    if (done.length !== JOBS) throw new Error(`${done.length} of ${JOBS} jobs were done`);
    return [took];
  },

  /** One job at a time, from its ref to its value at the client. */
  async latency(session, work, round) {
    const took: number[] = [];
    for (let i = round * SINGLES; i < (round + 1) * SINGLES; i++) {
      const start = performance.now();
      const value = await session.calc(work.tiny(i));
      took.push(seconds(start));
      if (value !== i + 1) throw new Error(`tiny(${i}) gave ${value}`);
    }
    return took;
  },

  /** Two tables that two workers made; then a job that needs both: from its ref to its value, one table travels. */
  async transfer(session, work, seed) {
    await session.initGraph();
    const tables = [work.table(ROWS, COLUMNS, seed), work.table(ROWS, COLUMNS, seed + 0.5)];
    await session.dispatchJobs(await session.jobDeps(tables));
    const holders = new Set((await session.wait()).map((job) => job.worker));
    if (holders.size !== 2) throw new Error("one worker made both tables");
    const start = performance.now();
    const value = await session.calc(work.meet(ROWS, COLUMNS, seed), { cut: ["work.table"] });
    const took = seconds(start);
    if (value !== 2 * seed + 0.5) throw new Error(`the tables gave ${value}`);
    const shared = await session.calc(work.shared(ROWS, COLUMNS, seed), { cut: ["work.table"] });
    if (shared < SHARED) throw new Error("a table was copied into memory of its own");
    return [took];
  },

  /** 100 MB of bytes that a job makes, from its ref to the value at the client: made, digested, encoded, fetched. */
  async value(session, work, seed) {
    await session.initGraph();
    const start = performance.now();
    const value = await session.calc(work.bytes(BYTES, seed));
    const took = seconds(start);
    if (value.length !== BYTES || value.at(-1) !== seed % 256) throw new Error("other bytes arrived");
    return [took];
  },
};
