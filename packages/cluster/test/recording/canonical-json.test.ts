import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, NotJsonError } from "../../dist/recording/index.js";

test("J3: keys are sorted by code units, there are no spaces, -0 is kept", () => {
  expect(canonicalJson({ b: [1, -0, 1e21, 0.1], 10: "x", 9: null, a: { "\u00e9": true, z: "\n" } })).toBe(
    '{"10":"x","9":null,"a":{"z":"\\n","\u00e9":true},"b":[1,-0,1e+21,0.1]}',
  );
});

test("J3: the text reads back as the same value and is the same for any order of keys", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = canonicalJson(value);
      const read: unknown = JSON.parse(text);
      expect(canonicalJson(read)).toBe(text);
      expect(canonicalJson(reversed(read))).toBe(text);
      expect(JSON.parse(canonicalJson(value, 2))).toEqual(read);
    }),
  );
});

test("J3: what JSON would drop or change is refused with its place", () => {
  class Point {}
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const bad: unknown[] = [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    () => 1,
    Symbol("s"),
    new Date(0),
    new Map(),
    new Point(),
    cycle,
  ];
  for (const value of bad) expect(() => canonicalJson({ a: [0, value] })).toThrow(NotJsonError);
  expect(() => canonicalJson([1, { a: undefined }])).toThrow(/value\[1\]\.a/);
  // biome-ignore lint/suspicious/noSparseArray: holes are what is tested
  expect(() => canonicalJson([1, , 2])).toThrow(NotJsonError);
});

test("J3: a key named __proto__ is a key like others", () => {
  expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).reverse();
  const out: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    Object.defineProperty(out, key, { value: reversed(item), enumerable: true, configurable: true, writable: true });
  }
  return out;
}
