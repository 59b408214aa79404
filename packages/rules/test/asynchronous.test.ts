import { AtomFailedError, CancelledError, createGraph, type GraphvmError } from "@graphvm/engine";
import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

let flying = 0;
let most = 0;
let order: number[] = [];
const gates = new Map<number, () => void>();

/** Waits until the test opens the gate of that number. */
async function gated(i: number): Promise<number> {
  flying++;
  most = Math.max(most, flying);
  await new Promise<void>((open) => gates.set(i, open));
  flying--;
  order.push(i);
  return i;
}

/** Takes some turns of the event loop, by number. */
async function slow(i: number, turns: number): Promise<number> {
  for (let turn = 0; turn < turns; turn++) await new Promise((next) => setImmediate(next));
  if (i < 0) throw new RangeError(`${i}`);
  return i;
}

const side = namespace("side22", {
  gate: rule((i: number): Op<number> => apply(gated, i)()),
  slow: rule((i: number, turns: number): Op<number> => apply(slow, i, turns)()),
  sum: rule(
    (refs: readonly Ref<number>[]): Op<number> =>
      apply.all((xs: readonly number[]) => xs.reduce((a, b) => a + b, 0))(refs),
  ),
  add: rule((a: Ref<number>, b: Ref<number>): Op<number> => apply((x: number, y: number) => x + 10 * y)(a, b)),
  spin: rule((i: number): Op<number> => apply((n: number) => n, i)()),
});

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
async function openAll(numbers: readonly number[]): Promise<void> {
  for (const i of numbers) {
    while (!gates.has(i)) await turn();
    gates.get(i)!();
    gates.delete(i);
  }
}

describe("asynchronous atoms", () => {
  test("E27: run side by side up to the limit, and finish in any order", async () => {
    [flying, most, order] = [0, 0, []];
    const graph = createGraph();
    const all = graph.calc(side.sum(Array.from({ length: 6 }, (_, i) => side.gate(i))), { concurrency: 3 });
    await openAll([2, 0, 1, 5, 4, 3]);
    expect(await all).toBe(15);
    expect(most).toBe(3);
    expect(order).not.toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("E27: what does not wait goes on beside what does", async () => {
    const graph = createGraph();
    const done = graph.calc(side.add(side.gate(7), side.add(side.spin(1), side.spin(2))));
    while (!gates.has(7)) await turn();
    expect(graph.hasData(side.add(side.spin(1), side.spin(2)))).toBe(true);
    await openAll([7]);
    expect(await done).toBe(7 + 210);
  });

  test("E27: the error that is reported is the first in the order of starting; the rest is kept", async () => {
    const graph = createGraph();
    const refs = [side.slow(-1, 9), side.slow(-2, 1), side.slow(3, 5)];
    const failure: unknown = await graph.calc(side.sum(refs)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AtomFailedError);
    expect((failure as GraphvmError).message).toContain("side22.slow(-1, 9)");
    expect(graph.hasData(side.slow(3, 5))).toBe(true);
  });

  test("E27: two calcs that meet at a running atom share it", async () => {
    const graph = createGraph();
    const a = graph.calc(side.sum([side.gate(11), side.spin(1)]));
    const b = graph.calc(side.sum([side.gate(11), side.spin(2)]));
    await openAll([11]);
    expect(await Promise.all([a, b])).toEqual([12, 13]);
    expect(graph.stats().runs).toBe(5);
  });
});

describe("a signal", () => {
  test("E28: ends a calculation that waits, and another goes on from there", async () => {
    const graph = createGraph();
    const stop = new AbortController();
    const running = graph.calc(side.sum([side.spin(1), side.gate(21)]), { signal: stop.signal });
    while (!gates.has(21)) await turn();
    stop.abort("enough");
    const failure = (await running.catch((error: unknown) => error)) as GraphvmError;
    expect(failure).toBeInstanceOf(CancelledError);
    expect(failure.cause).toBe("enough");
    const again = graph.calc(side.sum([side.spin(1), side.gate(21)]));
    await openAll([21]);
    expect(await again).toBe(22);
  });

  test("E28: ends a long synchronous calculation from a timer", async () => {
    const long = namespace("long23", {
      next: rule((i: number): Op<number> => apply((x: number) => x + 1)(i === 0 ? side.spin(0) : long.next(i - 1))),
    });
    const graph = createGraph();
    const signal = AbortSignal.timeout(100);
    await expect(graph.calc(long.next(5_000_000) as Ref<number>, { signal })).rejects.toThrow(CancelledError);
    expect(graph.stats().nodes).toBeGreaterThan(0);
  });

  test("E28: one that is aborted already runs nothing", async () => {
    const graph = createGraph();
    await expect(graph.calc(side.spin(5), { signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
    expect(graph.stats().runs).toBe(0);
  });
});

test("E27: any mixture of synchronous and asynchronous nodes gives the value of plain recursion", async () => {
  const node = fc.record({
    deps: fc.array(fc.nat(), { maxLength: 4 }),
    turns: fc.option(fc.nat({ max: 3 }), { nil: -1 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(node, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (dag, concurrency) => {
        const mixed = namespace("mixed22", {
          node: rule(
            (i: number, turns: number, deps: readonly Ref<number>[]): Op<number> =>
              turns < 0
                ? apply.all((n: number, xs: readonly number[]) => xs.reduce((a, b) => a + b, n), i)(deps)
                : apply.all(
                    async (n: number, xs: readonly number[]) =>
                      slow(
                        xs.reduce((a, b) => a + b, n),
                        turns,
                      ),
                    i,
                  )(deps),
          ),
        });
        const refs: Ref<number>[] = [];
        const values: number[] = [];
        dag.forEach(({ deps, turns }, i) => {
          const earlier = i === 0 ? [] : [...new Set(deps.map((dep) => dep % i))];
          refs.push(
            mixed.node(
              i,
              turns,
              earlier.map((dep) => refs[dep]!),
            ),
          );
          values.push(earlier.reduce((sum, dep) => sum + values[dep]!, i));
        });
        for (const retain of ["all", "targets"] as const) {
          expect(await createGraph({ retain }).calc(refs, { concurrency })).toEqual(values);
        }
      },
    ),
    { numRuns: 100 },
  );
});
