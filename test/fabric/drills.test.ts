import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { natsServerOrSkip } from "@graphvm/testing";
import { describe, expect, test } from "vitest";
import { fabricPlanOf } from "../../drills/dist/chaos/fabric-plan.js";
import { needlessReruns } from "../../drills/dist/chaos/reruns.js";
import { Random } from "../../drills/dist/random.js";

const program = await natsServerOrSkip();

const drill = (name: string, ...options: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL(`../../drills/dist/${name}.js`, import.meta.url)), ...options], {
    encoding: "utf8",
    env: { ...process.env, ...(program && { GRAPHVM_NATS_SERVER: program }) },
  });

test("C104: a seed says what strikes: the leader and a server once each, and workers", () => {
  for (let seed = 1; seed < 50; seed++) {
    const plan = fabricPlanOf(new Random(seed), 17);
    expect(plan).toEqual(fabricPlanOf(new Random(seed), 17));
    const kinds = plan.map(({ fault }) => fault.kind);
    expect(kinds.filter((kind) => kind === "leader" || kind === "server").sort()).toEqual(["leader", "server"]);
    expect(kinds.length).toBeGreaterThan(2);
    expect(plan.every(({ done }, i) => done < 16 && done >= (plan[i - 1]?.done ?? 0))).toBe(true);
  }
});

test("C104: what counts as run for nothing: a worker that was there held what came out", () => {
  const ran = (worker: string, job: string, from: number, to: number) => ({ worker, job, from, to });
  const first = ran("one", "a", 0, 10_000);
  const again = ran("two", "a", 20_000, 21_000);
  expect(needlessReruns([first, again], [])).toEqual([again]);
  expect(needlessReruns([first, ran("one", "a", 20_000, 21_000)], [])).toHaveLength(1); // it had it itself
  expect(needlessReruns([first, ran("two", "a", 9000, 21_000)], [])).toEqual([]); // both ran at once
  expect(needlessReruns([first, ran("two", "b", 20_000, 21_000)], [])).toEqual([]);
  const away = (from: number, to: number) => ({ worker: "one", from, to });
  expect(needlessReruns([first, again], [away(15_000, Number.POSITIVE_INFINITY)])).toEqual([]); // killed
  expect(needlessReruns([first, again], [away(15_000, 19_900)])).toEqual([]); // it was just coming back
  expect(needlessReruns([first, again], [away(12_000, 15_000)])).toEqual([again]);
  expect(needlessReruns([first, again], [away(20_500, 30_000)])).toEqual([again]);
  const stood = { worker: "two", from: 5000, to: 19_900 };
  expect(needlessReruns([first, again], [stood])).toEqual([]); // it had it since before
});

describe.skipIf(program === undefined)("drills on NATS", () => {
  test("C104: workers, the leader and a server of NATS are killed: digests of the quiet run, and nothing runs for nothing", () => {
    const ended = drill("chaos", "--fabric", "--runs", "2", "--seed", "7", "--rows", "6000");
    expect(ended.stdout).toContain(
      "chaos: 2 of 2 runs ended with the digests of the quiet run; 0 finished jobs ran again whose result was still there",
    );
    expect(ended.stdout).toMatch(/seed 8: equal \(\d faults, the master too, \d+ jobs again, 0 of them for nothing/);
    expect(ended.stderr).toBe("");
    expect(ended.status).toBe(0);
  }, 120_000);

  test("C105: leaders are killed under a client: it is answered within seconds, and nothing is lost", () => {
    const ended = drill("takeover-drill", "--kills", "2");
    expect(ended.stdout).toMatch(
      /takeover: over 2 kills of the leader, until a call is answered median \S+ s, worst \S+ s; .*; nothing lost, nothing run again, the journal without a gap/,
    );
    expect(ended.stderr).toBe("");
    expect(ended.status).toBe(0);
  });
});

test("C105: the takeover drill says how it is used", () => {
  expect(drill("takeover-drill", "--kills", "none")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("npm run takeover-drill -- [--kills 20]"),
  });
});
