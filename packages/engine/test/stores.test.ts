import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParamStore } from "../dist/graph/param-store.js";
import { ValueStore } from "../dist/graph/value-store.js";

const vector = fc.oneof(
  fc.float64Array({ maxLength: 40 }),
  fc.integer({ min: 1020, max: 1030 }).map((n) => Float64Array.from({ length: n }, (_, i) => i)),
);
const value = fc.oneof(fc.double(), vector, fc.string(), fc.constant(null), fc.array(fc.integer()), fc.float32Array());
const edit = fc.record({ node: fc.nat({ max: 3000 }), value: fc.option(value, { nil: undefined }) });

describe("the value store", () => {
  test("E10: whatever is set, replaced or taken away, a node has its last value", () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 300 }), (edits) => {
        const store = new ValueStore();
        const model = new Map<number, unknown>();
        for (const { node, value } of edits) {
          if (value === undefined) {
            store.delete(node);
            model.delete(node);
          } else {
            store.set(node, value);
            model.set(node, value);
          }
        }
        expect(store.size).toBe(model.size);
        for (let node = 0; node <= 3000; node++) {
          expect(store.has(node)).toBe(model.has(node));
          expect(store.get(node)).toStrictEqual(model.get(node));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("E10: a million vectors lie outside the heap and read back as they were", () => {
    const store = new ValueStore();
    for (let node = 0; node < 1_000_000; node++) store.set(node, Float64Array.of(node, -0, Number.NaN));
    for (let node = 0; node < 1_000_000; node += 9973) {
      expect(store.get(node)).toStrictEqual(Float64Array.of(node, -0, Number.NaN));
    }
    expect(store.bytes).toBeLessThan(45_000_000);
  });
});

test("E5: params read back as they were, packed or not", () => {
  const params = fc.array(fc.oneof({ weight: 5, arbitrary: fc.double() }, fc.string(), fc.constant(undefined)), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(fc.array(params, { maxLength: 50 }), (all) => {
      const store = new ParamStore();
      all.forEach((each, node) => void store.set(node, each));
      all.forEach((each, node) => void expect(store.get(node)).toStrictEqual(each));
    }),
  );
});
