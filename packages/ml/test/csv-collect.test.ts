import { digestValue } from "@graphvm/engine";
import { badRowsOf, concat, csvBlocks, ds, readBadRows, readCsv, readCsvBlock, scanCsv } from "@graphvm/ml";
import { createGraph } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { failure, rowsOf, tempFile } from "./support.js";

const GOOD = Array.from({ length: 40 }, (_, i) => `${i},"n\n${i}",${i / 4}`);
/** Good rows of two lines each, and among them a text, a decimal, and rows of two, four and one fields. */
const MIXED = [
  ...GOOD.slice(0, 10),
  "old,x,1",
  "7,too few",
  ...GOOD.slice(10, 20),
  "1,a,2,one more",
  "2,b,much",
  ...GOOD.slice(20),
  "last",
].join("\n");
const PATH_ROWS = [
  ["22n", "id", "old"],
  ["23n", null, "7,too few"],
  ["44n", null, "1,a,2,one more"],
  ["45n", "v", "much"],
  ["86n", null, "last"],
];
const path = tempFile(`id,name,v\n${MIXED}\n`, "mixed.csv");
const good = tempFile(`id,name,v\n${GOOD.join("\n")}\n`, "good.csv");
const collect = { onBadRow: "collect" } as const;

test("F14: rows that do not fit are left out, and set aside with file, line and column", async () => {
  expect(await failure(() => readCsv(path))).toMatchObject({ code: "GVM5004", fields: { line: 23 } });
  const { schema, rows, blocks } = await scanCsv(path, { blocks: 5, ...collect });
  expect(schema.map(({ type }) => type)).toEqual(["int32", "utf8", "float64"]);
  expect(rows).toBe(42); // of three fields each
  const whole = await readCsv(good);
  expect(digestValue(await readCsv(path, undefined, collect))).toBe(digestValue(whole));
  expect(digestValue(await readCsv(path, schema, collect))).toBe(digestValue(whole));
  const tables: Table[] = [];
  const bad: Table[] = [];
  for (const block of blocks) {
    tables.push(await readCsvBlock(path, block, schema, collect));
    bad.push(await readBadRows(path, block, schema));
  }
  expect(digestValue(concat(tables))).toBe(digestValue(whole));
  expect(rowsOf(concat(bad))).toEqual(PATH_ROWS.map((row) => [path, ...row]));
});

test("F14: as rules, under the name that the session has for the file", async () => {
  const graph = createGraph();
  const blocks = await csvBlocks(path, { blocks: 3, ...collect });
  const found = (await graph.calc(badRowsOf(blocks))) as Table;
  expect(rowsOf(found)).toEqual(PATH_ROWS.map((row) => [path, ...row]));
  expect(((await graph.calc(ds.concat(blocks))) as Table).numRows).toBe(40);
  const none = badRowsOf(await csvBlocks(good, { blocks: 3, ...collect }));
  expect(((await graph.calc(none)) as Table).numRows).toBe(0);
  expect(await failure(() => badRowsOf([ds.sample(blocks[0]!, { rows: 1 })]))).toMatchObject({ code: "GVM5010" });
});

test("F14: quotes and bytes that leave no rows to speak of are errors all the same; so is nothing but bad rows", async () => {
  const scan = (text: string | Uint8Array) => scanCsv(tempFile(text), { blocks: 2, ...collect });
  expect(await failure(() => scan('a,b\n1,"2\n3,4\n'))).toMatchObject({ code: "GVM5006", fields: { line: 2 } });
  expect(await failure(() => scan(Buffer.from("a,b\n1,\xe9\n", "latin1")))).toMatchObject({ code: "GVM5007" });
  expect(await failure(() => scan("a,b\n1\n2\n"))).toMatchObject({ code: "GVM5002" });
  const other = { blocks: 1, onBadRow: "skip" as "collect" };
  expect(await failure(() => scanCsv(path, other))).toMatchObject({ code: "GVM5010", fields: { option: "onBadRow" } });
});

test("F14: each row is in the table or set aside, wherever the file is cut", async () => {
  const row = fc.constantFrom("1,2", "3,", "x,4", "5", "6,7,8", '"9","1\n0"', "", ",");
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), async (rows, blocks) => {
      const file = tempFile(`a,b\n0,0\n${rows.join("\n")}`);
      const options = { blocks, types: { a: "int32", b: "utf8" }, ...collect } as const;
      const scan = await scanCsv(file, options);
      const parts = await Promise.all(scan.blocks.map((block) => readCsvBlock(file, block, scan.schema, collect)));
      const bad = await Promise.all(scan.blocks.map((block) => readBadRows(file, block, scan.schema)));
      const whole = await readCsv(file, scan.schema, collect);
      expect(digestValue(concat(parts))).toBe(digestValue(whole));
      const wrong = rows.filter((text) => ["x,4", "5", "6,7,8"].includes(text));
      expect(rowsOf(concat(bad)).map(([, , column, text]) => (column === null ? text : `${text},4`))).toEqual(wrong);
      expect(whole.numRows).toBe(1 + rows.filter((text) => text !== "").length - wrong.length);
    }),
    { numRuns: 60 },
  );
});
