import type { Nats } from "@graphvm/testing";
import { connect, type LeadOptions, type Session } from "graphvm";
import { Acts } from "./acts.js";
import type { FabricPlanned } from "./fabric-plan.js";
import { DrillStandby, FABRIC_HEARTBEAT, FabricWorker } from "./fabric-processes.js";
import { type Data, differences, type Outcome, runPipeline, SESSION } from "./pipeline.js";
import { needlessReruns } from "./reruns.js";
import { type RunReport, statusOf } from "./run.js";

const WORKERS = 3;
/** A run that takes longer is stuck, in ms. */
const PATIENCE = 90_000;

/** One run of the pipeline on NATS while planned things happen to its workers, its leader and a server of NATS. */
export class FabricRun {
  readonly #seed: number;
  readonly #plan: readonly FabricPlanned[];
  readonly #data: Data;
  readonly #nats: Nats;
  readonly #options: LeadOptions;
  readonly #acts = new Acts();
  readonly #workers: FabricWorker[] = [];
  #leader!: DrillStandby;
  #standby!: DrillStandby;
  #masters = 0;
  #started = 0;
  #struck = 0;
  #takenOver = false;
  /** Settles when the standby leads that followed the leader. */
  #succession: Promise<void> = Promise.resolve();

  constructor(seed: number, plan: readonly FabricPlanned[], data: Data, nats: Nats) {
    this.#seed = seed;
    this.#plan = plan;
    this.#data = data;
    this.#nats = nats;
    const fabric = { servers: nats.url, cluster: `run-${seed}`, room: { journal: 50_000_000, blobs: 50_000_000 } };
    this.#options = { fabric, workers: 0, root: data.folder, ...SESSION };
  }

  async run(quiet: Outcome): Promise<RunReport> {
    const { wrong } = this.#acts;
    try {
      wrong.push(...differences(quiet, await this.#pipeline()));
      if (!this.#takenOver) wrong.push("nobody took over from the leader: it was over too soon");
    } catch (error) {
      wrong.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    await this.#end();
    const ran = this.#workers.flatMap((worker) => worker.ran);
    const reruns = needlessReruns(
      ran,
      this.#workers.flatMap((worker) => worker.away),
    );
    for (const { job, worker } of reruns) this.#acts.note(`job ${job} ran again on ${worker}`);
    const { log, seconds } = this.#acts;
    const again = ran.length - new Set(ran.map(({ job }) => job)).size;
    const faults = this.#struck;
    return { seed: this.#seed, faults, resumed: this.#takenOver, seconds, wrong, log, reruns: reruns.length, again };
  }

  async #pipeline(): Promise<Outcome> {
    this.#leader = await this.#startMaster();
    await this.#leader.leading;
    this.#standby = await this.#startMaster();
    await Promise.all(Array.from({ length: WORKERS }, () => this.#addWorker()));
    await using session = await this.#connect();
    await using observer = await this.#connect();
    try {
      this.#watch(observer);
      const outcome = await this.#acts.inTime(runPipeline(session, this.#data, false), PATIENCE, () =>
        statusOf(() => this.#connect(0)),
      );
      await this.#succession;
      this.#acts.stop();
      await session.endCluster();
      return outcome;
    } finally {
      this.#acts.stop();
    }
  }

  #connect(reconnectSeconds?: number): Promise<Session> {
    const { fabric } = this.#options;
    return connect({
      fabric,
      heartbeat: FABRIC_HEARTBEAT,
      ...(reconnectSeconds === undefined ? {} : { reconnectSeconds }),
    });
  }

  /** Things happen when so many jobs are done; which and when the plan says. Whoever watches is only in for pauses. */
  #watch(observer: Session): void {
    const faults = [...this.#plan];
    observer.onProgress(({ done, total }) => {
      if (this.#acts.over || total === 0) return;
      while (faults.length > 0 && done >= faults[0]!.done) {
        const fault = faults.shift()!;
        const act = this.#strike(done, fault);
        if (fault.fault.kind === "leader") this.#succession = act;
        this.#acts.begin(act);
      }
    });
  }

  async #strike(done: number, { delay, victim, fault }: FabricPlanned): Promise<void> {
    await this.#acts.rest(delay);
    this.#struck++;
    if (fault.kind === "leader") return this.#killLeader(done);
    if (fault.kind === "server") return this.#killServer(done, victim, fault.after);
    // one of them is left alone: what has no worker at all for long fails, and should
    const free = this.#workers.filter(({ troubled }) => !troubled);
    if (free.length < 2) return;
    const worker = free[victim % free.length]!;
    if (fault.kind === "kill") {
      this.#acts.note(`${done} done: ${worker.name} is killed, and another started`);
      await worker.kill();
      return this.#addWorker();
    }
    this.#acts.note(`${done} done: ${worker.name} is stopped for ${fault.after} ms`);
    worker.stop();
    // whoever stands still when the run ends is let go on too
    await this.#acts.rest(fault.after).catch(() => {});
    worker.resume();
    this.#acts.note(`${worker.name} goes on`);
  }

  async #killLeader(done: number): Promise<void> {
    this.#acts.note(`${done} done: the leader is killed`);
    const at = performance.now();
    await this.#leader.child.kill();
    this.#leader = this.#standby;
    await this.#leader.leading;
    this.#takenOver = true;
    this.#acts.note(`the standby leads, after ${Math.round(performance.now() - at)} ms`);
    this.#standby = await this.#startMaster();
  }

  async #killServer(done: number, victim: number, after: number): Promise<void> {
    const server = this.#nats.servers[victim % this.#nats.servers.length]!;
    this.#acts.note(`${done} done: the NATS server ${server.name} is killed`);
    await server.kill();
    await this.#acts.rest(after).catch(() => {});
    await server.start();
    this.#acts.note(`the NATS server ${server.name} is there again`);
  }

  async #startMaster(): Promise<DrillStandby> {
    const name = `master ${++this.#masters}`;
    return DrillStandby.start(this.#options, (line) => this.#acts.note(`  ${name}: ${line}`));
  }

  async #addWorker(): Promise<void> {
    const name = `worker ${++this.#started}`;
    const { fabric, root } = this.#options;
    // while nobody leads nobody is taken
    for (let left = 40; ; left--) {
      try {
        this.#workers.push(await FabricWorker.start(name, { fabric, root: root! }));
        return;
      } catch (error) {
        if (left === 0 || this.#acts.over) throw error;
        await this.#acts.rest(250);
      }
    }
  }

  async #end(): Promise<void> {
    this.#acts.stop();
    await this.#acts.ended();
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.#leader?.child.kill();
    await this.#standby?.child.kill();
    await this.#nats.ready();
  }
}
