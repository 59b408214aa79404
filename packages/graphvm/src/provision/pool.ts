import type { SessionStatus } from "@graphvm/cluster";
import type { Labels } from "@graphvm/engine";
import type { Provisioner, Started, WorkerSpec } from "./provisioner.js";
import { mayStart, type Scale, type ScaleLimits, scale, startScale } from "./scale.js";

/** The label by which a worker is known to be of a pool: its value is the worker's name. */
export const POOL_LABEL = "provision";

/** What a pool's workers are. */
export interface PoolOptions extends ScaleLimits {
  readonly pool: string;
  /** Labels they have: jobs that ask for others are none of this pool's. */
  readonly labels: Labels;
  /** How many jobs one of them runs at once. */
  readonly threads: number;
  /** What a worker of that name is started with. */
  readonly spec: (name: string) => WorkerSpec;
  readonly provisioner: Provisioner;
  /** Seconds of a clock that goes forward. */
  readonly now: () => number;
}

/** What one look at the queue led to. */
export interface PoolChange {
  /** How many workers there should be. */
  readonly workers: number;
  readonly waiting: number;
  readonly busy: number;
  readonly started: readonly Started[];
  readonly stopped: readonly Started[];
  /** Why a worker could not be started. */
  readonly failed?: Error;
}

/** Workers of one kind that are started and stopped as the queue asks for them. */
export class Pool {
  readonly #options: PoolOptions;
  /** Those that were told to leave, by id. */
  readonly #leaving = new Set<string>();
  /** Those that were started and have not joined, by name. */
  readonly #coming = new Set<string>();
  #scale: Scale;
  #named = 0;
  /** Settles when what was begun last is done: looks and the end come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#scale = startScale(options);
  }

  /** Brings the pool to what the queue asks for; one that has ended starts nothing. */
  look(status: Pick<SessionStatus, "queue" | "workers">): Promise<PoolChange> {
    return this.#inTurn(() => this.#look(status));
  }

  async #look(status: Pick<SessionStatus, "queue" | "workers">): Promise<PoolChange> {
    if (this.#ended) return { workers: 0, waiting: 0, busy: 0, started: [], stopped: [] };
    const { provisioner, now } = this.#options;
    const all = await provisioner.list();
    for (const id of this.#leaving) if (!all.some((each) => each.id === id)) this.#leaving.delete(id);
    const there = all.filter(({ id }) => !this.#leaving.has(id));
    const at = now();
    const busy = this.#busy(status);
    const waiting = this.#waiting(status);
    const demand = { now: at, waiting: this.#enoughFor(waiting), busy: busy.size, ...this.#arrivals(there, status) };
    this.#scale = scale(this.#scale, demand, this.#options);
    const { workers } = this.#scale;
    const change = { workers, waiting, busy: busy.size };
    const stopped = await this.#stop(there, there.length - workers, busy, status);
    const missing = mayStart(this.#scale, at) ? workers - there.length : 0;
    return { ...change, ...(await this.#start(all, missing)), stopped };
  }

  /** What the first look would lead to, and what a worker is started by, for people. */
  plan(status: Pick<SessionStatus, "queue" | "workers">): { readonly workers: number; readonly start: string } {
    const { now, provisioner, spec } = this.#options;
    const waiting = this.#enoughFor(this.#waiting(status));
    const demand = { now: now(), waiting, busy: this.#busy(status).size, joined: 0, lost: 0 };
    return {
      workers: scale(this.#scale, demand, this.#options).workers,
      start: provisioner.describe(spec(this.#name([]))),
    };
  }

  /** Asks every worker to leave that was not asked before, and starts none any more. */
  end(): Promise<void> {
    return this.#inTurn(async () => {
      this.#ended = true;
      for (const { id } of await this.#options.provisioner.list()) {
        if (this.#leaving.has(id)) continue;
        this.#leaving.add(id);
        await this.#options.provisioner.stop(id);
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #start(all: readonly Started[], count: number): Promise<Pick<PoolChange, "started" | "failed">> {
    const started: Started[] = [];
    for (let i = 0; i < count; i++) {
      try {
        const name = this.#name([...all, ...started]);
        started.push(await this.#options.provisioner.start(this.#options.spec(name)));
        this.#coming.add(name);
      } catch (failed) {
        return { started, failed: failed as Error };
      }
    }
    return { started };
  }

  /** Those that have not joined go first, then the last that joined; one that runs something stays until it has ended that. */
  async #stop(
    there: readonly Started[],
    count: number,
    busy: ReadonlySet<string>,
    { workers }: Pick<SessionStatus, "workers">,
  ): Promise<Started[]> {
    if (count <= 0) return [];
    const joined = new Set(workers.map(({ labels }) => labels[POOL_LABEL]));
    const free = there.filter(({ name }) => !busy.has(name)).reverse();
    const first = [...free.filter(({ name }) => !joined.has(name)), ...free.filter(({ name }) => joined.has(name))];
    const stopped = first.slice(0, count);
    for (const { id, name } of stopped) {
      this.#leaving.add(id);
      this.#coming.delete(name);
      await this.#options.provisioner.stop(id);
    }
    return stopped;
  }

  /** Of those that were started: how many joined since the last look, and how many ended before they had. */
  #arrivals(
    there: readonly Started[],
    { workers }: Pick<SessionStatus, "workers">,
  ): { readonly joined: number; readonly lost: number } {
    const names = new Set(workers.map(({ labels }) => labels[POOL_LABEL]));
    const arrived = [...this.#coming].filter((name) => names.has(name));
    const lost = [...this.#coming].filter((name) => !names.has(name) && !there.some((each) => each.name === name));
    for (const name of [...arrived, ...lost]) this.#coming.delete(name);
    return { joined: arrived.length, lost: lost.length };
  }

  /** The names of its workers that run something. */
  #busy({ workers }: Pick<SessionStatus, "workers">): ReadonlySet<string> {
    const { pool } = this.#options;
    const mine = workers.filter(({ labels, job }) => job !== null && isOf(pool, labels[POOL_LABEL] ?? ""));
    return new Set(mine.map(({ labels }) => labels[POOL_LABEL]!));
  }

  #waiting({ queue }: Pick<SessionStatus, "queue">): number {
    const { labels } = this.#options;
    const mine = queue.filter(({ on }) => Object.entries(on).every(([name, value]) => labels[name] === value));
    return mine.reduce((sum, { jobs }) => sum + jobs, 0);
  }

  /** How many workers so many jobs keep busy. */
  #enoughFor(jobs: number): number {
    return Math.ceil(jobs / this.#options.threads);
  }

  #name(taken: readonly Started[]): string {
    const { pool } = this.#options;
    let name: string;
    do name = `${pool}-${++this.#named}`;
    while (taken.some((each) => each.name === name));
    return name;
  }
}

/** Whether a worker of that name is of the pool. */
export function isOf(pool: string, name: string): boolean {
  return name.startsWith(`${pool}-`) && /^\d+$/.test(name.slice(pool.length + 1));
}
