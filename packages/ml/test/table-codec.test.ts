import { decodeValue, digestValue, encodeValue } from "@graphvm/engine";
import { concat, decodeTable, encodeTable, sql } from "@graphvm/ml";
import {
  Bool,
  Dictionary,
  Float64,
  Int32,
  List,
  Table,
  tableFromArrays,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { failure, rowsOf } from "./support.js";

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 4 });
const record = fc.record({
  f: nullable(fc.double()),
  i: nullable(fc.integer({ min: -2147483648, max: 2147483647 })),
  b: nullable(fc.boolean()),
  t: nullable(fc.string({ unit: fc.constantFrom("a", "é", "😀"), maxLength: 4 })),
});
type Row = { f: number | null; i: number | null; b: boolean | null; t: string | null };

function tableOf(rows: readonly Row[], text: "plain" | "dictionary" = "plain"): Table {
  const type = text === "plain" ? new Utf8() : new Dictionary(new Utf8(), new Int32());
  return new Table({
    f: vectorFromArray(
      rows.map((row) => row.f),
      new Float64(),
    ),
    i: vectorFromArray(
      rows.map((row) => row.i),
      new Int32(),
    ),
    b: vectorFromArray(
      rows.map((row) => row.b),
      new Bool(),
    ),
    t: vectorFromArray(
      rows.map((row) => row.t),
      type,
    ) as Vector,
  });
}

test("digests do not see chunks, slices, dictionaries or the way through bytes", () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 40 }), fc.nat(), (rows, at) => {
      const cut = at % rows.length;
      const whole = tableOf(rows);
      const digest = digestValue(whole);
      const twice = tableOf([...rows, ...rows]);
      expect(digestValue(twice.slice(rows.length))).toBe(digest);
      expect(digestValue(tableOf(rows, "dictionary"))).toBe(digest);
      if (cut > 0) {
        const [a, b] = [tableOf(rows.slice(0, cut)), tableOf(rows.slice(cut))];
        expect(digestValue(new Table(a.schema, [...a.batches, ...b.batches]))).toBe(digest);
      }
      const back = decodeValue(encodeValue(whole)) as Table;
      expect(digestValue(back)).toBe(digest);
      expect(rowsOf(back)).toEqual(rowsOf(whole));
    }),
    { numRuns: 60 },
  );
});

test("digests see values, nulls, names, types, order of rows, and the sign of zero; every NaN is one", () => {
  const odd = new Float64Array(1);
  new Uint32Array(odd.buffer).set([1, 0xfff80000]);
  const digests = [
    tableFromArrays({ a: Float64Array.of(0, 1) }),
    tableFromArrays({ a: Float64Array.of(-0, 1) }),
    tableFromArrays({ a: Float64Array.of(1, 0) }),
    tableFromArrays({ b: Float64Array.of(0, 1) }),
    tableFromArrays({ a: Int32Array.of(0, 1) }),
    new Table({ a: vectorFromArray([0, null], new Float64()) }),
    new Table({ a: vectorFromArray([null, 0], new Float64()) }),
    new Table({ a: vectorFromArray(["ab", "c"], new Utf8()) }),
    new Table({ a: vectorFromArray(["a", "bc"], new Utf8()) }),
    new Table({ a: vectorFromArray(["", null], new Utf8()) }),
    new Table({ a: vectorFromArray(["", ""], new Utf8()) }),
  ].map(digestValue);
  expect(new Set(digests).size).toBe(digests.length);
  expect(digestValue(tableFromArrays({ a: odd }))).toBe(
    digestValue(tableFromArrays({ a: Float64Array.of(Number.NaN) })),
  );
});

test("what lies under a null does not show", () => {
  const [a, b] = [Float64Array.of(1, 2), Float64Array.of(1, 9)].map((values) => {
    const vector = vectorFromArray([1, null], new Float64());
    vector.data[0]!.values.set(values);
    return new Table({ a: vector });
  });
  expect(digestValue(a)).toBe(digestValue(b));
});

test("a golden digest", () => {
  const table = tableOf([
    { f: 0.1, i: 1, b: true, t: "é" },
    { f: null, i: null, b: null, t: null },
    { f: -0, i: -5, b: false, t: "" },
  ]);
  expect(digestValue(table)).toBe("c9094e4822342cd087da98ded8bc4676db160587afa351fbc137d86209b68662");
});

test("columns are views of the bytes, which may be shared memory", () => {
  const table = tableOf([
    { f: 1.5, i: 2, b: true, t: "text" },
    { f: 2.5, i: 3, b: false, t: "é" },
  ]);
  const bytes = encodeTable(table);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const back = decodeTable(shared);
  expect(back.getChild("f")!.data[0]!.values.buffer).toBe(shared.buffer);
  expect(rowsOf(back)).toEqual(rowsOf(table));
  expect(digestValue(back)).toBe(digestValue(table));
});

test("the bytes are an Arrow IPC stream", () => {
  const table = tableFromArrays({ a: Float64Array.of(1, 2) });
  expect(encodeTable(table)).toEqual(tableToIPC(table, "stream"));
});

test("a nested column is a typed error", async () => {
  const item = tableFromArrays({ item: Float64Array.of(0) }).schema.fields[0]!;
  const nested = new Table({ a: vectorFromArray([[1], [2]], new List(item)) });
  expect(await failure(() => digestValue(nested))).toMatchObject({ code: "GVM5011", fields: { column: "a" } });
});

test("F6: tables from here and from bytes go together, whatever their types", async () => {
  const made = await sql(
    "SELECT 1::TINYINT AS a, 2::BIGINT AS b, 3::UINTEGER AS c, 4.5 AS d, 5::FLOAT AS e, 'six' AS f, true AS g, " +
      "DATE '2020-01-02' AS h, TIMESTAMP '2020-01-02 03:04:05' AS i, TIME '03:04:05' AS j, 'x'::BLOB AS k, 7::DOUBLE AS l",
  );
  const [alone, twice] = [concat([made]), concat([made, made])].map(digestValue);
  const read = decodeTable(encodeTable(made));
  expect(digestValue(concat([read]))).toBe(alone);
  expect(digestValue(concat([made, read]))).toBe(twice);
  expect(digestValue(concat([read, made]))).toBe(twice);
});
