import type { Scheduler } from "../../dist/scheduler/scheduler.js";
import type { JobLimits, JobPlan, SchedulerEvent } from "../../dist/scheduler/types.js";

/** A small seeded generator: the same run for the same seed, on every machine. */
export function seeded(seed: number): { int(below: number): number; chance(p: number): boolean } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { int: (below) => Math.floor(next() * below), chance: (p) => next() < p };
}

/** A random graph of jobs, dependencies first; some are never copied, and what depends on those is pinned to them. */
export function randomJobs(random: ReturnType<typeof seeded>, count: number): JobPlan[] {
  const jobs: JobPlan[] = [];
  for (let i = 0; i < count; i++) {
    const inputs = new Set<string>();
    for (let k = random.int(4); k > 0 && i > 0; k--) inputs.add(jobs[random.int(i)]!.id);
    const held = [...inputs].filter((id) => jobs.find((job) => job.id === id)!.noCopy);
    for (const id of held.slice(1)) inputs.delete(id);
    const pin = held[0];
    jobs.push({
      id: `j${i}`,
      rule: `test.r${i % 3}`,
      inputs: [...inputs],
      ...(pin === undefined ? {} : { pin }),
      noCopy: random.chance(0.15),
    });
  }
  return jobs;
}

/** A job that a worker was given, and where it was told to find the inputs. */
interface Given {
  readonly job: string;
  readonly inputs: readonly { id: string; hosts: readonly string[] }[];
}

interface Worker {
  readonly host: string;
  /** What it runs. */
  run: Given | undefined;
  /** What stands behind that, in order. */
  readonly queue: Given[];
  /** What the scheduler wants back; the worker has not heard of it yet. */
  readonly wanted: string[];
  /** Values that lie in it alone. */
  readonly held: Set<string>;
  /** Its thread was killed, and it has no other yet. */
  stopping: boolean;
  /** What it runs was told to end. */
  aborted: boolean;
  /** It leaves: whatever comes goes back. */
  draining: boolean;
}

/** A value that a worker was told to copy from one that leaves. */
interface Copy {
  readonly worker: string;
  readonly job: string;
  readonly hosts: readonly string[];
  readonly to: string;
}

/** The processes, threads and stores that a scheduler believes in: it is checked against them at every instruction. */
export class World {
  readonly scheduler: Scheduler;
  readonly workers = new Map<string, Worker>();
  readonly stores = new Map<string, Set<string>>();
  readonly plans = new Map<string, JobPlan>();
  readonly log: string[] = [];
  readonly past: SchedulerEvent[] = [];
  readonly kills = new Map<string, number>();
  readonly misses = new Map<string, number>();
  /** Under way. */
  readonly copies: Copy[] = [];
  #joined = 0;
  readonly #released: string[] = [];

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  tell(event: SchedulerEvent): void {
    this.log.push(JSON.stringify(event));
    for (const instruction of this.scheduler.handle(event)) {
      this.log.push(`  ${JSON.stringify(instruction)}`);
      if (instruction.kind === "unrun") this.workers.get(instruction.worker)!.wanted.push(instruction.job);
      if (instruction.kind === "begin") this.#begin(instruction.worker, instruction.job);
      if (instruction.kind === "run") this.#start(instruction.worker, instruction.job, instruction.inputs);
      if (instruction.kind === "copy") this.copies.push(instruction);
      if (instruction.kind === "release") this.#released.push(instruction.worker);
      if (instruction.kind === "stop") this.#stop(instruction.worker);
      if (instruction.kind === "abort") this.#abort(instruction.worker, instruction.job);
    }
    for (const id of this.#released.splice(0)) this.#go(id);
  }

  /** A worker says that it leaves, and gives back what it has not begun. */
  leave(id: string): void {
    const worker = this.workers.get(id)!;
    worker.draining = true;
    this.tell({ kind: "leaving", worker: id });
    for (const { job } of worker.queue.splice(0)) this.#report({ kind: "gaveBack", worker: id, job });
  }

  /** A copy gets to its end, if there is anything to be copied. */
  copied(copy: Copy): void {
    this.copies.splice(this.copies.indexOf(copy), 1);
    const { job, hosts, to, worker } = copy;
    const host = this.workers.get(to)?.host;
    const there = host !== undefined && hosts.some((each) => this.stores.get(each)?.has(job));
    if (there) this.stores.get(host)!.add(job);
    this.tell({ kind: "copied", worker, job, ...(there ? { host } : {}) });
  }

  /** The worker may go, and does; one that its master lost sight of was never let go. */
  #go(id: string): void {
    const worker = this.workers.get(id);
    if (!worker) return;
    if (!worker.draining) throw new Error(`${id} is let go and did not want to`);
    const { host } = worker;
    this.workers.delete(id);
    const last = ![...this.workers.values()].some((other) => other.host === host);
    if (last) this.stores.delete(host);
    this.tell({ kind: "workerLeft", worker: id, hostLost: last, orderly: true });
  }

  submit(jobs: readonly JobPlan[], limits: JobLimits = {}): void {
    for (const job of jobs) this.plans.set(job.id, job);
    this.tell({ kind: "submitted", jobs, limits });
  }

  join(host: string): void {
    const id = `w${++this.#joined}`;
    this.workers.set(id, {
      host,
      run: undefined,
      queue: [],
      wanted: [],
      held: new Set(),
      stopping: false,
      aborted: false,
      draining: false,
    });
    if (!this.stores.has(host)) this.stores.set(host, new Set());
    this.tell({ kind: "workerJoined", worker: id, host });
  }

  kill(id: string): void {
    const { host, run } = this.workers.get(id)!;
    if (run) this.kills.set(run.job, (this.kills.get(run.job) ?? 0) + 1);
    this.workers.delete(id);
    const last = ![...this.workers.values()].some((other) => other.host === host);
    if (last) this.stores.delete(host);
    this.tell({ kind: "workerLeft", worker: id, hostLost: last });
  }

  /** The worker gets to the end of what it runs: a value, an error, or inputs that were not there. `obeys`: it ends when told. */
  end(id: string, throws: ReadonlySet<string>, obeys = true): void {
    const worker = this.workers.get(id)!;
    const { job, inputs } = worker.run!;
    const { aborted } = worker;
    worker.run = worker.queue.shift();
    worker.aborted = false;
    const gone = inputs.find((input) => input.hosts.length > 0 && !this.stores.get(input.hosts[0]!)?.has(input.id));
    if (gone) {
      this.misses.set(job, (this.misses.get(job) ?? 0) + 1);
      this.#report({ kind: "inputsMissing", worker: id, job, inputs: [gone.id], host: gone.hosts[0]! });
    } else if (throws.has(job) || (aborted && obeys)) {
      this.#report({ kind: "failed", worker: id, job, error: { code: "", name: "Error", message: job, fields: {} } });
    } else {
      if (this.plans.get(job)!.noCopy) worker.held.add(job);
      else this.stores.get(worker.host)!.add(job);
      const seconds = job.length % 2 === 0 ? 0.001 : 1;
      this.#report({ kind: "finished", worker: id, job, digest: `digest of ${job}`, size: job.length, seconds });
    }
  }

  /** The worker hears that a job is wanted back, and gives it back where it has not begun. */
  giveBack(id: string): void {
    const worker = this.workers.get(id)!;
    const job = worker.wanted.shift();
    const at = worker.queue.findIndex((each) => each.job === job);
    if (at < 0) return;
    worker.queue.splice(at, 1);
    this.#report({ kind: "gaveBack", worker: id, job: job! });
  }

  /** The worker's new thread is there. */
  restarted(id: string): void {
    this.workers.get(id)!.stopping = false;
    this.tell({ kind: "stopped", worker: id });
  }

  #stop(id: string): void {
    const worker = this.workers.get(id)!;
    if (!worker.run) throw new Error(`${id} runs nothing that could be stopped`);
    worker.run = undefined;
    worker.queue.length = 0;
    worker.wanted.length = 0;
    worker.aborted = false;
    worker.stopping = true;
    worker.held.clear();
  }

  /** What the scheduler takes to run must be what the worker runs, or has just given back. */
  #begin(id: string, job: string): void {
    const run = this.workers.get(id)!.run?.job;
    if (run !== job) throw new Error(`${id} runs ${run}, and ${job} is taken to run`);
  }

  #abort(id: string, job: string): void {
    const worker = this.workers.get(id)!;
    if (worker.run?.job !== job) throw new Error(`${id} does not run ${job}, which is to end`);
    worker.aborted = true;
  }

  #report(event: SchedulerEvent): void {
    this.past.push(event);
    this.tell(event);
  }

  #start(id: string, job: string, inputs: readonly { id: string; hosts: readonly string[] }[]): void {
    const worker = this.workers.get(id);
    const plan = this.plans.get(job)!;
    const must = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(`${job} on ${id}: ${what}`);
    };
    must(worker !== undefined, "there is no such worker");
    must(!worker!.stopping, "the worker has no thread");
    must(!worker!.draining, "the worker leaves");
    must(![...this.workers.values()].some(({ run }) => run?.job === job), "it runs elsewhere already");
    must(inputs.map((input) => input.id).join() === plan.inputs.join(), "other inputs than planned");
    for (const input of inputs) {
      must(this.scheduler.job(input.id)!.state === "done", `its input ${input.id} is not done`);
      if (this.plans.get(input.id)!.noCopy) must(worker!.held.has(input.id), `${input.id} is not in this worker`);
      else must(input.hosts.length > 0, `nobody has ${input.id}`);
    }
    must(!worker!.queue.some((each) => each.job === job), "the worker has it already");
    if (worker!.run === undefined) worker!.run = { job, inputs };
    else worker!.queue.push({ job, inputs });
  }
}
