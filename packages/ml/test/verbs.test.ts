import { createRandom, digestValue } from "@graphvm/engine";
import {
  concat,
  derive,
  describe as describeTable,
  ds,
  filter,
  groupBy,
  join,
  orderBy,
  readCsv,
  sample,
  sql,
} from "@graphvm/ml";
import { createGraph, file } from "@graphvm/rules";
import { DateDay, Float64, Int32, Table, tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failure, rowsOf, tempFile } from "./support.js";

const PEOPLE = new Table({
  id: vectorFromArray([1, 2, 3, 4, 5], new Int32()),
  city: vectorFromArray(["Oslo", "Lima", null, "Oslo", "Rome"], new Utf8()),
  fare: vectorFromArray([10, 20, 30, null, 50.5], new Float64()),
  day: vectorFromArray(
    [0, 1, 2, 3, 4].map((i) => new Date(i * 86_400_000)),
    new DateDay(),
  ),
});

describe("F3: filter and derive", () => {
  test("rows keep their order and their types; null is no", async () => {
    const found = await filter(PEOPLE, "fare >= 20 OR city = 'Oslo'");
    expect(rowsOf(found).map(([id]) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(rowsOf(await filter(PEOPLE, "fare > 10")).map(([id]) => id)).toEqual([2, 3, 5]);
    expect(String(found.schema)).toBe(String(PEOPLE.schema));
    expect((await filter(PEOPLE, "day < DATE '1970-01-03' -- no more\n")).numRows).toBe(2);
  });
  test("columns are added or replaced, and see the table as it was", async () => {
    const made = await derive(PEOPLE, { fare: "fare * 2", half: "fare / 2", year: "year(day)" });
    expect(made.schema.fields.map(({ name }) => name)).toEqual(["id", "city", "fare", "day", "half", "year"]);
    expect(rowsOf(made).map(([, , fare, , half, year]) => [fare, half, year])).toEqual([
      [20, 5, "1970n"],
      [40, 10, "1970n"],
      [60, 15, "1970n"],
      [null, null, "1970n"],
      [101, 25.25, "1970n"],
    ]);
  });
  test("a column that is not there, a text that is no condition", async () => {
    expect(await failure(() => filter(PEOPLE, "price > 1"))).toMatchObject({ code: "GVM5040" });
    expect(await failure(() => derive(PEOPLE, { a: "fare +" }))).toMatchObject({ code: "GVM5040" });
    expect(await derive(PEOPLE, {})).toBe(PEOPLE);
  });
});

describe("F4: groupBy", () => {
  test("sorted by key, nulls last and a group of their own", async () => {
    const found = await groupBy(PEOPLE, ["city"], {
      n: "count",
      known: ["count", "fare"],
      total: ["sum", "fare"],
      mean: ["mean", "fare"],
      ids: ["sum", "id"],
      first: ["first", "day"],
      last: ["last", "id"],
      kinds: ["distinct", "id"],
      middle: ["median", "id"],
      least: ["min", "city"],
    });
    expect(rowsOf(found).map((row) => row.filter((_, i) => i !== 6))).toEqual([
      ["Lima", "1n", "1n", 20, 20, "2n", 2, "1n", 2, "Lima"],
      ["Oslo", "2n", "1n", 10, 10, "5n", 4, "2n", 2.5, "Oslo"],
      ["Rome", "1n", "1n", 50.5, 50.5, "5n", 5, "1n", 5, "Rome"],
      [null, "1n", "1n", 30, 30, "3n", 3, "1n", 3, null],
    ]);
    expect(String(found.getChild("first")!.type)).toBe("Date32<DAY>");
  });
  test("of the whole table, and distinct keys", async () => {
    expect(rowsOf(await groupBy(PEOPLE, [], { n: "count", max: ["max", "fare"] }))).toEqual([["5n", 50.5]]);
    expect(rowsOf(await groupBy(PEOPLE, ["city"], {}))).toEqual([["Lima"], ["Oslo"], ["Rome"], [null]]);
  });
  test("bad options", async () => {
    expect(await failure(() => groupBy(PEOPLE, ["town"], { n: "count" }))).toMatchObject({ code: "GVM5009" });
    expect(await failure(() => groupBy(PEOPLE, ["city"], { city: "count" }))).toMatchObject({ code: "GVM5010" });
    expect(await failure(() => groupBy(PEOPLE, [], {}))).toMatchObject({ code: "GVM5010" });
    expect(await failure(() => groupBy(PEOPLE, [], { n: ["mode", "id"] as never }))).toMatchObject({ code: "GVM5010" });
    expect(await failure(() => groupBy(PEOPLE, [], { n: ["sum", "city"] }))).toMatchObject({ code: "GVM5040" });
  });
});

describe("F5: join", () => {
  const cities = new Table({
    city: vectorFromArray(["Rome", "Oslo", "Oslo", null], new Utf8()),
    id: vectorFromArray([7, 8, 9, 10], new Int32()),
  });
  test("inner: the left order, then the right; a null matches nothing", async () => {
    const found = await join(PEOPLE, cities, { on: ["city"] });
    expect(found.schema.fields.map(({ name }) => name)).toEqual(["id", "city", "fare", "day", "id_right"]);
    expect(rowsOf(found).map((row) => [row[0], row[1], row[4]])).toEqual([
      [1, "Oslo", 8],
      [1, "Oslo", 9],
      [4, "Oslo", 8],
      [4, "Oslo", 9],
      [5, "Rome", 7],
    ]);
  });
  test("left: what matches nothing stays, with nulls", async () => {
    const found = await join(PEOPLE, cities, { on: [["city", "city"]], how: "left", suffix: "2" });
    expect(rowsOf(found).map((row) => [row[0], row[4]])).toEqual([
      [1, 8],
      [1, 9],
      [2, null],
      [3, null],
      [4, 8],
      [4, 9],
      [5, 7],
    ]);
  });
  test("bad options", async () => {
    expect(await failure(() => join(PEOPLE, cities, { on: [] }))).toMatchObject({ code: "GVM5010" });
    expect(await failure(() => join(PEOPLE, cities, { on: ["town"] }))).toMatchObject({ code: "GVM5009" });
    expect(await failure(() => join(PEOPLE, cities, { on: ["city"], how: "outer" as never }))).toMatchObject({
      code: "GVM5010",
    });
    expect(await failure(() => join(PEOPLE, cities, { on: [["fare", "city"]] }))).toMatchObject({ code: "GVM5042" });
    const clash = tableFromArrays({ city: ["Rome"], id: [1], id_right: [2] });
    expect(await failure(() => join(clash, cities, { on: ["city"] }))).toMatchObject({ code: "GVM5010" });
  });
});

describe("F6: orderBy, sample, concat, describe", () => {
  test("orderBy is stable; nulls last, NaN before them, both ways", () => {
    const table = new Table({
      v: vectorFromArray([2, null, Number.NaN, 1, 2, -0, 0], new Float64()),
      i: vectorFromArray([0, 1, 2, 3, 4, 5, 6], new Int32()),
    });
    const order = (desc: boolean) => rowsOf(orderBy(table, [{ column: "v", desc }])).map(([, i]) => i);
    expect(order(false)).toEqual([5, 6, 3, 0, 4, 2, 1]);
    expect(order(true)).toEqual([0, 4, 3, 5, 6, 2, 1]);
    expect(rowsOf(orderBy(PEOPLE, ["city", { column: "id", desc: true }])).map(([id]) => id)).toEqual([2, 4, 1, 5, 3]);
  });
  test("orderBy agrees with SQL", async () => {
    const rows = fc.array(
      fc.record({
        t: fc.option(fc.string({ unit: "binary", maxLength: 4 })),
        n: fc.option(fc.bigInt({ min: -3n, max: 3n })),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const table = new Table({
          t: vectorFromArray([...list.map(({ t }) => t?.replaceAll("\0", "0") ?? null), null], new Utf8()),
          n: vectorFromArray([...list.map(({ n }) => (n === null ? null : Number(n) / 2)), null], new Float64()),
          i: vectorFromArray(
            Array.from({ length: list.length + 1 }, (_, i) => i),
            new Int32(),
          ),
        });
        const query = "SELECT * FROM t ORDER BY t DESC NULLS LAST, n NULLS LAST, i";
        expect(rowsOf(orderBy(table, [{ column: "t", desc: true }, "n"]))).toEqual(
          rowsOf(await sql(query, { tables: { t: table } })),
        );
      }),
      { numRuns: 25 },
    );
  });
  test("sample is seeded and keeps the order", () => {
    const ids = (size: Parameters<typeof sample>[1], seed = 1) =>
      rowsOf(sample(PEOPLE, size, createRandom(seed))).map(([id]) => id as number);
    expect(ids({ rows: 3 })).toEqual(ids({ rows: 3 }));
    expect(ids({ frac: 0.6 })).toHaveLength(3);
    expect(ids({ rows: 3 })).toEqual([...ids({ rows: 3 })].sort());
    expect([ids({ rows: 0 }), ids({ frac: 1 })]).toEqual([[], [1, 2, 3, 4, 5]]);
    expect(() => ids({ rows: 6 })).toThrow(/has 5/);
    expect(() => ids({ frac: 1.5 })).toThrow(/from 0 to 1/);
  });
  test("concat", async () => {
    const both = concat([PEOPLE, PEOPLE.slice(1, 3)]);
    expect(both.numRows).toBe(7);
    expect(digestValue(both)).toBe(
      digestValue(concat([PEOPLE.slice(0, 2), PEOPLE.slice(2), PEOPLE.slice(0, 0), PEOPLE.slice(1, 3)])),
    );
    const other = await derive(PEOPLE, { fare: "CAST(fare AS INTEGER)" });
    expect(await failure(() => concat([PEOPLE, other]))).toMatchObject({ code: "GVM5042", fields: { column: "fare" } });
    expect(await failure(() => concat([PEOPLE, PEOPLE.select(["id"])]))).toMatchObject({ code: "GVM5042" });
    expect(await failure(() => concat([]))).toMatchObject({ code: "GVM5010" });
  });
  test("describe has what pandas has", () => {
    expect(rowsOf(describeTable(PEOPLE))).toEqual([
      ["id", "5n", "0n", 3, Math.sqrt(2.5), 1, 2, 3, 4, 5],
      ["fare", "4n", "1n", 27.625, 17.298241721824407, 10, 17.5, 25, 35.125, 50.5],
    ]);
  });
});

test("F7: as rules they do what the functions do, and give the same bytes each time", async () => {
  const path = tempFile(
    `id,city,fare\n${Array.from({ length: 300 }, (_, i) => `${i},c${i % 7},${i / 4}`).join("\n")}\n`,
  );
  const table = await readCsv(path);
  const raw = ds.csvSource(file(path));
  const totals = ds.groupBy(raw, ["city"], { total: ["sum", "fare"] });
  const joined = ds.join(ds.filter(raw, "fare > 10"), totals, { on: ["city"], how: "left" });
  const sorted = ds.orderBy(ds.derive(joined, { share: "fare / total" }), [{ column: "share", desc: true }]);
  const graph = createGraph({ seed: 3 });
  const all = [sorted, ds.sample(raw, { rows: 9 }), ds.concat([raw, raw]), ds.describe(raw)];
  const query = ds.sql("SELECT count(*) AS n, random() AS r FROM a JOIN b USING (city)", {
    tables: { a: raw, b: totals },
  });
  const found = await graph.calc([...all, query]);
  const expected = await derive(
    await join(await filter(table, "fare > 10"), await groupBy(table, ["city"], { total: ["sum", "fare"] }), {
      on: ["city"],
    }),
    { share: "fare / total" },
  );
  expect(digestValue(found[0])).toBe(digestValue(orderBy(expected, [{ column: "share", desc: true }])));
  expect((found[2] as Table).numRows).toBe(600);
  expect(rowsOf(found[4] as Table)[0]![0]).toBe("300n");
  const again = await createGraph({ seed: 3 }).calc([...all, query]);
  expect(again.map((value) => digestValue(value))).toEqual(found.map((value) => digestValue(value)));
});
