import { digestValue } from "@graphvm/engine";
import {
  type Aggregates,
  concat,
  csvBlocks,
  type DistributedFrame,
  ds,
  frame,
  groupBy,
  join,
  orderBy,
  readCsv,
  type SortKey,
  writePaysimCsv,
} from "@graphvm/ml";
import { createGraph, type Ref } from "@graphvm/rules";
import { Float64, Table, Utf8, vectorFromArray } from "apache-arrow";
import { beforeAll, describe, expect, test } from "vitest";
import { failure, rowsOf, tempPath } from "./support.js";

let whole: Table;
let blocks: readonly Ref<Table>[];

beforeAll(async () => {
  const path = tempPath("frame.csv");
  await writePaysimCsv(path, { rows: 6_000, seed: 3 });
  whole = await readCsv(path);
  blocks = await csvBlocks(path, { blocks: 5 });
});

const tables = (of: DistributedFrame): Promise<readonly Table[]> =>
  createGraph({ seed: 1 }).calc([...of.blocks]) as Promise<readonly Table[]>;
const digests = (list: readonly Table[]) => list.map((table) => digestValue(table));

describe("F10: groupBy", () => {
  const merged: Aggregates = {
    n: "count",
    steps: ["sum", "step"],
    mean: ["mean", "step"],
    most: ["max", "amount"],
    first: ["first", "nameOrig"],
    last: ["last", "amount"],
  };
  test.each([
    ["aggregated in blocks first", merged],
    ["all rows of a group in one place", { ...merged, middle: ["median", "amount"], many: ["distinct", "nameDest"] }],
  ] as const)("%s, equals the group-by of the whole", async (_, aggregates) => {
    const expected = await groupBy(whole, ["type", "isFraud"], aggregates);
    for (const count of [1, 3]) {
      const found = await tables(frame(blocks).groupBy(["type", "isFraud"], aggregates, { blocks: count }));
      expect(found).toHaveLength(count);
      expect(digestValue(orderBy(concat(found), ["type", "isFraud"]))).toBe(digestValue(expected));
      for (const table of found) expect(digestValue(orderBy(table, ["type", "isFraud"]))).toBe(digestValue(table));
    }
  });
  test("without keys: one row", async () => {
    const [found, ...others] = await tables(frame(blocks).groupBy([], { n: "count", mean: ["mean", "step"] }));
    expect(others).toEqual([]);
    expect(digestValue(found)).toBe(digestValue(await groupBy(whole, [], { n: "count", mean: ["mean", "step"] })));
  });
  test("a group without values has no mean", async () => {
    const nothing = new Table({
      k: vectorFromArray(["a", "b"], new Utf8()),
      v: vectorFromArray([null, 1], new Float64()),
    });
    const raw = ds.derive(ds.sql("SELECT * FROM (VALUES ('a', NULL), ('b', 1.0)) t(k, v)", { tables: {} }), {
      v: "CAST(v AS DOUBLE)",
    });
    const found = await tables(frame([raw, raw]).groupBy(["k"], { mean: ["mean", "v"] }, { blocks: 1 }));
    expect(rowsOf(found[0]!)).toEqual(rowsOf(await groupBy(nothing, ["k"], { mean: ["mean", "v"] })));
  });
});

describe("F11: join", () => {
  test("with a table: rows keep their places; with a frame: the same rows", async () => {
    const totals = ds.groupBy(ds.concat(blocks), ["nameDest"], { total: ["sum", "amount"] });
    const expected = await join(whole, await groupBy(whole, ["nameDest"], { total: ["sum", "amount"] }), {
      on: ["nameDest"],
      how: "left",
    });
    const broadcast = await tables(frame(blocks).join(totals, { on: ["nameDest"], how: "left" }));
    expect(digestValue(concat(broadcast))).toBe(digestValue(expected));
    const shuffled = await tables(frame(blocks).join(frame([totals]), { on: ["nameDest"], how: "left", blocks: 3 }));
    expect(shuffled).toHaveLength(3);
    const order: SortKey[] = ["step", "nameOrig", "nameDest", "amount"];
    expect(digestValue(orderBy(concat(shuffled), order))).toBe(digestValue(orderBy(expected, order)));
  });
});

describe("F12: sortBy and repartition", () => {
  test.each([
    ["numbers", ["amount"]],
    ["texts, backwards, and a second key", [{ column: "type", desc: true }, "step"]],
  ] as const)("sortBy %s equals orderBy of the whole", async (_, by) => {
    const found = await tables(frame(blocks).sortBy(by, { blocks: 4 }));
    expect(digestValue(concat(found))).toBe(digestValue(orderBy(whole, by)));
    if (by.length === 1) for (const { numRows } of found) expect(Math.abs(numRows - 1500)).toBeLessThan(300);
  });
  test("nulls, NaN and equal values", async () => {
    const made = ds.sql(
      "SELECT CASE WHEN i % 7 = 0 THEN NULL WHEN i % 7 = 1 THEN 'nan'::DOUBLE ELSE i % 3 END AS v, i FROM range(500) r(i)",
      { tables: {} },
    );
    const source = frame([ds.filter(made, "i < 100"), ds.filter(made, "i >= 100"), ds.filter(made, "i < 0")]);
    const [table] = (await createGraph({ seed: 1 }).calc([made])) as readonly Table[];
    expect(digestValue(concat(await tables(source.sortBy(["v"], { blocks: 6 }))))).toBe(
      digestValue(orderBy(table!, ["v"])),
    );
  });
  test("repartition keeps the order, or puts equal keys together", async () => {
    const even = await tables(frame(blocks).repartition(7));
    expect(even.map(({ numRows }) => numRows)).toEqual([858, 857, 857, 857, 857, 857, 857]);
    expect(digestValue(concat(even))).toBe(digestValue(whole));
    const keyed = await tables(frame(blocks).repartition(4, ["nameDest"]));
    const seen = keyed.flatMap((table) => [...new Set(rowsOf(table.select(["nameDest"])).map(([name]) => name))]);
    expect(new Set(seen).size).toBe(seen.length);
    expect(keyed.reduce((sum, { numRows }) => sum + numRows, 0)).toBe(6_000);
    const none = frame([ds.filter(blocks[0]!, "false")]).repartition(2);
    expect((await tables(none)).map(({ numRows }) => numRows)).toEqual([0, 0]);
  });
});

test("F10: the same bytes each time; blocks are checked", async () => {
  const made = frame(blocks)
    .filter("amount > 1000")
    .derive({ day: "step // 24" })
    .select(["type", "day", "amount"])
    .groupBy(["day", "type"], { total: ["sum", "amount"] })
    .sortBy([{ column: "total", desc: true }]);
  expect(digests(await tables(made))).toEqual(digests(await tables(made)));
  expect(await failure(() => frame([]))).toMatchObject({ code: "GVM5010" });
  expect(await failure(() => frame(blocks).repartition(0))).toMatchObject({ code: "GVM5010" });
  const mixed = frame([blocks[0]!, ds.select(blocks[1]!, ["type", "amount"])]);
  expect(await failure(() => createGraph().calc(mixed.table()))).toMatchObject({ code: "GVM5042" });
});
