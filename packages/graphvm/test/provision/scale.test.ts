import fc from "fast-check";
import { expect, test } from "vitest";
import { type Demand, mayStart, type Scale, type ScaleLimits, scale, startScale } from "../../dist/provision/scale.js";

const limits = fc
  .record({ min: fc.nat(5), more: fc.nat(10), idleSeconds: fc.nat(20) })
  .map(({ min, more, idleSeconds }): ScaleLimits => ({ min, max: Math.max(1, min + more), idleSeconds }));
const steps = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 8 }),
    waiting: fc.nat(20),
    busy: fc.nat(12),
    joined: fc.nat(1),
    lost: fc.nat(1),
  }),
  { minLength: 1, maxLength: 60 },
);

interface Step {
  readonly demand: Demand;
  readonly need: number;
  readonly before: Scale;
  readonly after: Scale;
}

/** All that happens over a run of looks. */
function run(given: ScaleLimits, looks: readonly (Omit<Demand, "now"> & { readonly after: number })[]): Step[] {
  let state = startScale(given);
  let now = 0;
  return looks.map(({ after, ...seen }) => {
    now += after;
    const demand = { ...seen, now };
    const before = state;
    state = scale(state, demand, given);
    const need = Math.min(Math.max(demand.waiting + demand.busy, given.min), given.max);
    return { demand, need, before, after: state };
  });
}

test("C150: never fewer than min nor more than max, and never fewer than are needed", () => {
  fc.assert(
    fc.property(limits, steps, (given, looks) => {
      for (const { need, after } of run(given, looks)) {
        expect(after.workers).toBeGreaterThanOrEqual(given.min);
        expect(after.workers).toBeLessThanOrEqual(given.max);
        expect(after.workers).toBeGreaterThanOrEqual(need);
      }
    }),
  );
});

test("C150: it grows at once, and to no more than are needed", () => {
  fc.assert(
    fc.property(limits, steps, (given, looks) => {
      for (const { need, before, after } of run(given, looks))
        if (after.workers > before.workers) expect(after.workers).toBe(need);
    }),
  );
});

test("C150: it shrinks only where fewer were enough all through the idle time, and to the most that were needed in it", () => {
  fc.assert(
    fc.property(limits, steps, (given, looks) => {
      const all = run(given, looks);
      for (const [i, { demand, before, after }] of all.entries()) {
        if (after.workers >= before.workers) continue;
        // walk back over the looks of the idle time
        let most = 0;
        let covered = false;
        for (let j = i; j >= 0 && !covered; j--) {
          expect(all[j]!.need).toBeLessThan(before.workers);
          expect(all[j]!.before.workers).toBe(before.workers);
          most = Math.max(most, all[j]!.need);
          covered = demand.now - all[j]!.demand.now >= given.idleSeconds;
        }
        expect(covered).toBe(true);
        expect(after.workers).toBeGreaterThanOrEqual(most);
      }
    }),
  );
});

test("C150: with nothing to do it comes down to min, and stays there", () => {
  fc.assert(
    fc.property(limits, steps, (given, looks) => {
      const quiet = { after: 1, waiting: 0, busy: 0, joined: 0, lost: 0 };
      const long = Array.from({ length: 3 * given.idleSeconds + 3 }, () => quiet);
      expect(run(given, [...looks, ...long]).at(-1)!.after.workers).toBe(given.min);
    }),
  );
});

test("C150: a queue that comes and goes within the idle time neither starts nor stops anything", () => {
  const given = { min: 0, max: 8, idleSeconds: 10 };
  const looks = Array.from({ length: 50 }, (_, i) => ({
    after: 3,
    waiting: i % 3 === 0 ? 4 : 0,
    busy: 0,
    joined: 0,
    lost: 0,
  }));
  expect(new Set(run(given, looks).map(({ after }) => after.workers))).toEqual(new Set([4]));
});

test("C151: workers that end before they join are tried again after 1, 2, 4 … 60 s; one that joins ends that", () => {
  const given = { min: 0, max: 8, idleSeconds: 10 };
  let state = startScale(given);
  const pauses: number[] = [];
  let now = 0;
  for (let i = 0; i < 8; i++) {
    state = scale(state, { now, waiting: 1, busy: 0, joined: 0, lost: 1 }, given);
    expect(state.workers).toBe(1);
    expect(mayStart(state, now)).toBe(false);
    pauses.push(state.pause!.until - now);
    now = state.pause!.until;
    expect(mayStart(state, now)).toBe(true);
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  state = scale(state, { now, waiting: 0, busy: 1, joined: 1, lost: 0 }, given);
  expect(state.pause).toBeUndefined();
});
