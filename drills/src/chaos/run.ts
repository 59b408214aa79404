import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TcpProxy } from "@graphvm/testing";
import { connect, type Session } from "graphvm";
import { Acts } from "./acts.js";
import { describe, type Plan, type Planned } from "./faults.js";
import { type Data, differences, type Outcome, runPipeline, SESSION } from "./pipeline.js";
import { DrillMaster, DrillWorker, HEARTBEAT } from "./processes.js";

const WORKERS = 3;
/** A run that takes longer is stuck, in ms. */
const PATIENCE = 60_000;

/** What a run of the drill found. */
export interface RunReport {
  readonly seed: number;
  readonly faults: number;
  readonly resumed: boolean;
  readonly seconds: number;
  /** On NATS: how many jobs ran again, and how many of them although a worker that was there held what they had given. */
  readonly again?: number;
  readonly reruns?: number;
  /** What went wrong; nothing where all is well. */
  readonly wrong: readonly string[];
  /** What happened when. */
  readonly log: readonly string[];
}

/** One run of the pipeline while planned things happen to its processes. */
export class ChaosRun {
  readonly #seed: number;
  readonly #plan: Plan;
  readonly #data: Data;
  readonly #journal: string;
  readonly #acts = new Acts();
  readonly #workers: DrillWorker[] = [];
  #master!: DrillMaster;
  #client!: TcpProxy;
  #started = 0;
  #struck = 0;
  #resumed = false;

  /** @param folder Where the run keeps its journal. */
  constructor(seed: number, plan: Plan, data: Data, folder: string) {
    this.#seed = seed;
    this.#plan = plan;
    this.#data = data;
    this.#journal = join(folder, `run-${seed}`);
  }

  async run(quiet: Outcome): Promise<RunReport> {
    try {
      this.#acts.wrong.push(...differences(quiet, await this.#pipeline()));
      if (this.#plan.master && !this.#resumed)
        this.#acts.wrong.push("the master was never killed: it was over too soon");
    } catch (error) {
      this.#acts.wrong.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    await this.#end();
    const { log, wrong, seconds } = this.#acts;
    return { seed: this.#seed, faults: this.#struck, resumed: this.#resumed, seconds, wrong, log };
  }

  async #pipeline(): Promise<Outcome> {
    const { threads, pinned } = this.#plan;
    const options = { port: 0, workers: threads, root: this.#data.folder, journal: this.#journal, ...SESSION };
    this.#master = await DrillMaster.start(options, (line) => this.#acts.note(`  ${line}`));
    this.#client = await TcpProxy.start(this.#master.url);
    await Promise.all(Array.from({ length: WORKERS }, () => this.#addWorker()));
    const session = await connect(this.#client.url, { heartbeat: HEARTBEAT });
    const observer = await connect(this.#master.url, { heartbeat: HEARTBEAT });
    try {
      this.#watch(observer);
      const work = runPipeline(session, this.#data, pinned);
      return await this.#acts.inTime(work, PATIENCE, () =>
        statusOf(() => connect(this.#master.url, { reconnectSeconds: 0 })),
      );
    } finally {
      this.#acts.stop();
      await session.close();
      await observer.close();
    }
  }

  /** Things happen when so many jobs are done; which and when the plan says. Nothing happens to whoever watches. */
  #watch(observer: Session): void {
    const faults = [...this.#plan.faults].sort((a, b) => a.done - b.done);
    let { master } = this.#plan;
    observer.onProgress(({ done, total }) => {
      if (this.#acts.over || total === 0) return;
      if (master && done >= master.done) {
        this.#acts.begin(this.#restartMaster(done, master));
        master = undefined;
      }
      while (faults.length > 0 && done >= faults[0]!.done) this.#acts.begin(this.#strike(done, faults.shift()!));
    });
  }

  async #strike(done: number, { delay, victim, fault }: Planned): Promise<void> {
    await this.#acts.rest(delay);
    // one of them is left alone: what has no worker at all for long fails, and should
    const free = this.#workers.filter(({ troubled }) => !troubled);
    const worker = free.length < 2 ? undefined : free[victim % free.length]!;
    this.#struck++;
    if (fault.kind === "add" || (!worker && fault.kind !== "client")) {
      this.#acts.note(`${done} done: a worker is added`);
      return this.#addWorker();
    }
    this.#acts.note(`${done} done: ${describe(fault, worker?.name ?? "")}`);
    if (fault.kind === "kill") {
      await worker!.kill();
      return this.#addWorker();
    }
    if (fault.kind === "client") this.#client.weather = fault.how;
    else if (fault.kind === "stop") worker!.stop();
    else worker!.partition(fault.kind === "stall" ? "stalled" : "cut", fault.links);
    if (fault.after === undefined) return;
    await this.#acts.rest(fault.after);
    if (fault.kind === "client") this.#client.weather = "fair";
    else worker!.heal();
    this.#acts.note(`${fault.kind === "client" ? "the client" : worker!.name} goes on`);
  }

  async #restartMaster(done: number, { delay, down }: NonNullable<Plan["master"]>): Promise<void> {
    await this.#acts.rest(delay);
    this.#resumed = true;
    this.#acts.note(`${done} done: the master is killed, and resumed ${down} ms later`);
    await this.#master.child.kill();
    await this.#acts.rest(down);
    const { threads: workers } = this.#plan;
    this.#master = await DrillMaster.start({ workers, resume: this.#journal }, (line) => this.#acts.note(`  ${line}`));
    this.#acts.note("the master goes on");
  }

  async #addWorker(): Promise<void> {
    const name = `worker ${++this.#started}`;
    // a master that is down at this moment takes it a little later
    for (let left = 20; ; left--) {
      try {
        const worker = await DrillWorker.start(name, () => this.#master.url, this.#data.folder);
        this.#workers.push(worker);
        return;
      } catch (error) {
        if (left === 0 || this.#acts.over) throw error;
        await this.#acts.rest(250);
      }
    }
  }

  async #end(): Promise<void> {
    await this.#acts.ended();
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.#master?.child.kill();
    await this.#client?.[Symbol.asyncDispose]();
    rmSync(this.#journal, { recursive: true, force: true });
  }
}

/** What the master says of itself, where it still does. */
export async function statusOf(open: () => Promise<Session>): Promise<string> {
  try {
    await using session = await open();
    const status = await Promise.race([session.status(), pause(5000)]);
    return status ? JSON.stringify(status) : "the master does not answer";
  } catch (error) {
    return String(error);
  }
}
