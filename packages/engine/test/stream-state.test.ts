import {
  createGraph,
  decodeValue,
  defineStateful,
  encodeValue,
  type Ref,
  StreamStateError,
  UnencodableValueError,
} from "@graphvm/engine";
import { describe, expect, test } from "vitest";
import { drain, node, source, total, totalOf } from "./stream-helpers.js";

const a = source("a");
const noisy = node("noisy", (x: number) => x + Math.floor(Math.random() * 1000), a);
const history = defineStateful({
  state: () => new Float64Array(0),
  next: (s: Float64Array, x: number) => Float64Array.of(...s, x),
  value: (s: Float64Array) => s.length * 1000 + s.reduce((p, q) => p + q, 0),
});
const top = node<unknown[]>("top", (...xs) => xs, totalOf(noisy), node("history", history, totalOf(a)), noisy);
const batches = Array.from({ length: 12 }, (_, i) => (i * 7) % 5);
const whole = (): Promise<unknown[]> => drain(createGraph({ seed: 4 }).stream(top, { source: batches }));

describe("T9: saved state", () => {
  test("T9: saved after any batch and restored in another graph, a stream goes on as if it had never stopped", async () => {
    const expected = await whole();
    for (let stop = 0; stop <= batches.length; stop++) {
      const first = createGraph({ seed: 4 }).stream(top, { source: batches });
      const outputs: unknown[] = [];
      while (outputs.length < stop) outputs.push((await first.next()).value);
      const state = first.state();
      const second = createGraph({ seed: 4 }).stream(top, { source: batches.slice(stop), state });
      expect(second.batches).toBe(stop);
      expect([...outputs, ...(await drain(second))]).toEqual(expected);
      expect(second.batches).toBe(batches.length);
    }
  });

  test("T9: equal states are equal bytes, whatever the order of targets; reading one changes nothing", async () => {
    const refs = [totalOf(a), node<number>("history", history, totalOf(a))];
    const states = [refs, [...refs].reverse()].map(async (targets) => {
      const stream = createGraph().stream(targets, { source: [1, 2, 3] });
      await drain(stream);
      return stream.state();
    });
    const [one, other] = await Promise.all(states);
    expect(one).toEqual(other);
    const again = createGraph().stream(refs, { source: [], state: one! });
    expect(again.state()).toEqual(one);
    one!.fill(0);
    expect(again.state()).toEqual(other);
  });

  test("T9: a state with views of itself is not changed by the stream that goes on", async () => {
    const stream = createGraph().stream(node<number>("history", history, a), { source: [1, 2] });
    await drain(stream);
    const state = stream.state();
    const copy = state.slice();
    await drain(createGraph().stream(node<number>("history", history, a), { source: [3], state }));
    expect(state).toEqual(copy);
  });

  test("T9: the state of other nodes, another seed or another version is refused", async () => {
    const open =
      (ref: Ref, state: Uint8Array, seed = 0) =>
      () =>
        createGraph({ seed }).stream(ref, { source: [], state });
    const state = createGraph().stream(totalOf(a), { source: [] }).state();
    expect(open(totalOf(a), state)).not.toThrow();
    expect(open(totalOf(noisy), state)).toThrow(/it has no state for t\.total\(t\.noisy/);
    expect(open(a, state)).toThrow(/it has a state for node [0-9a-f]{32}, which is not in this stream/);
    expect(open(totalOf(a), state, 1)).toThrow("saved under seed 0 and this graph has seed 1");
    const newer = defineStateful({ state: () => 0, next: (n: number) => n, value: (n: number) => n, version: 2 });
    expect(open(node("total", newer, a), state)).toThrow("is of version 1, not 2");
    for (const bad of [open(totalOf(noisy), state), open(a, state), open(totalOf(a), state, 1)])
      expect(bad).toThrow(StreamStateError);
  });

  test.each([
    ["no bytes", new Uint8Array(0)],
    ["noise", Uint8Array.of(255, 1, 2)],
    ["another value", encodeValue({ a: 1 })],
    ["no object", encodeValue(null)],
    ["another format", encodeValue({ format: "graphvm stream state", version: 2 })],
    ["half of it", encodeValue({ format: "graphvm stream state", version: 1, batches: -1, seed: 0, states: [] })],
    ["wrong entries", encodeValue({ format: "graphvm stream state", version: 1, batches: 1, seed: 0, states: [[1]] })],
  ])("T9: %s is refused", (_what, state) => {
    expect(() => createGraph().stream(totalOf(a), { source: [], state })).toThrow(StreamStateError);
  });

  test("T9: a state that is no value can't be saved, and the stream goes on", async () => {
    class Counter {}
    const bad = defineStateful({ state: () => ({ x: [new Counter()] }), next: (s: unknown) => s, value: () => 1 });
    const stream = createGraph().stream(node("bad", bad, a), { source: [1] });
    expect(() => stream.state()).toThrow(UnencodableValueError);
    expect(() => stream.state()).toThrow(/at the state of t\.bad\(t\.source\(…\)\)\.x\[0\]/);
    expect((await stream.next()).value).toBe(1);
  });

  test("T9: the bytes are one encoded value with its format and version", () => {
    const stream = createGraph({ seed: 5 }).stream(node("total", total, a), { source: [] });
    expect(decodeValue(stream.state())).toMatchObject({
      format: "graphvm stream state",
      version: 1,
      batches: 0,
      seed: 5,
    });
  });
});
