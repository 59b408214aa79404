import { setTimeout as pause } from "node:timers/promises";
import { natsServerOrSkip, startNats } from "@graphvm/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, connectWorker, LeaderPresentError, standBy, startMaster } from "../../dist/index.js";

const program = await natsServerOrSkip();

const MODULE = `
import { apply, namespace, rule } from "graphvm";
const one = (i) => { const out = new Float64Array(1000); for (let k = 0; k < out.length; k++) out[k] = i + k; return out; };
const total = (all) => { let sum = 0; for (const each of all) for (const x of each) sum += x; return sum; };
export const p = namespace("p", {
  one: rule((i) => apply(one, i)()),
  all: rule((n) => apply.all(total)(Array.from({ length: n }, (_, i) => p.one(i)))),
});
`;

/** The sum that \`p.all(n)\` gives. */
const sumOf = (n: number): number => n * ((999 * 1000) / 2) + 1000 * ((n * (n - 1)) / 2);

describe.skipIf(program === undefined)("a cluster on NATS", () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  let clusters = 0;
  beforeAll(async () => {
    nats = await startNats({ servers: 3 });
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  const fabric = (): { servers: string; cluster: string } => ({ servers: nats.url, cluster: `c${++clusters}` });

  test("C98: master, workers and client that meet on NATS give what they give anywhere", async () => {
    const where = fabric();
    await using master = await startMaster({ fabric: where, workers: 1 });
    await using one = await connectWorker({ fabric: where });
    await using other = await connectWorker({ fabric: where });
    await using session = await connect({ fabric: where });
    const { p } = (await session.addRules(MODULE)) as never as { p: { all(n: number): never } };
    expect(await session.calc([p.all(40)], { cut: ["p.one"] })).toEqual([sumOf(40)]);
    const status = await session.status();
    expect(status.workers.map(({ id }: { id: string }) => id).sort()).toEqual(["w1", one.id, other.id].sort());
    expect(master.url).toMatch(/^ws:/);
  });

  test("C99: a second master of a cluster is refused, or stands by and takes over", async () => {
    const where = fabric();
    const first = await startMaster({ fabric: where, workers: 0 });
    await expect(startMaster({ fabric: where, workers: 0 })).rejects.toThrow(LeaderPresentError);
    await using standby = await standBy({ fabric: where, workers: 0 });
    await using worker = await connectWorker({ fabric: where });
    await using session = await connect({ fabric: where });
    const { p } = (await session.addRules(MODULE)) as never as { p: { all(n: number): never } };
    expect(await session.calc([p.all(4)], { cut: ["p.one"] })).toEqual([sumOf(4)]);
    await pause(600);
    await first.close();
    await using second = await standby.leading;
    expect(second).toBeDefined();
    expect(await session.calc([p.all(5)], { cut: ["p.one"] })).toEqual([sumOf(5)]);
    expect(worker.id).toBeDefined();
    const { jobs } = await session.status();
    expect(jobs.done).toBe(jobs.total);
  });
});
