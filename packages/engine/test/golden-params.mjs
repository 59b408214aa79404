// Plain JavaScript, so that a bare `node` and a worker thread can run it as well as the tests.
import { FileValue, nodeId, Ref } from "@graphvm/engine";
import { identifyFunction, PARTIAL } from "@graphvm/engine/internal";

/** A ref of a rule that never runs. */
export function ref(name, ...params) {
  return new Ref({ ns: "golden", name, expand: () => new Ref({ ns: "golden", name, expand: () => null }, []) }, params);
}

function known(identity) {
  const fn = () => undefined;
  identifyFunction(fn, identity);
  return fn;
}

const partial = (...rest) =>
  Object.defineProperty(() => undefined, PARTIAL, { value: { ns: "golden", name: "part", rest } });

/** Every kind of param, under a name for the golden file. */
export function goldenParams() {
  const deep = ref("inner", 1, [ref("leaf")]);
  return {
    none: [],
    one: [1],
    "one as a string": ["1"],
    "one as a bigint": [1n],
    "in two params": [1, 1],
    "in one array": [[1, 1]],
    zero: [0],
    "minus zero": [-0],
    "not a number": [Number.NaN],
    infinity: [Number.POSITIVE_INFINITY],
    "minus infinity": [Number.NEGATIVE_INFINITY],
    tenth: [0.1],
    "smallest number": [Number.MIN_VALUE],
    "big integer": [Number.MAX_SAFE_INTEGER],
    "big bigint": [-123456789012345678901234567890n],
    "empty string": [""],
    ascii: ["hello"],
    "forty characters": ["x".repeat(40)],
    "forty-one characters": ["x".repeat(41)],
    "two hundred characters": ["x".repeat(200)],
    umlaut: ["Zürich"],
    "umlaut decomposed": ["Zu\u0308rich"],
    emoji: ["🦊"],
    "byte order mark": ["\ufeffx"],
    nul: ["a\0b"],
    replacement: ["\ufffd"],
    "lone high surrogate": ["\ud800"],
    "lone low surrogate": ["\udc00"],
    "surrogates the wrong way round": ["\udc00\ud800"],
    true: [true],
    false: [false],
    null: [null],
    undefined: [undefined],
    date: [new Date(1234567890123)],
    "invalid date": [new Date(Number.NaN)],
    "empty array": [[]],
    "nested arrays": [[[1], [[2]], []]],
    "empty object": [{}],
    object: [{ a: 1, b: [2, { c: "3" }] }],
    "undefined member": [{ a: undefined }],
    "dunder proto": [JSON.parse('{"__proto__": 1}')],
    bytes: [Uint8Array.of(1, 2, 3)],
    "clamped bytes": [Uint8ClampedArray.of(1, 2, 3)],
    "64-bit floats": [Float64Array.of(1.5, -0, Number.NaN)],
    "32-bit floats": [Float32Array.of(1.5)],
    "64-bit integers": [BigInt64Array.of(-1n)],
    ref: [ref("leaf")],
    "ref of refs": [deep],
    "refs in an object": [{ a: [deep, ref("leaf")] }],
    file: [new FileValue("data/x.csv")],
    "file with its digest": [new FileValue("data/x.csv", { sha256: "ab".repeat(32), size: 7 })],
    "file of a plane": [new FileValue("data/x.csv", { on: { plane: "eu" } })],
    "file of another plane": [new FileValue("data/x.csv", { on: { plane: "us" } })],
    "file of a plane with its digest": [new FileValue("data/x.csv", { sha256: "ab".repeat(32), on: { plane: "eu" } })],
    partial: [partial(1, "a")],
    "partial of refs": [partial([deep])],
    "closed function": [known({ kind: "closed", source: "((x) => x + 1)", namespaces: [] })],
    "exported function": [known({ kind: "export", program: "main", name: "f" })],
    "rule as a param": [known({ kind: "member", ns: "golden", name: "leaf" })],
  };
}

/** The node id of each. */
export function goldenIds() {
  return Object.fromEntries(
    Object.entries(goldenParams()).map(([name, params]) => [name, nodeId(ref("rule", ...params))]),
  );
}
