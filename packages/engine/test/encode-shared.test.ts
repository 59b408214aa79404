import { decodeValue, encodeValue } from "@graphvm/engine";
import { encodeShared } from "@graphvm/engine/internal";
import { expect, test } from "vitest";

const VALUES: { readonly [what: string]: unknown } = {
  "a number": 1.5,
  "a long text": "é".repeat(100_000),
  "bytes and doubles, large and small": [new Uint8Array(100_001).fill(3), 1, Float64Array.of(1, 2), "x"],
  "doubles between texts": { a: "b".repeat(70_001), c: Float64Array.from({ length: 20_000 }, (_, i) => i), d: [null] },
  "many small things": Array.from({ length: 20_000 }, (_, i) => ({ i, text: `t${i}` })),
};

test.each(Object.entries(VALUES))(
  "C91: %s has the same bytes in shared memory, and reads back from there",
  (_what, value) => {
    const bytes = encodeShared(value);
    expect(Buffer.compare(bytes, encodeValue(value))).toBe(0);
    expect(decodeValue(bytes)).toEqual(value);
    expect(bytes.buffer instanceof SharedArrayBuffer).toBe(bytes.length >= 16_384);
  },
);
