import { digestValue } from "@graphvm/engine";
import { select, sql } from "@graphvm/ml";
import {
  Binary,
  Bool,
  DateDay,
  Decimal,
  Dictionary,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  makeData,
  makeVector,
  Table,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { expect, test } from "vitest";
import { failure, rowsOf } from "./support.js";

const ROWS = 5_000; // more than two of DuckDB's vectors

/** Every third row null. */
const column = <T>(make: (i: number) => T) => Array.from({ length: ROWS }, (_, i) => (i % 3 === 2 ? null : make(i)));

function decimals(precision: number, scale: number, make: (i: number) => bigint) {
  const data = new BigInt64Array(ROWS * 2);
  for (let i = 0; i < ROWS; i++) {
    data[i * 2] = BigInt.asIntN(64, make(i));
    data[i * 2 + 1] = make(i) >> 64n;
  }
  const type = new Decimal(scale, precision, 128);
  return makeVector(makeData({ type, length: ROWS, nullCount: 0, data: new Uint32Array(data.buffer) }));
}

const EVERYTHING = new Table({
  bool: vectorFromArray(
    column((i) => i % 2 === 0),
    new Bool(),
  ),
  i8: vectorFromArray(
    column((i) => (i % 256) - 128),
    new Int8(),
  ),
  i16: vectorFromArray(
    column((i) => i - 2500),
    new Int16(),
  ),
  i32: vectorFromArray(
    column((i) => i * -400_000),
    new Int32(),
  ),
  i64: vectorFromArray(
    column((i) => BigInt(i) * -1_234_567_890_123_456n),
    new Int64(),
  ),
  u8: vectorFromArray(
    column((i) => i % 256),
    new Uint8(),
  ),
  u16: vectorFromArray(
    column((i) => i * 13),
    new Uint16(),
  ),
  u32: vectorFromArray(
    column((i) => i * 800_000),
    new Uint32(),
  ),
  u64: vectorFromArray(
    column((i) => 18_446_744_073_709_551_615n - BigInt(i)),
    new Uint64(),
  ),
  f32: vectorFromArray(
    column((i) => i / 7),
    new Float32(),
  ),
  f64: vectorFromArray(
    column((i) => (i === 0 ? -0 : i === 1 ? Number.NaN : i === 3 ? -Infinity : i / 7)),
    new Float64(),
  ),
  text: vectorFromArray(
    column((i) => (i % 5 === 0 ? "" : "é€😀".repeat(i % 7))),
    new Utf8(),
  ),
  bytes: vectorFromArray(
    column((i) => Uint8Array.from({ length: i % 20 }, (_, b) => b)),
    new Binary(),
  ),
  day: vectorFromArray(
    column((i) => new Date((i - 1000) * 86_400_000)),
    new DateDay(),
  ),
  time: vectorFromArray(
    column((i) => BigInt(i) * 17_000_001n),
    new TimeMicrosecond(),
  ),
  s: vectorFromArray(
    column((i) => (i - 99) * 1000),
    new TimestampSecond(),
  ),
  ms: vectorFromArray(
    column((i) => i * 1e6 + 7),
    new TimestampMillisecond(),
  ),
  us: vectorFromArray(
    column((i) => i * 1e6),
    new TimestampMicrosecond(),
  ),
  ns: vectorFromArray(
    column((i) => i * 1e6),
    new TimestampNanosecond(),
  ),
  utc: vectorFromArray(
    column((i) => i * 1e6),
    new TimestampMicrosecond("UTC"),
  ),
  d4: decimals(4, 1, (i) => BigInt(i - 2500)),
  d9: decimals(9, 2, (i) => BigInt(i - 2500) * 1000n),
  d18: decimals(18, 3, (i) => BigInt(i - 2500) * 1_000_000_007n),
  d38: decimals(38, 4, (i) => BigInt(i - 2500) * 1_000_000_007n * 4_000_000_000_000_000_000n),
});

test("F1: every type goes to SQL and comes back the same, nulls too", async () => {
  const back = await sql("SELECT * FROM t", { tables: { t: EVERYTHING } });
  expect(String(back.schema)).toBe(String(EVERYTHING.schema));
  for (const { name } of EVERYTHING.schema.fields) {
    expect(digestValue(select(back, [name])), name).toBe(digestValue(select(EVERYTHING, [name])));
  }
});

test("F1: chunks, slices and dictionaries are values all the same", async () => {
  const words = ["a", null, "long enough not to be inline", "b"];
  const dictionary = vectorFromArray(words, new Dictionary(new Utf8(), new Int32()));
  const table = new Table({ d: dictionary }).concat(new Table({ d: dictionary })).slice(1, 7);
  const back = await sql("SELECT d FROM t", { tables: { t: table } });
  expect(rowsOf(back)).toEqual([...words.slice(1), ...words.slice(0, 3)].map((word) => [word]));
});

test("F1: SQL sees dates, times and decimals as what they are", async () => {
  const query = `SELECT day::VARCHAR, ms::VARCHAR, utc::VARCHAR, d9::VARCHAR, d38::VARCHAR, u64::VARCHAR, time::VARCHAR
    FROM t WHERE i32 = -400000 * 1`;
  expect(rowsOf(await sql(query, { tables: { t: EVERYTHING } }))).toEqual([
    [
      "1967-04-08",
      "1970-01-01 00:16:40.007",
      "1970-01-01 00:16:40+00",
      "-24990.00",
      "-999600006997200000000000000.0000",
      "18446744073709551614",
      "00:00:17.000001",
    ],
  ]);
});

test("F1: sums of whole numbers are int64 or an error", async () => {
  const tables = { t: EVERYTHING };
  const [[sum]] = rowsOf(await sql("SELECT sum(i32) FROM t", { tables })) as [[string]];
  let expected = 0n;
  for (let i = 0; i < ROWS; i++) if (i % 3 !== 2) expected += BigInt(i * -400_000);
  expect(sum).toBe(`${expected}n`);
  expect(await failure(() => sql("SELECT sum(u64) AS s FROM t", { tables }))).toMatchObject({
    code: "GVM5011",
    fields: { column: "s" },
  });
});

test("F2: a query has no file, no setting and no extension in reach", async () => {
  for (const query of [
    "SELECT * FROM read_csv('/etc/passwd')",
    "COPY (SELECT 1) TO '/tmp/never.csv'",
    "ATTACH '/tmp/never.db'",
    "SET threads = 2",
    "SET enable_external_access = true",
    "LOAD httpfs",
  ]) {
    expect(await failure(() => sql(query)), query).toMatchObject({ code: "GVM5040", exitCode: 2 });
  }
});

test("F2: the tables of one query are not there for the next", async () => {
  await sql("SELECT * FROM t", { tables: { t: EVERYTHING } });
  expect(await failure(() => sql("SELECT * FROM t"))).toMatchObject({ code: "GVM5040" });
});

test("F2: random() is seeded", async () => {
  const draw = async (seed: number) => rowsOf(await sql("SELECT random() FROM range(3)", { seed }));
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test("F2: errors tell what DuckDB says; types without a counterpart are named", async () => {
  const error = await failure(() => sql("SELEC 1"));
  expect(error).toMatchObject({ code: "GVM5040", fields: { query: "SELEC 1" } });
  expect(error.message).toContain("syntax error");
  expect(await failure(() => sql("SELECT [1, 2] AS list"))).toMatchObject({
    code: "GVM5011",
    fields: { column: "list", type: "INTEGER[]" },
  });
  const { code } = await failure(() =>
    sql("SELECT 1", { tables: { t: new Table({ a: EVERYTHING.getChild("i8")!, A: EVERYTHING.getChild("i8")! }) } }),
  );
  expect(code).toBe("GVM5040");
});

test("no rows and no columns", async () => {
  const none = await sql("SELECT * FROM t WHERE false", { tables: { t: EVERYTHING } });
  expect([none.numRows, none.numCols]).toEqual([0, EVERYTHING.numCols]);
  expect(rowsOf(await sql("SELECT count(*) AS n FROM t", { tables: { t: none } }))).toEqual([["0n"]]);
});

test("F1: a result that does not fit is an error in its first rows, while the next are made; queries after it work", async () => {
  for (let i = 0; i < 5; i++) {
    const error = await failure(() =>
      sql("SELECT i + 18446744073709551616::HUGEINT AS n, 'x' || i AS t FROM range(200000) r(i)"),
    );
    expect(error).toMatchObject({ code: "GVM5011", fields: { column: "n" } });
  }
  expect((await sql("SELECT i::HUGEINT AS n, 'x' || i AS t FROM range(200000) r(i)")).numRows).toBe(200_000);
});
