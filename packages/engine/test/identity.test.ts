import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { nodeId, Ref, UnencodableValueError } from "@graphvm/engine";
import { hexToId, idToHex, nodeWords } from "@graphvm/engine/internal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goldenIds, ref } from "./golden-params.mjs";

const golden = JSON.parse(readFileSync(new URL("golden-ids.json", import.meta.url), "utf8")) as Record<string, string>;
const printer = new URL("print-golden.mjs", import.meta.url);
const id = (...params: unknown[]): string => nodeId(ref("rule", ...params));

describe("E1: a node id is a function of namespace, rule name and params", () => {
  test("E1: ids of every kind of param are those of the golden file, and differ", () => {
    expect(goldenIds()).toEqual(golden);
    expect(new Set(Object.values(golden)).size).toBe(Object.keys(golden).length);
  });

  test("E1: another process gives the same ids", () => {
    const printed = execFileSync(process.execPath, [fileURLToPath(printer)], { encoding: "utf8" });
    expect(JSON.parse(printed)).toEqual(golden);
  });

  test("E1: a worker thread gives the same ids", async () => {
    const worker = new Worker(printer);
    const ids = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    expect(ids).toEqual(golden);
  });

  test("E1: the namespace and the rule's name count, and don't run into each other", () => {
    const of = (ns: string, name: string) => nodeId(new Ref({ ns, name, expand: () => ref("x") }, []));
    expect(new Set([of("ab", "c"), of("a", "bc"), of("abc", ""), of("c", "ab")]).size).toBe(4);
  });
});

describe("E2: equal params are one node, different ones are two", () => {
  test("E2: the order of keys does not count", () => {
    expect(id({ a: 1, b: 2 })).toBe(id({ b: 2, a: 1 }));
    expect(id({ a: { x: 1, y: 2 } })).toBe(id({ a: { y: 2, x: 1 } }));
  });

  test("E2: every NaN is one, -0 is not 0, an undefined member counts", () => {
    const nan = new Float64Array(Uint32Array.of(1, 0xfff80000).buffer);
    expect(id(nan)).toBe(id(Float64Array.of(Number.NaN)));
    expect(id(-0)).not.toBe(id(0));
    expect(id({ a: undefined })).not.toBe(id({}));
  });

  test("E2: strings with lone surrogates differ from each other and from the replacement character", () => {
    const texts = ["\ud800", "\ud801", "\udc00", "\ufffd", "\ud800\ud800", "a\ud800", "\ud800a", "\u{10000}"];
    expect(new Set(texts.map((text) => id(text))).size).toBe(texts.length);
    expect(new Set(texts.map((text) => id({ [text]: 1 }))).size).toBe(texts.length);
    expect(new Set(texts.map((text) => id(text.repeat(60)))).size).toBe(texts.length);
  });

  test("E2: two strings have one id exactly where they are equal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        expect(id(a) === id(b)).toBe(a === b);
      }),
    );
  });

  test("E2: a Buffer is the Uint8Array it holds", () => {
    expect(id(Buffer.from([1, 2, 3]))).toBe(id(Uint8Array.of(1, 2, 3)));
    expect(id(new Uint8Array(new SharedArrayBuffer(2)))).toBe(id(new Uint8Array(2)));
  });
});

describe("E3: a ref among the params contributes its id", () => {
  test("E3: chains of 200,000 refs have ids", () => {
    let chain = ref("end");
    for (let i = 0; i < 200_000; i++) chain = ref("link", chain);
    expect(nodeId(chain)).toMatch(/^[0-9a-f]{32}$/);
  });

  test("E3: refs are found in arrays, objects and however shared", () => {
    const a = ref("a");
    expect(id([a, { b: [a] }])).toBe(id([ref("a"), { b: [ref("a")] }]));
    expect(id([a])).not.toBe(id([ref("b")]));
  });

  test("E3: params that contain themselves are refused, also where they branch", () => {
    const ring: unknown[] = [];
    ring.push(ring, ring);
    expect(() => id(ring)).toThrow(UnencodableValueError);
    expect(() => id({ deep: { ring } })).toThrow(/contains itself/);
  });

  test("E3: class instances, symbols and maps are refused with their place", () => {
    expect(() => id({ rows: [0, { when: /x/ }] })).toThrow(/RegExp.*\(at rows\[1\]\.when\)/);
    expect(() => id(Symbol("x"))).toThrow(UnencodableValueError);
    expect(() => id(new Map())).toThrow(/Map can't be encoded: pass plain data/);
    expect(() => id(() => 1)).toThrow(/was never checked/);
  });
});

test("E3: params of megabytes are hashed whole", () => {
  const large = new Float64Array(1_000_000);
  const before = id(large);
  large[999_999] = 1;
  expect(id(large)).not.toBe(before);
  expect(id("ü".repeat(2_000_000))).not.toBe(id("ü".repeat(2_000_001)));
});

test("E4: an id is written as 32 hexadecimal digits and read back", () => {
  const words = nodeWords(ref("x"));
  expect(hexToId(idToHex(words))).toEqual(words);
  expect(() => hexToId("12")).toThrow(RangeError);
  expect(idToHex(Uint32Array.of(0, 1, 0xffffffff, 16))).toBe("0000000000000001ffffffff00000010");
});
