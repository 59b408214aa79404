import { createGraph, createRandom, currentAtom, type Ref } from "@graphvm/engine";
import { describe, expect, test } from "vitest";
import { call, rule } from "./helpers.js";

const OutsideDate = Date;

interface Drawn {
  readonly random: readonly number[];
  readonly now: number;
  readonly made: number;
  readonly text: string;
  readonly performance: number;
  readonly uuid: string;
  readonly bytes: string;
}

const dated = (): Date => new Date();

function draw(): Drawn {
  return {
    random: [Math.random(), Math.random()],
    now: Date.now(),
    made: dated().getTime(),
    text: Date(),
    performance: performance.now(),
    uuid: crypto.randomUUID(),
    bytes: crypto.getRandomValues(new Uint8Array(5)).join(),
  };
}

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const sync = rule<[number], Drawn>("sync", (n) => call((_: number) => draw(), [n]));
const late = rule<[number], Drawn[]>("late", (n) =>
  call(
    async (_: number) => {
      const first = draw();
      await pause();
      const second = draw();
      await null;
      return [first, second, draw()];
    },
    [n],
  ),
);
const promised = rule<[number], Drawn>("promised", (n) => call((_: number) => pause().then(draw), [n]));
const every: Ref<unknown>[] = [sync(1), sync(2), late(1), late(2), promised(1), promised(2)];

describe("E11: inside an atom random numbers and time are the session's", () => {
  test("E11: equal over runs and orders, sync or async, one after another or interleaved", async () => {
    const options = { seed: 7, epoch: 1_600_000_000_000 };
    const first = await createGraph(options).calc(every);
    const backwards = await createGraph(options).calc([...every].reverse());
    expect([...backwards].reverse()).toEqual(first);
    const graphs = every.map(() => createGraph(options));
    expect(await Promise.all(graphs.map((graph, i) => graph.calc(every[i]!)))).toEqual(first);
    const shared = createGraph(options);
    expect(await Promise.all(every.map((ref) => shared.calc(ref)))).toEqual(first);
  });

  test("E11: different by node and by seed; the epoch is what the clock says", async () => {
    const draws = async (seed: number) => createGraph({ seed, epoch: 1000 }).calc([sync(1), sync(2)]);
    const [[a, b], [c]] = await Promise.all([draws(0), draws(1)]);
    expect(new Set([a, b, c].map((each) => each?.random[0])).size).toBe(3);
    expect(new Set([a, b, c].map((each) => each?.uuid)).size).toBe(3);
    expect(a).toMatchObject({ now: 1000, made: 1001 });
    expect(a?.text).toBe(new Date(1002).toString());
    expect(a?.performance).toBe(3);
    expect(a?.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const [later] = await createGraph({ epoch: 5 }).calc([sync(1)]);
    expect(later).toMatchObject({ now: 5, random: a?.random });
  });

  test("E11: these draws never change", async () => {
    const [one] = await createGraph({ seed: 7 }).calc([sync(1)]);
    expect([one?.random[0], one?.uuid, one?.bytes]).toMatchInlineSnapshot(`
      [
        0.8796297350866523,
        "efe5f27d-42cf-4665-a66e-4ff2e4d1b146",
        "192,53,47,139,46",
      ]
    `);
  });

  test("E11: 200,000 seeds give 200,000 sequences", () => {
    // with 32 bits of state some would be equal
    const firsts = new Set<string>();
    for (let i = 0; i < 200_000; i++) {
      const random = createRandom(Uint32Array.of(1, 2, 3, i));
      firsts.add(`${random.uint32()},${random.uint32()}`);
    }
    expect(firsts.size).toBe(200_000);
  });
});

describe("E12: outside atoms, and for dates that say when, nothing changes", () => {
  test("E12: code outside atoms sees the real clock and random numbers", async () => {
    await createGraph().calc(sync(1));
    const before = OutsideDate.now();
    expect(before).toBeGreaterThan(1_600_000_000_000);
    expect(Math.abs(Date.now() - before)).toBeLessThan(60_000);
    expect(dated().getTime()).toBeGreaterThanOrEqual(before);
    expect(Math.random()).not.toBe(Math.random());
    expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
    expect(currentAtom()).toBeUndefined();
  });

  test("E12: code outside that runs while an atom waits sees the real ones", async () => {
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const waits = rule<[], number>("waits", () =>
      call(async () => {
        await gate;
        return Date.now();
      }),
    );
    const result = createGraph({ epoch: 9 }).calc(waits());
    await pause();
    expect(Date.now()).toBeGreaterThan(1_600_000_000_000);
    go();
    expect(await result).toBe(9);
  });

  test("E12: Date stays Date: instanceof, constructor, parts, parsing, subclasses", async () => {
    class Day extends Date {
      label = "day";
    }
    const before = new OutsideDate(0);
    const look = () => {
      const day = new Day();
      return [
        new Date(2020, 0, 1).getTime() === new OutsideDate(2020, 0, 1).getTime(),
        new Date("2020-01-01").toISOString(),
        Date.UTC(2020, 0, 1),
        Date.parse("2020-01-01T00:00:00Z"),
        new Date(5) instanceof Date,
        before instanceof Date,
        new Date(5).constructor === Date,
        before.constructor === Date,
        day instanceof Day && day instanceof Date,
        day.label,
        day.getTime(),
        new Day(3).getTime(),
        new (new Date(1).constructor as DateConstructor)().getTime(),
        typeof Date(),
        Date.length,
        Date.name,
      ];
    };
    const dates = rule<[], unknown[]>("dates", () => call(look));
    expect(await createGraph({ epoch: 100 }).calc(dates())).toEqual([
      true,
      "2020-01-01T00:00:00.000Z",
      1577836800000,
      1577836800000,
      true,
      true,
      true,
      true,
      true,
      "day",
      100,
      3,
      101,
      "string",
      7,
      "Date",
    ]);
  });

  test("E12: crypto refuses inside an atom what it refuses outside", async () => {
    const fill = rule("fill", () =>
      call(() => {
        expect(() => crypto.getRandomValues(new Float64Array(1) as never)).toThrow();
        expect(() => crypto.getRandomValues(new Uint8Array(65_537))).toThrow();
        return (
          crypto.getRandomValues(new BigUint64Array(1))[0]! > 0n && crypto.getRandomValues(new Int16Array(0)).length
        );
      }),
    );
    expect(await createGraph().calc(fill())).toBe(0);
  });

  test("E12: an atom that waits for time to pass comes to an end", async () => {
    const spin = rule<[], number>("spin", () =>
      call(() => {
        const start = Date.now();
        while (Date.now() - start < 1000);
        return 1;
      }),
    );
    expect(await createGraph().calc(spin())).toBe(1);
  });

  test("E12: an atom knows itself", async () => {
    const knows = rule<[], number>("knows", () => call(() => currentAtom()!.random.below(1000)));
    const graph = createGraph();
    expect(await graph.calc(knows())).toBe(await createGraph().calc(knows()));
  });
});
