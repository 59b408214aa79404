import {
  CorruptValueError,
  decodeValue,
  digestValue,
  encodeValue,
  FileValue,
  MissingCodecError,
  registerCodec,
  UnencodableValueError,
} from "@graphvm/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leaf } from "./helpers.js";

const typed = fc.oneof(
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int8Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);
const text = fc.string({ unit: "binary" });
const key = fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.constant("__proto__") });
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(undefined, null, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY, ""),
      fc.double(),
      fc.integer(),
      fc.bigInt(),
      text,
      fc.date({ noInvalidDate: false }),
      typed,
    ),
    fc.array(tie("value"), { maxLength: 6 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 6 }).map(record),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

function record(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

const roundTrip = (input: unknown): unknown => decodeValue(encodeValue(input));

describe("E20: what is encoded reads back", () => {
  test("E20: any value, to the last bit and in key order", () => {
    fc.assert(
      fc.property(value, (input) => {
        const output = roundTrip(input);
        expect(output).toStrictEqual(input);
        expect(encodeValue(output)).toEqual(encodeValue(input));
      }),
      { numRuns: 500 },
    );
  });

  test("E20: from bytes at any offset, in a Buffer and in shared memory", () => {
    fc.assert(
      fc.property(value, fc.nat(8), (input, offset) => {
        const bytes = encodeValue(input);
        for (const memory of [new ArrayBuffer(bytes.length + 8), new SharedArrayBuffer(bytes.length + 8)]) {
          const moved = new Uint8Array(memory, offset, bytes.length);
          moved.set(bytes);
          expect(decodeValue(moved)).toStrictEqual(input);
          expect(decodeValue(Buffer.from(memory as ArrayBuffer, offset, bytes.length))).toStrictEqual(input);
        }
      }),
    );
  });

  test("E20: typed arrays in aligned bytes are views, and shared memory stays shared", () => {
    const bytes = encodeValue([1, Float64Array.of(1, 2)]);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const [, floats] = decodeValue(shared) as [number, Float64Array];
    expect(floats.buffer).toBe(shared.buffer);
    expect([...floats]).toEqual([1, 2]);
  });

  test("E20: holes are undefined, null prototypes are plain, a byte order mark stays", () => {
    // biome-ignore lint/suspicious/noSparseArray: what this is about
    expect(roundTrip([1, , 3])).toStrictEqual([1, undefined, 3]);
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
    expect(roundTrip("\ufeffx")).toBe("\ufeffx");
    expect(roundTrip("\ud83e\udd8a \ud83e \udd8a")).toBe("\ud83e\udd8a \ud83e \udd8a");
    expect(Object.keys(roundTrip({ b: 1, a: 2 }) as object)).toEqual(["b", "a"]);
    expect(Object.getPrototypeOf(roundTrip(JSON.parse('{"__proto__":{"x":1}}')))).toBe(Object.prototype);
  });

  test("E20: long strings, big integers and large arrays", () => {
    const large = { text: "ü".repeat(100_000), big: BigInt(`9${"0".repeat(2000)}`), floats: new Float64Array(100_000) };
    expect(roundTrip(large)).toStrictEqual(large);
    expect((roundTrip(new Array(200_000).fill(1)) as number[]).length).toBe(200_000);
  });
});

describe("E21: bytes that are no value give CorruptValueError", () => {
  const refuses = (bytes: Uint8Array): void => {
    try {
      decodeValue(bytes);
    } catch (error) {
      expect(error).toSatisfy((e) => e instanceof CorruptValueError || e instanceof MissingCodecError);
    }
  };

  test("E21: every truncation is found", () => {
    fc.assert(
      fc.property(value, fc.nat(), (input, cut) => {
        const bytes = encodeValue(input);
        expect(() => decodeValue(bytes.subarray(0, cut % bytes.length))).toThrow(CorruptValueError);
      }),
    );
  });

  test("E21: changed and random bytes crash nothing", () => {
    fc.assert(
      fc.property(
        value,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (input, changes) => {
          const bytes = encodeValue(input).slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          refuses(bytes);
        },
      ),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), refuses), { numRuns: 1000 });
  });

  test.each([
    ["nothing", []],
    ["bytes after the value", [1, 1]],
    ["an unknown tag", [99]],
    ["text that is not UTF-8", [6, 1, 0xff]],
    ["a pair of surrogates written one by one", [6, 6, 0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
    ["a bigint of letters", [5, 1, 0x61]],
    ["an empty bigint", [5, 0]],
    ["a count of more items than bytes", [8, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["a count that never ends", [8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["a typed array larger than the bytes", [10, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0]],
    ["an unknown typed array", [10, 77, 0]],
    ["nesting without end", new Array(5000).fill([8, 1]).flat()],
  ])("E21: %s", (_, bytes) => {
    expect(() => decodeValue(Uint8Array.from(bytes as number[]))).toThrow(CorruptValueError);
  });
});

describe("E22: what can't be encoded is refused, with its place", () => {
  class Account {}
  const deep = { rows: [{ ok: 1 }, { owner: new Account() }] };

  test.each([
    [deep, "A Account can't be encoded: return plain data, or register a codec for it. (at rows[1].owner)"],
    [{ a: new Map([["x", [new Account()]]]) }, "(at a[0][0])"],
    [{ f: () => 1 }, "An atom returned the function f"],
    [[Symbol("s")], "A symbol has no meaning"],
    [[leaf(1)], "An atom returned the ref t.leaf"],
    [[new FileValue("x.csv")], 'An atom returned file("x.csv")'],
    [/x/, "RegExp"],
    [new DataView(new ArrayBuffer(1)), "DataView"],
  ])("E22: %# names what and where", (input, message) => {
    expect(() => encodeValue(input)).toThrow(UnencodableValueError);
    expect(() => encodeValue(input)).toThrow(message);
    expect(() => digestValue(input)).toThrow(message);
  });

  test("E22: the path is a field of the error", () => {
    const error = (() => {
      try {
        encodeValue(deep);
      } catch (caught) {
        return caught as UnencodableValueError;
      }
    })();
    expect(error?.fields).toMatchObject({ at: "rows[1].owner", type: "Account" });
  });

  test("E22: cycles end with an error, 1,000 levels don't", () => {
    const ring: { self?: unknown } = {};
    ring.self = [ring, ring];
    expect(() => encodeValue(ring)).toThrow(/contains itself or nests deeper than 1,000/);
    let nested: unknown = 1;
    for (let i = 0; i < 1000; i++) nested = [nested];
    expect(roundTrip(nested)).toStrictEqual(nested);
    expect(() => encodeValue([[nested]])).toThrow(UnencodableValueError);
  });
});

describe("E23: the digest is of what a value means", () => {
  test("E23: keys in any order, one NaN, -0 kept, maps and sets in their order", () => {
    expect(digestValue({ a: 1, b: { c: 2, d: 3 } })).toBe(digestValue({ b: { d: 3, c: 2 }, a: 1 }));
    const odd = new Float64Array(Uint32Array.of(7, 0x7ff80000).buffer);
    expect(digestValue(odd)).toBe(digestValue(Float64Array.of(Number.NaN)));
    expect(digestValue(odd[0])).toBe(digestValue(Number.NaN));
    expect(digestValue(-0)).not.toBe(digestValue(0));
    expect(digestValue(new Set([1, 2]))).not.toBe(digestValue(new Set([2, 1])));
  });

  test("E23: the order of entries never counts, whatever they are", () => {
    const entries = fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k, maxLength: 6 });
    fc.assert(
      fc.property(entries, (list) => {
        expect(digestValue(record(list))).toBe(digestValue(record([...list].reverse())));
      }),
    );
  });

  test("E23: values that differ have digests that differ", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const bytes = [a, b].map((each) => Buffer.from(encodeValue(each)).toString("hex"));
        if (digestValue(a) === digestValue(b)) expect(roundTrip(a)).toEqual(roundTrip(b));
        else expect(bytes[0]).not.toBe(bytes[1]);
      }),
    );
  });

  test("E23: a value of any size, and of shared memory, in a fixed buffer", () => {
    const floats = Float64Array.from({ length: 100_000 }, (_, i) => i / 7);
    const shared = new Float64Array(new SharedArrayBuffer(floats.byteLength));
    shared.set(floats);
    expect(digestValue(["a".repeat(300), shared])).toBe(digestValue(["a".repeat(300), floats]));
    const copy = floats.slice();
    copy[99_999] = 0;
    expect(digestValue(copy)).not.toBe(digestValue(floats));
  });

  test("E23: the digest of these values never changes", () => {
    const values = [null, [1, -0, Number.NaN], { b: "ü", a: 1n }, Float64Array.of(0.1), new Map([[1, new Date(0)]])];
    expect(values.map((each) => digestValue(each).slice(0, 16))).toMatchInlineSnapshot(`
      [
        "4bf5122f344554c5",
        "ac99d28cabd0413a",
        "bc40ccfddb4d8bc0",
        "741157de91e02d01",
        "d4ba096677067f3f",
      ]
    `);
  });
});

describe("E24: a codec stands for a class", () => {
  class Point {
    readonly x: number;
    readonly label: string;
    constructor(x: number, label: string) {
      this.x = x;
      this.label = label;
    }
  }
  const codec = {
    tag: "test.point",
    is: (input: unknown): input is Point => input instanceof Point,
    encode: (point: Point) => new Uint8Array(Float64Array.of(point.x, Number(point.label)).buffer),
    decode: (bytes: Uint8Array) => {
      if (bytes.length !== 16) throw new RangeError("16 bytes");
      const [x, label] = new Float64Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, 2);
      return new Point(x!, String(label));
    },
    digest: (point: Point, sink: { number(x: number): void; string(text: string): void }) => {
      sink.number(point.x);
      sink.string(point.label);
    },
  };
  registerCodec(codec);

  test("E24: values of it travel, inside others too, with aligned bytes", () => {
    const points = ["x", new Point(1, "2"), { p: new Point(3, "4") }];
    expect(roundTrip(points)).toStrictEqual(points);
    expect(digestValue(points)).toBe(digestValue(["x", new Point(1, "2"), { p: new Point(3, "4") }]));
    expect(digestValue(points)).not.toBe(digestValue(["x", new Point(1, "2"), { p: new Point(3, "5") }]));
  });

  test("E24: registering it again does nothing, another one of that tag is refused", () => {
    registerCodec(codec);
    expect(() => registerCodec({ ...codec })).toThrow(/registered twice/);
  });

  test("E24: bytes that a codec can't read are corrupt, a tag nobody registered is missing", () => {
    const bytes = encodeValue(new Point(1, "2"));
    const shorter = bytes.slice(0, -8);
    shorter[12] = 8;
    expect(() => decodeValue(shorter)).toThrow(CorruptValueError);
    expect(() => decodeValue(Uint8Array.from([13, 1, 0x78, 0, 0, 0, 0, 0]))).toThrow(MissingCodecError);
  });
});
