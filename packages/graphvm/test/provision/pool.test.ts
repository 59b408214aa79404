import { expect, test } from "vitest";
import { ProvisionFailedError } from "../../dist/errors.js";
import { isOf, Pool, type PoolOptions } from "../../dist/provision/pool.js";
import type { Provisioner, Started, WorkerSpec } from "../../dist/provision/provisioner.js";

type Status = Parameters<Pool["look"]>[0];

/** Starts nothing, and remembers what it was told. */
class Ledger implements Provisioner {
  going: Started[] = [];
  readonly stops: string[] = [];
  refuses = false;
  #ids = 0;

  async start({ name }: WorkerSpec): Promise<Started> {
    if (this.refuses) throw new ProvisionFailedError("no room", {});
    const started = { id: `id${++this.#ids}`, name };
    this.going.push(started);
    return started;
  }

  list = async (): Promise<readonly Started[]> => [...this.going];

  async stop(id: string): Promise<void> {
    this.stops.push(this.going.find((each) => each.id === id)!.name);
  }

  describe = ({ name }: WorkerSpec): string => `start ${name}`;
}

function pool(options: Partial<PoolOptions> = {}) {
  const ledger = new Ledger();
  const clock = { now: 0 };
  const made = new Pool({
    ...{ pool: "p", min: 0, max: 4, idleSeconds: 10, threads: 1, labels: { plane: "eu", tier: "large" } },
    provisioner: ledger,
    spec: (name) => ({ name, pool: "p", args: [], threads: 1, dialled: false }),
    now: () => clock.now,
    ...options,
  });
  /** A look at so many waiting jobs, and these workers; one whose name ends in ! is busy. */
  const look = (queue: Status["queue"], names: readonly string[] = []) => {
    const workers = names.map((name) => ({
      labels: { provision: name.replace("!", "") },
      job: name.endsWith("!") ? "j" : null,
    }));
    return made.look({ queue, workers } as unknown as Status);
  };
  return { made, ledger, clock, look };
}

const jobs = (count: number, on = {}): Status["queue"] => [{ on, jobs: count }];

test("C152: only jobs whose labels its workers have count; those that are started are given names of their own", async () => {
  const { ledger, look } = pool();
  await look([
    { on: { plane: "us" }, jobs: 3 },
    { on: { gpu: "a100" }, jobs: 3 },
  ]);
  expect(ledger.going).toEqual([]);
  await look([
    { on: { plane: "eu" }, jobs: 1 },
    { on: {}, jobs: 1 },
    { on: { plane: "us" }, jobs: 9 },
  ]);
  expect(ledger.going.map(({ name }) => name)).toEqual(["p-1", "p-2"]);
  // they are on their way: nobody starts them twice
  await look(jobs(2));
  expect(ledger.going).toHaveLength(2);
});

test("C152: a worker with several threads is enough for several jobs", async () => {
  const { ledger, look } = pool({ threads: 4 });
  await look(jobs(5));
  expect(ledger.going).toHaveLength(2);
});

test("C153: the idle leave, those that have not joined first; one that runs something stays", async () => {
  const { ledger, look, clock } = pool();
  await look(jobs(4));
  await look([], ["p-1", "p-2", "p-3!"]);
  clock.now = 11;
  await look([], ["p-1", "p-2", "p-3!"]);
  expect(ledger.stops).toEqual(["p-4", "p-2", "p-1"]);
  // what leaves is asked once, and counts no more: another is started where it is needed
  clock.now = 12;
  await look(jobs(1), ["p-1", "p-2", "p-3!"]);
  expect(ledger.stops).toHaveLength(3);
  expect(ledger.going.map(({ name }) => name)).toContain("p-5");
});

test("C154: what another process of this pool started is taken over", async () => {
  const { ledger, look } = pool();
  ledger.going = [
    { id: "a", name: "p-1" },
    { id: "b", name: "p-7" },
  ];
  await look(jobs(3));
  expect(ledger.going.map(({ name }) => name)).toEqual(["p-1", "p-7", "p-2"]);
});

test("C151: what can't be started is said and tried again; what ends before it joins is waited for", async () => {
  const { ledger, look, clock } = pool();
  ledger.refuses = true;
  expect((await look(jobs(1))).failed?.message).toBe("no room");
  ledger.refuses = false;
  expect((await look(jobs(1))).started).toHaveLength(1);
  ledger.going = [];
  expect((await look(jobs(1))).started).toHaveLength(0);
  clock.now = 1;
  expect((await look(jobs(1))).started).toHaveLength(1);
});

test("C153: a pool that ends asks each worker once, and starts none though jobs wait", async () => {
  const { made, ledger, look } = pool();
  await look(jobs(2));
  const [, late] = await Promise.all([made.end(), look(jobs(4)), made.end()]);
  expect(late.started).toEqual([]);
  expect(ledger.stops).toEqual(["p-1", "p-2"]);
});

test("names of one pool are not those of another", () => {
  expect([isOf("p", "p-12"), isOf("p", "p-a-1"), isOf("p-a", "p-a-1"), isOf("p", "p-"), isOf("p", "q-1")]).toEqual([
    true,
    false,
    true,
    false,
    false,
  ]);
});
