import { expect, test } from "vitest";
import { MAX_KILLED_WORKERS, MAX_MISSES, Scheduler } from "../../dist/scheduler/scheduler.js";
import type { JobPlan } from "../../dist/scheduler/types.js";
import { randomJobs, seeded, World } from "./world.js";

const HOSTS = ["", "ws://a", "ws://b"];

/** One random life of a cluster. Returns how many jobs ran more than once. */
function live(seed: number, world: World): void {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[random.int(list.length)];
  const jobs = randomJobs(random, 2 + random.int(30));
  const throws = new Set(random.chance(0.3) ? [pick(jobs)!.id] : []);
  for (let i = random.int(4); i > 0; i--) world.join(pick(HOSTS)!);
  // a prefix is closed under "needs"; submitting a known job again changes nothing
  world.submit(jobs.slice(0, 1 + random.int(jobs.length)));
  const running = (): string[] => [...world.workers].filter(([, { run }]) => run).map(([id]) => id);
  const stopping = (): string[] => [...world.workers].filter(([, worker]) => worker.stopping).map(([id]) => id);
  // half of the lives know neither timeouts nor cancelling
  const limited = random.chance(0.5) ? 0.5 : 0;
  const limits = () => (random.chance(limited) ? { timeout: 1, retries: random.int(3) } : {});
  const mayDie = (id: string): boolean => {
    const job = world.workers.get(id)!.run?.job;
    return job === undefined || (world.kills.get(job) ?? 0) < MAX_KILLED_WORKERS - 1;
  };
  const steps: (() => void)[] = [
    () => running().length > 0 && world.end(pick(running())!, throws, random.chance(0.5)),
    () => running().length > 0 && world.end(pick(running())!, throws, random.chance(0.5)),
    () => {
      const id = random.chance(limited) ? pick(running()) : undefined;
      if (id !== undefined) world.tell({ kind: "timedOut", worker: id, job: world.workers.get(id)!.run!.job });
    },
    () => {
      const id = pick(stopping());
      if (id !== undefined) world.restarted(id);
    },
    () => {
      if (random.chance(limited / 5)) world.tell({ kind: "cancelled", force: random.chance(0.5) });
    },
    () => {
      const id = pick([...world.workers].filter(([, { wanted }]) => wanted.length > 0).map(([each]) => each));
      if (id !== undefined) world.giveBack(id);
    },
    () => world.workers.size < 5 && world.join(pick(HOSTS)!),
    () => {
      const id = pick([...world.workers].filter(([, { draining }]) => !draining).map(([each]) => each));
      if (id !== undefined && random.chance(0.3)) world.leave(id);
    },
    () => {
      const copy = pick(world.copies);
      if (copy) world.copied(copy);
    },
    () => {
      const id = pick([...world.workers.keys()].filter(mayDie));
      if (id !== undefined) world.kill(id);
    },
    () => world.submit(jobs.slice(0, 1 + random.int(jobs.length)), limits()),
    () => world.tell({ kind: "wanted", job: pick(jobs)!.id, inside: random.chance(0.3) }),
    () => {
      // somebody who asks for a value can't reach those who have it
      const { id: job } = pick(jobs)!;
      const inside = random.chance(0.5);
      const host = inside ? undefined : pick(HOSTS);
      world.tell({ kind: "unfetched", job, host, worker: inside ? pick([...world.workers.keys()]) : undefined });
    },
    () => {
      // a process forgets a value without a word
      const store = pick([...world.stores.values()]);
      const job = store && pick([...store]);
      const most = Math.max(0, ...world.misses.values());
      if (job !== undefined && most < MAX_MISSES / 2) store!.delete(job);
    },
    () => {
      // late and repeated news
      const event = pick(world.past);
      if (!event || !("worker" in event) || !("job" in event) || event.worker === undefined) return;
      const worker = world.workers.get(event.worker);
      if (worker?.run?.job !== event.job && !worker?.queue.some(({ job }) => job === event.job)) world.tell(event);
    },
  ];
  for (let step = 0; step < 120; step++) pick(steps)!();
  world.submit(jobs, limits());
  if (![...world.workers.values()].some(({ draining }) => !draining)) world.join("");
  for (const id of stopping()) world.restarted(id);
  for (;;) {
    const asked = [...world.workers].find(([, { wanted }]) => wanted.length > 0)?.[0];
    const [id] = running();
    const [copy] = world.copies;
    if (copy) world.copied(copy);
    else if (asked !== undefined) world.giveBack(asked);
    else if (id !== undefined) world.end(id, throws);
    else break;
  }
  checkEnd(world, jobs, throws);
}

function checkEnd({ scheduler }: World, jobs: readonly JobPlan[], throws: ReadonlySet<string>): void {
  const fails = new Set<string>();
  for (const { id, inputs } of jobs) if (throws.has(id) || inputs.some((input) => fails.has(input))) fails.add(id);
  expect(scheduler.busy).toBe(false);
  const states = jobs.map(({ id }) => `${id} ${scheduler.job(id)!.state}`);
  expect(states).toEqual(jobs.map(({ id }) => `${id} ${fails.has(id) ? "failed" : "done"}`));
  const counts = { waiting: 0, ready: 0, queued: 0, running: 0, done: jobs.length - fails.size, failed: fails.size };
  expect(scheduler.counts).toEqual(counts);
}

for (const from of [1, 501, 1001, 1501]) {
  test(`C10 C11 C12 C13: no order of events breaks the scheduler (seeds ${from} to ${from + 499})`, () => {
    for (let seed = from; seed < from + 500; seed++) {
      const world = new World(new Scheduler());
      try {
        live(seed, world);
      } catch (error) {
        throw new Error(`seed ${seed}:\n${world.log.join("\n")}\n${(error as Error).message}`);
      }
    }
  });
}
