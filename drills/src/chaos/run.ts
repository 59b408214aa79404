import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Child } from "@graphvm/testing";
import { connect, type Session } from "graphvm";
import { Random } from "../random.js";
import { type Data, differences, type Outcome, runPipeline, SESSION } from "./pipeline.js";
import { DrillWorker, startMaster } from "./processes.js";

const WORKERS = 3;
/** What may happen to workers in one run, at most. */
const MOST_FAULTS = 5;
/** A run that takes longer is stuck, in ms. */
const PATIENCE = 90_000;

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

/** One run of the pipeline while seeded things happen to its processes. */
export class ChaosRun {
  readonly #seed: number;
  readonly #random: Random;
  readonly #data: Data;
  readonly #journal: string;
  readonly #log: string[] = [];
  readonly #start = performance.now();
  readonly #workers: DrillWorker[] = [];
  /** Faults and recoveries that are under way. */
  readonly #acts = new Set<Promise<void>>();
  #master!: { url: string; child: Child };
  #faults = 0;
  #over = false;
  #resumed = false;

  /** @param folder Where the run keeps its journal. */
  constructor(seed: number, data: Data, folder: string) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#data = data;
    this.#journal = join(folder, `run-${seed}`);
  }

  /** @param killMaster Whether the master is killed and resumed too. */
  async run(quiet: Outcome, killMaster: boolean): Promise<RunReport> {
    let wrong: string[];
    try {
      const outcome = await this.#pipeline(killMaster);
      wrong = differences(quiet, outcome);
      if (killMaster && !this.#resumed) wrong.push("the master was never killed: the run was over too soon");
    } catch (error) {
      wrong = [error instanceof Error ? `${error.name}: ${error.message}` : String(error)];
    }
    await this.#end();
    const seconds = (performance.now() - this.#start) / 1000;
    const { seed, faults, resumed, log } = {
      seed: this.#seed,
      faults: this.#faults,
      resumed: this.#resumed,
      log: this.#log,
    };
    return { seed, faults, resumed, seconds, wrong, log };
  }

  async #pipeline(killMaster: boolean): Promise<Outcome> {
    const root = this.#data.folder;
    this.#master = await startMaster({ port: 0, workers: 0, root, journal: this.#journal, ...SESSION });
    await Promise.all(Array.from({ length: WORKERS }, () => this.#addWorker()));
    const session = await connect(this.#master.url, { reconnectSeconds: 60 });
    try {
      this.#watch(session, killMaster);
      const late = new AbortController();
      const stuck = pause(PATIENCE, undefined, { signal: late.signal }).then(() => {
        throw new Error(`it was not over after ${PATIENCE / 1000} s`);
      });
      stuck.catch(() => {});
      try {
        return await Promise.race([runPipeline(session, this.#data), stuck]);
      } finally {
        late.abort();
      }
    } finally {
      this.#over = true;
      await session.close();
    }
  }

  /** Things happen when so many jobs are done; which and how many the seed says. */
  #watch(session: Session, killMaster: boolean): void {
    const masterAt = killMaster ? 1 + this.#random.below(14) : Number.POSITIVE_INFINITY;
    let next = 1 + this.#random.below(3);
    session.onProgress(({ done, total }) => {
      if (this.#over || total === 0) return;
      if (done >= masterAt && !this.#resumed) {
        this.#resumed = true;
        this.#act(this.#restartMaster(done));
      }
      if (done < next || this.#faults >= MOST_FAULTS) return;
      next = done + 1 + this.#random.below(5);
      this.#faults++;
      this.#act(this.#fault(done));
    });
  }

  #act(act: Promise<void>): void {
    const whole = act.catch((error: unknown) => this.#note(`failed: ${error}`)).finally(() => this.#acts.delete(whole));
    this.#acts.add(whole);
  }

  async #fault(done: number): Promise<void> {
    const kind = this.#random.pick(["kill", "stop", "stall", "cut", "add"] as const);
    // one of them is left alone: what has no worker at all for long fails, and should
    const free = this.#workers.slice(1).filter(({ trouble }) => trouble === undefined);
    const worker = free.length === 0 ? undefined : this.#random.pick(free);
    const heals = this.#random.below(4) > 0;
    const after = 200 + this.#random.below(4000);
    if (kind === "add" || !worker) {
      this.#note(`${done} done: a worker is added`);
      await this.#addWorker();
    } else if (kind === "kill") {
      this.#note(`${done} done: ${worker.name} is killed`);
      await worker.kill();
      await this.#addWorker();
    } else {
      const what = { stop: "stopped", stall: "cut off (links stall)", cut: "cut off (links break)" }[kind];
      this.#note(`${done} done: ${worker.name} is ${what}, ${heals ? `for ${after} ms` : "for good"}`);
      if (kind === "stop") worker.stop();
      else worker.partition(kind === "stall" ? "stalled" : "cut");
      if (!heals) return;
      await pause(after);
      if (this.#over) return;
      worker.heal();
      this.#note(`${worker.name} goes on`);
    }
  }

  async #restartMaster(done: number): Promise<void> {
    const down = this.#random.below(1500);
    this.#note(`${done} done: the master is killed, and resumed ${down} ms later`);
    await this.#master.child.kill();
    await pause(down);
    this.#master = await startMaster({ workers: 0, resume: this.#journal });
    this.#note("the master goes on");
  }

  async #addWorker(): Promise<void> {
    const name = `worker ${this.#workers.length + 1}`;
    // a master that is down at this moment takes it a little later
    for (let left = 20; ; left--) {
      try {
        const worker = await DrillWorker.start(name, this.#master.url, this.#data.folder);
        this.#workers.push(worker);
        if (this.#over) await worker.end();
        return;
      } catch (error) {
        if (left === 0 || this.#over) throw error;
        await pause(250);
      }
    }
  }

  async #end(): Promise<void> {
    await Promise.all(this.#acts);
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.#master?.child.kill();
    rmSync(this.#journal, { recursive: true, force: true });
  }

  #note(what: string): void {
    const at = Math.round(performance.now() - this.#start);
    this.#log.push(`${String(at).padStart(6)} ms  ${what}`);
  }
}
