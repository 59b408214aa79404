import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TcpProxy } from "@graphvm/testing";
import { connect, type Session } from "graphvm";
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
  readonly #log: string[] = [];
  readonly #wrong: string[] = [];
  readonly #start = performance.now();
  readonly #workers: DrillWorker[] = [];
  /** What is under way: faults, and what ends them. */
  readonly #acts = new Set<Promise<void>>();
  readonly #over = new AbortController();
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
      this.#wrong.push(...differences(quiet, await this.#pipeline()));
      if (this.#plan.master && !this.#resumed) this.#wrong.push("the master was never killed: it was over too soon");
    } catch (error) {
      this.#wrong.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    await this.#end();
    const seconds = (performance.now() - this.#start) / 1000;
    return {
      seed: this.#seed,
      faults: this.#struck,
      resumed: this.#resumed,
      seconds,
      wrong: this.#wrong,
      log: this.#log,
    };
  }

  async #pipeline(): Promise<Outcome> {
    const { threads, pinned } = this.#plan;
    const options = { port: 0, workers: threads, root: this.#data.folder, journal: this.#journal, ...SESSION };
    this.#master = await DrillMaster.start(options, (line) => this.#note(`  ${line}`));
    this.#client = await TcpProxy.start(this.#master.url);
    await Promise.all(Array.from({ length: WORKERS }, () => this.#addWorker()));
    const session = await connect(this.#client.url, { heartbeat: HEARTBEAT });
    const observer = await connect(this.#master.url, { heartbeat: HEARTBEAT });
    const late = new AbortController();
    try {
      this.#watch(observer);
      const stuck = pause(PATIENCE, undefined, { signal: late.signal }).then(async () => {
        this.#note(`stuck: ${await statusOf(this.#master.url)}`);
        throw new Error(`it was not over after ${PATIENCE / 1000} s`);
      });
      stuck.catch(() => {});
      return await Promise.race([runPipeline(session, this.#data, pinned), stuck]);
    } finally {
      late.abort();
      this.#over.abort();
      await session.close();
      await observer.close();
    }
  }

  /** Things happen when so many jobs are done; which and when the plan says. Nothing happens to whoever watches. */
  #watch(observer: Session): void {
    const faults = [...this.#plan.faults].sort((a, b) => a.done - b.done);
    let { master } = this.#plan;
    observer.onProgress(({ done, total }) => {
      if (this.#over.signal.aborted || total === 0) return;
      if (master && done >= master.done) {
        this.#act(this.#restartMaster(done, master));
        master = undefined;
      }
      while (faults.length > 0 && done >= faults[0]!.done) this.#act(this.#strike(done, faults.shift()!));
    });
  }

  #act(act: Promise<void>): void {
    const whole = act
      .catch((error: unknown) => {
        // what is cut short by the end of the run was not needed
        if (!this.#over.signal.aborted) this.#wrong.push(`the drill itself failed: ${error}`);
      })
      .finally(() => this.#acts.delete(whole));
    this.#acts.add(whole);
  }

  async #strike(done: number, { delay, victim, fault }: Planned): Promise<void> {
    await this.#rest(delay);
    // one of them is left alone: what has no worker at all for long fails, and should
    const free = this.#workers.filter(({ troubled }) => !troubled);
    const worker = free.length < 2 ? undefined : free[victim % free.length]!;
    this.#struck++;
    if (fault.kind === "add" || (!worker && fault.kind !== "client")) {
      this.#note(`${done} done: a worker is added`);
      return this.#addWorker();
    }
    this.#note(`${done} done: ${describe(fault, worker?.name ?? "")}`);
    if (fault.kind === "kill") {
      await worker!.kill();
      return this.#addWorker();
    }
    if (fault.kind === "client") this.#client.weather = fault.how;
    else if (fault.kind === "stop") worker!.stop();
    else worker!.partition(fault.kind === "stall" ? "stalled" : "cut", fault.links);
    if (fault.after === undefined) return;
    await this.#rest(fault.after);
    if (fault.kind === "client") this.#client.weather = "fair";
    else worker!.heal();
    this.#note(`${fault.kind === "client" ? "the client" : worker!.name} goes on`);
  }

  async #restartMaster(done: number, { delay, down }: NonNullable<Plan["master"]>): Promise<void> {
    await this.#rest(delay);
    this.#resumed = true;
    this.#note(`${done} done: the master is killed, and resumed ${down} ms later`);
    await this.#master.child.kill();
    await this.#rest(down);
    const { threads: workers } = this.#plan;
    this.#master = await DrillMaster.start({ workers, resume: this.#journal }, (line) => this.#note(`  ${line}`));
    this.#note("the master goes on");
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
        if (left === 0 || this.#over.signal.aborted) throw error;
        await this.#rest(250);
      }
    }
  }

  #rest(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.#over.signal });
  }

  async #end(): Promise<void> {
    await Promise.all(this.#acts);
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.#master?.child.kill();
    await this.#client?.[Symbol.asyncDispose]();
    rmSync(this.#journal, { recursive: true, force: true });
  }

  #note(what: string): void {
    const at = Math.round(performance.now() - this.#start);
    this.#log.push(`${String(at).padStart(6)} ms  ${what}`);
  }
}

/** What the master says of itself, where it still does. */
async function statusOf(url: string): Promise<string> {
  try {
    await using session = await connect(url, { reconnectSeconds: 0 });
    const status = await Promise.race([session.status(), pause(5000)]);
    return status ? JSON.stringify(status) : "the master does not answer";
  } catch (error) {
    return String(error);
  }
}
