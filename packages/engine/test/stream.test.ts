import {
  AtomFailedError,
  CancelledError,
  createGraph,
  currentAtom,
  defineStateful,
  nodeId,
  type Ref,
  StreamOnlyError,
  StreamSourceError,
  streamSource,
} from "@graphvm/engine";
import { describe, expect, test } from "vitest";
import { call, leaf, rejection, rule } from "./helpers.js";
import { counted, drain, gate, node, run, source, total, totalOf } from "./stream-helpers.js";

const a = source("a");
const b = source("b");

describe("T1: stateful atoms run once a batch", () => {
  test("T1: with the state of the batch before, whoever reads them", async () => {
    let calls = 0;
    const counting = defineStateful({
      state: () => 0,
      next: (n: number, x: number) => {
        calls++;
        return n + x;
      },
      value: (n: number) => n,
    });
    const sum = node("sum", counting, a);
    const top = node(
      "top",
      (x: number, y: number) => x * y,
      sum,
      node("more", (x: number) => x + 1, sum),
    );
    expect(await run(top, [1, 2, 3])).toEqual([1 * 2, 3 * 4, 6 * 7]);
    expect(calls).toBe(3);
  });

  test("T1: nodes of one stateful atom with other params or dependencies have states of their own", async () => {
    const scaled = defineStateful({
      state: () => 0,
      next: (s: number, k: number, x: number) => s + k * x,
      value: (s: number) => s,
    });
    const by = rule<[number], number>("by", (k) => call(scaled, [k], [a]));
    const both = node("both", (...xs: number[]) => xs, by(2), by(3), by(2), totalOf(a), totalOf(by(2)));
    expect(await run(both, [1, 1])).toEqual([
      [2, 3, 2, 1, 2],
      [4, 6, 4, 2, 6],
    ]);
  });

  test("T1: apply.all, aliases, folds and stateful atoms without dependencies vary too", async () => {
    const ticks = defineStateful({ state: () => 0, next: (n: number) => n + 1, value: (n: number) => n });
    const longest = defineStateful({
      state: () => 0,
      next: (n: number, xs: number[]) => Math.max(n, xs.length + xs[0]!),
      value: (n: number) => n,
    });
    const tick = node("tick", ticks);
    const all = rule<[], number>("all", () => ({ kind: "all", fn: longest, params: [], deps: [a, tick] }));
    const same = rule<[], number>("same", () => all());
    const fold = rule<[], number>("fold", () => ({
      kind: "fold",
      fold: { init: () => [], step: (s, x) => [...(s as unknown[]), x], finish: (s) => s },
      deps: [a, tick, same(), leaf(7)].values(),
    }));
    expect(await run(fold(), [9, 4])).toEqual([
      [9, 1, 11, 7],
      [4, 2, 11, 7],
    ]);
  });

  test.each([
    ["nothing", () => undefined, "next returned no { state, value }"],
    ["no value", () => ({ state: 1 }), "next returned no { state, value }"],
    ["an undefined value", () => ({ state: 1, value: undefined }), "the atom returned nothing"],
    ["a promise for a value", () => ({ state: 1, value: Promise.resolve(1) }), "is a promise"],
  ])("T1: next that gives %s is an error", async (_what, next, message) => {
    const bad = defineStateful({ state: () => 0, next: next as () => { state: number; value: number } });
    await expect(run(node("bad", bad, a), [1])).rejects.toThrow(message);
    const none = defineStateful({
      state: () => 0,
      next: () => undefined as unknown as number,
      value: (n: number) => n,
    });
    await expect(run(node("none", none, a), [1])).rejects.toThrow("next returned nothing; it returns the new state");
  });

  test("T1: a state that can't be made is an error before the first batch", () => {
    const bad = defineStateful({
      state: (): number => {
        throw new Error("no state");
      },
      next: (n: number) => n,
      value: (n: number) => n,
    });
    expect(() => createGraph().stream(node("bad", bad), { source: [] })).toThrow(
      /t\.bad\(\) failed: no state \(before the first batch\)/,
    );
  });
});

describe("T2: sources", () => {
  test("T2: one by itself, several by name; rules of one name share a source", async () => {
    const pair = node<number[]>("pair", (x: number, y: number) => [x, y], a, b);
    expect(await run(pair, { a: [1, 2], b: new Set([3, 4]) })).toEqual([
      [1, 3],
      [2, 4],
    ]);
    const other = rule<[], number>("other", () => streamSource("a"));
    expect(
      await run(
        node("two", (x: number, y: number) => x + y, a, other()),
        [1, 2],
      ),
    ).toEqual([2, 4]);
  });

  test("T2: the first source that ends ends the stream and closes the others", async () => {
    const endless = counted();
    expect(
      await run(
        node("p", (x: number, y: number) => x + y, a, b),
        { a: [1, 2], b: endless },
      ),
    ).toEqual([1, 3]);
    expect(endless.closed).toBe(1);
  });

  test("T2: a graph without a source counts batches", async () => {
    const ticks = defineStateful({ state: () => 0, next: (n: number) => n + 1, value: (n: number) => n });
    expect(await run(node("tick", ticks), [null, "x"])).toEqual([1, 2]);
  });

  test.each([
    ["one for two", [1], "The graph has the sources a, b: give batches for each by name."],
    ["one missing", { a: [1] }, "Batches are missing for b; the graph has the sources a, b."],
    ["one too many", { a: [1], b: [1], c: [1] }, "Batches were given by name (c); the graph has the sources a, b."],
    ["no iterable", { a: [1], b: 3 as never }, "The source b is not iterable"],
  ])("T2: %s is an error", (_what, from, message) => {
    const pair = node("pair", (x: number, y: number) => x + y, a, b);
    expect(() => createGraph().stream(pair, { source: from })).toThrow(message);
    expect(() => createGraph().stream(pair, { source: from })).toThrow(StreamSourceError);
  });

  test("T2: asynchronous sources, beside synchronous ones and promises", async () => {
    async function* later() {
      for (const x of [10, 20]) {
        await null;
        yield x;
      }
    }
    const pair = node("pair", (x: number, y: number) => x + y, a, b);
    expect(await run(pair, { a: later(), b: [1, 2, 3] })).toEqual([11, 22]);
    expect(await run(a, [Promise.resolve(1), 2] as never)).toEqual([1, 2]);
  });

  test("T2: a source that throws, or gives undefined, is named with its batch and closed", async () => {
    const broken = (function* () {
      yield 1;
      throw new RangeError("wire cut");
    })();
    const stream = createGraph().stream(totalOf(a), { source: broken });
    expect((await stream.next()).value).toBe(1);
    const error = await rejection(stream.next());
    expect(error).toBeInstanceOf(StreamSourceError);
    expect(error.message).toBe("The source a failed at batch 1: wire cut");
    expect(error.fields).toEqual({ source: "a", batch: 1 });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect((await stream.next()).done).toBe(true);
    await expect(run(a, [undefined as never])).rejects.toThrow(
      "The source a failed at batch 0: the batch is undefined",
    );
    const rejected = { a: Promise.reject(new Error("lost")) };
    rejected.a.catch(() => {});
    await expect(run(a, [rejected.a] as never)).rejects.toThrow("The source a failed at batch 0: lost");
  });
});

describe("T3: back-pressure", () => {
  test("T3: nothing is pulled before an output is asked for, and then one batch an output", async () => {
    const from = counted();
    const stream = createGraph().stream(totalOf(a), { source: from });
    expect(from.pulled).toBe(0);
    for (let i = 1; i <= 100; i++) {
      await stream.next();
      expect(from.pulled).toBe(i);
    }
    await Promise.all([stream.next(), stream.next(), stream.next()]);
    expect(from.pulled).toBe(103);
    await stream.return();
    expect([from.pulled, from.closed]).toEqual([103, 1]);
  });

  test("T3: with an asynchronous source and atoms, calls that meet wait for each other", async () => {
    let pulled = 0;
    let running = 0;
    const from = {
      async *[Symbol.asyncIterator]() {
        for (;;) yield pulled++;
      },
    };
    const slow = node(
      "slow",
      async (x: number) => {
        expect(++running).toBe(1);
        await null;
        running--;
        return x;
      },
      a,
    );
    const stream = createGraph().stream(slow, { source: from });
    const results = await Promise.all([stream.next(), stream.next(), stream.next()]);
    expect(results.map((result) => result.value)).toEqual([0, 1, 2]);
    expect(pulled).toBe(3);
    await stream.return();
  });

  test("T3: leaving early closes the source, a stream that ends or is left gives nothing more", async () => {
    const from = counted();
    const stream = createGraph().stream(totalOf(a), { source: from });
    for await (const output of stream) if (output > 10) break;
    expect([from.pulled, from.closed]).toEqual([6, 1]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(from.pulled).toBe(6);
    const short = counted(2);
    expect(await run(a, short)).toEqual([0, 1]);
    expect(short.closed).toBe(1);
  });

  test("T3: disposing closes too", async () => {
    const from = counted();
    {
      await using stream = createGraph().stream(a, { source: from });
      await stream.next();
    }
    expect(from.closed).toBe(1);
  });
});

describe("T4: what does not vary is computed once", () => {
  test("T4: also for several streams, and before or after a calc", async () => {
    let runs = 0;
    const fixed = node("fixed", () => ++runs);
    const top = node("top", (x: number, y: number) => x + y, fixed, a);
    const graph = createGraph();
    expect(await run(top, [1, 2], graph)).toEqual([2, 3]);
    expect(await run(top, [5], graph)).toEqual([6]);
    expect(await graph.calc(fixed)).toBe(1);
    expect(runs).toBe(1);
    expect(graph.getData(fixed)).toBe(1);
    expect(graph.hasData(top)).toBe(false);
  });

  test("T4: a value given from elsewhere counts, even above a source", async () => {
    const graph = createGraph();
    const sum = totalOf(a);
    graph.setData(nodeId(sum), 100);
    expect(
      await run(
        node("top", (x: number, y: number) => x + y, sum, b),
        [1, 2],
        graph,
      ),
    ).toEqual([101, 102]);
  });

  test("T4: asynchronous constants, and targets that are constants", async () => {
    const fixed = node("fixed", async () => 5);
    const stream = createGraph().stream([fixed, totalOf(a), fixed], { source: [1, 2] });
    expect(await drain(stream)).toEqual([
      [5, 1, 5],
      [5, 3, 5],
    ]);
  });

  test("T4: a redefined rule is the next stream's", async () => {
    const graph = createGraph();
    const first = rule<[], number>("edited", () => call((x: number) => x + 1, [], [a]));
    const second = rule<[], number>("edited", () => call((x: number) => x - 1, [], [a]));
    expect(await run(first(), [1], graph)).toEqual([2]);
    graph.redefine([second().rule]);
    expect(await run(first(), [1], graph)).toEqual([0]);
  });
});

describe("T5: errors", () => {
  const picky = node(
    "picky",
    (x: number) => {
      if (x === 3) throw new TypeError("not three");
      return x;
    },
    totalOf(a),
  );
  const top = node("top", (x: number) => x, picky);

  test("T5: an atom's error names node, rule, path and batch, ends the stream and closes the source", async () => {
    const from = counted();
    const stream = createGraph().stream(top, { source: from });
    const seen: number[] = [];
    const error = await rejection(
      (async () => {
        for await (const x of stream) seen.push(x);
      })(),
    );
    expect(seen).toEqual([0, 1]);
    expect(error).toBeInstanceOf(AtomFailedError);
    expect(error.message).toBe("t.picky(t.total(…)) failed: not three (in batch 2)");
    expect(error.fields).toEqual({ node: nodeId(picky), rule: "t.picky", path: ["t.top", "t.picky"], batch: 2 });
    expect((error.cause as Error).message).toBe("not three");
    expect(from.closed).toBe(1);
    expect(stream.batches).toBe(2);
    expect((await stream.next()).done).toBe(true);
  });

  test("T5: the state is that of the last whole batch, so a stream goes on behind or with the bad one", async () => {
    const graph = createGraph();
    const stream = graph.stream(top, { source: counted() });
    await rejection(drain(stream));
    const state = stream.state();
    expect(await drain(graph.stream(top, { source: [5, 6], state }))).toEqual([6, 12]);
    const again = graph.stream(top, { source: [2], state });
    expect((await rejection(drain(again))).message).toContain("(in batch 2)");
    expect(again.state()).toEqual(state);
  });

  test("T5: of asynchronous atoms that fail side by side the first in order is told", async () => {
    const late = gate();
    const slow = node(
      "slow",
      async () => {
        await late.promise;
        throw new Error("slow");
      },
      a,
    );
    const fast = node(
      "fast",
      async () => {
        late.open();
        throw new Error("fast");
      },
      a,
    );
    const both = node("both", () => 0, slow, fast);
    await expect(run(both, [1])).rejects.toThrow("t.slow(t.source(…)) failed: slow (in batch 0)");
  });

  test("T5: rules that throw, rings and atoms that give nothing", async () => {
    const bad = rule<[], number>("bad", () => {
      throw new Error("no rule");
    });
    expect(() => createGraph().stream(node("top", Number, bad()), { source: [1] })).toThrow(
      "The rule t.bad() failed: no rule",
    );
    const ring: (i: number) => Ref<number> = rule<[number], number>("ring", (i): Ref => ring((i + 1) % 3));
    expect(() => createGraph().stream(ring(0), { source: [1] })).toThrow("These nodes depend on each other");
    await expect(
      run(
        node("none", () => undefined, a),
        [1],
      ),
    ).rejects.toThrow(/the atom returned nothing.*in batch 0/);
  });

  test("T5: a constant that fails ends the stream before anything is pulled", async () => {
    const from = counted();
    const bad = node("bad", () => {
      throw new Error("constant");
    });
    await expect(
      run(
        node("top", (x: number) => x, bad, a),
        from,
      ),
    ).rejects.toThrow("t.bad() failed: constant");
    expect(from.pulled).toBe(0);
  });

  test("T5: calc of a source or a stateful node says what to do", async () => {
    const error = await rejection(createGraph().calc(node("top", (x: number) => x, a)));
    expect(error).toBeInstanceOf(StreamOnlyError);
    expect(error.message).toContain('The stream source "a" has no batches here: use graph.stream(ref, { source })');
    expect(error.fields).toMatchObject({ node: nodeId(a), source: "a" });
    expect(await rejection(createGraph().calc(node("total", total, leaf(1))))).toBeInstanceOf(StreamOnlyError);
  });
});

describe("T6: cancelling", () => {
  test("T6: before the start, and between batches; the state is that of the last whole batch", async () => {
    const from = counted();
    await expect(drain(createGraph().stream(a, { source: from, signal: AbortSignal.abort("no") }))).rejects.toThrow(
      CancelledError,
    );
    expect(from.pulled).toBe(0);
    const control = new AbortController();
    const stream = createGraph().stream(totalOf(a), { source: from, signal: control.signal });
    await stream.next();
    await stream.next();
    control.abort(new Error("enough"));
    const error = await rejection(stream.next());
    expect(error.fields).toEqual({ batches: 2 });
    expect((error.cause as Error).message).toBe("enough");
    expect(from.closed).toBe(1);
    expect((await stream.next()).done).toBe(true);
  });

  test("T6: while a source, an atom or a constant never answers", async () => {
    const never = new Promise<number>(() => {});
    const silent = {
      async *[Symbol.asyncIterator]() {
        yield await never;
      },
    };
    for (const [ref, from] of [
      [a, silent],
      [node("stuck", () => never, a), [1]],
      [
        node(
          "top",
          (x: number) => x,
          node("fixed", () => never),
          a,
        ),
        [1],
      ],
    ] as const) {
      const control = new AbortController();
      const pending = createGraph().stream(ref, { source: from, signal: control.signal }).next();
      setImmediate(() => control.abort());
      expect(await rejection(pending)).toBeInstanceOf(CancelledError);
    }
  });

  test("T6: what a cancelled batch still computes goes nowhere", async () => {
    const answer = gate<number>();
    let ran = 0;
    const slow = node("slow", (x: number) => (x === 1 ? answer.promise : x), a);
    const after = node("after", (x: number) => ran++ + x, slow);
    const control = new AbortController();
    const stream = createGraph().stream(totalOf(after), { source: [7, 1], signal: control.signal });
    expect((await stream.next()).value).toBe(7);
    const state = stream.state();
    const pending = stream.next();
    setImmediate(() => control.abort());
    expect(await rejection(pending)).toBeInstanceOf(CancelledError);
    answer.open(5);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toBe(1);
    expect(stream.state()).toEqual(state);
  });

  test("T6: timers get a turn even where nothing ever waits", async () => {
    const signal = AbortSignal.timeout(1);
    await expect(drainQuietly(createGraph().stream(totalOf(a), { source: counted(), signal }))).rejects.toThrow(
      CancelledError,
    );
  });
});

async function drainQuietly(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

describe("T7: determinism", () => {
  const draw = node<number[]>("draw", () => [Math.random(), Date.now(), Date.now(), currentAtom()!.random.uint32()], a);
  const drawLater = node<number[]>(
    "draw",
    async () => {
      await null;
      return [Math.random(), Date.now(), Date.now(), currentAtom()!.random.uint32()];
    },
    a,
  );

  test("T7: random numbers depend on session seed, node and batch number alone; clocks are an atom's", async () => {
    const first = await run(draw, [1, 2, 3], createGraph({ seed: 1, epoch: 500 }));
    expect(await run(draw, [9, 8, 7], createGraph({ seed: 1, epoch: 500 }))).toEqual(first);
    expect(await run(drawLater, [1, 2, 3], createGraph({ seed: 1, epoch: 500 }))).toEqual(first);
    expect(first.map(([, t, u]) => [t, u])).toEqual([
      [500, 501],
      [500, 501],
      [500, 501],
    ]);
    expect(new Set(first.map(([x]) => x)).size).toBe(3);
    expect((await run(draw, [1], createGraph({ seed: 2 })))[0]![0]).not.toBe(first[0]![0]);
  });

  test("T7: two streams over one graph at once are independent", async () => {
    const graph = createGraph({ seed: 3 });
    const top = node<unknown[]>("top", (...xs) => xs, draw, totalOf(a));
    const alone = [
      await run(top, [1, 2, 3], createGraph({ seed: 3 })),
      await run(top, [10, 20, 30], createGraph({ seed: 3 })),
    ];
    const streams = [graph.stream(top, { source: [1, 2, 3] }), graph.stream(top, { source: [10, 20, 30] })];
    const outputs: unknown[][] = [[], []];
    for (let i = 0; i < 3; i++) {
      const results = await Promise.all(streams.map((stream) => stream.next()));
      results.forEach((result, k) => void outputs[k]!.push(result.value));
    }
    expect(outputs).toEqual(alone);
  });
});

describe("T8: asynchronous atoms", () => {
  test("T8: those that don't depend on each other run side by side; promises of plain functions count", async () => {
    const gates = [gate<number>(), gate<number>()];
    const started: number[] = [];
    const waits = (i: number) =>
      node(
        `wait${i}`,
        async () => {
          started.push(i);
          return gates[i]!.promise;
        },
        a,
      );
    const sum = node("sum", (x: number, y: number) => Promise.resolve(x + y), waits(0), waits(1));
    const stream = createGraph().stream(node("top", total, sum), { source: [1] });
    const pending = stream.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual([0, 1]);
    gates[1]!.open(20);
    gates[0]!.open(1);
    expect((await pending).value).toBe(21);
  });

  test("T8: asynchronous next, declared or not", async () => {
    const later = defineStateful({
      state: () => 0,
      next: async (s: number, x: number) => {
        await null;
        return s + x;
      },
      value: (s: number) => s,
    });
    const plain = defineStateful({
      state: () => 0,
      next: (s: number, x: number) => Promise.resolve({ state: s + x, value: -s - x }),
    });
    const both = node<number[]>("both", (x: number, y: number) => [x, y], node("l", later, a), node("p", plain, a));
    expect(await run(both, [1, 2, 3])).toEqual([
      [1, -1],
      [3, -3],
      [6, -6],
    ]);
  });
});
