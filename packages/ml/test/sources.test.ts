import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join as joinPath } from "node:path";
import { digestValue } from "@graphvm/engine";
import {
  concat,
  derive,
  ds,
  jsonBlocks,
  parquetBlocks,
  readCsv,
  readJsonBlock,
  readJsonLines,
  readParquet,
  readParquetBlock,
  scanJsonLines,
  scanParquet,
  select,
  writeParquet,
  writePaysimCsv,
} from "@graphvm/ml";
import { createGraph, file } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { beforeAll, describe, expect, test } from "vitest";
import { failure, rowsOf, tempFile, tempPath } from "./support.js";

let table: Table;
let parquet: string;

beforeAll(async () => {
  const csv = tempPath("source.csv");
  await writePaysimCsv(csv, { rows: 20_000, seed: 5 });
  table = await derive(await readCsv(csv), { day: "DATE '2024-01-01' + CAST(step // 24 AS INTEGER)" });
  parquet = tempPath("source.parquet");
  await writeParquet(table, parquet, { rowGroupRows: 4096 });
});

describe("F8: Parquet", () => {
  test("a table comes back as it was, whole, in blocks, and by columns", async () => {
    expect(digestValue(await readParquet(parquet))).toBe(digestValue(table));
    const scan = await scanParquet(parquet);
    expect(scan).toMatchObject({ rows: 20_000, columns: table.schema.fields.map(({ name }) => name) });
    expect(scan.blocks.map(({ rows }) => rows)).toEqual([4096, 4096, 4096, 4096, 3616]);
    const blocks: Table[] = [];
    for (const block of scan.blocks) blocks.push(await readParquetBlock(parquet, block));
    expect(digestValue(concat(blocks))).toBe(digestValue(table));
    expect(digestValue(await readParquet(parquet, ["amount", "day"]))).toBe(
      digestValue(select(table, ["amount", "day"])),
    );
  });
  test("blocks are of whole row groups, as many as are asked for or there are", async () => {
    const sizes = async (blocks: number) => (await scanParquet(parquet, { blocks })).blocks.map(({ rows }) => rows);
    expect(await sizes(1)).toEqual([20_000]);
    expect(await sizes(2)).toEqual([12_288, 7_712]);
    expect(await sizes(99)).toHaveLength(5);
    expect(await failure(() => scanParquet(parquet, { blocks: 0 }))).toMatchObject({ code: "GVM5010" });
  });
  test("equal tables give equal bytes", async () => {
    const other = tempPath("other.parquet");
    await writeParquet(concat([table.slice(0, 7), table.slice(7)]), other, { rowGroupRows: 4096 });
    expect(readFileSync(other).equals(readFileSync(parquet))).toBe(true);
  });
  test("as rules, from several files by a pattern", async () => {
    await writeParquet(table.slice(0, 100), tempPath("part-b.parquet"));
    await writeParquet(table.slice(100, 150), tempPath("part-a.parquet"));
    const pattern = joinPath(dirname(parquet), "part-*.parquet");
    const graph = createGraph();
    const found = await graph.calc(ds.concat(await parquetBlocks(pattern, { columns: ["amount"] })));
    const expected = concat([table.slice(100, 150), table.slice(0, 100)]);
    expect(digestValue(found)).toBe(digestValue(select(expected, ["amount"])));
    expect(digestValue(await graph.calc(ds.parquetSource(file(parquet))))).toBe(digestValue(table));
    expect(await failure(() => parquetBlocks(pattern, { uri: "x.parquet" }))).toMatchObject({ code: "GVM5010" });
    expect(await failure(() => parquetBlocks(joinPath(dirname(parquet), "none-*")))).toMatchObject({ code: "GVM5001" });
  });
  test("broken files, and columns that are not there", async () => {
    const bytes = readFileSync(parquet);
    const cases = {
      "no Parquet": Buffer.from("a,b\n1,2\n"),
      empty: Buffer.alloc(0),
      "cut off": bytes.subarray(0, bytes.length / 2),
      "a broken footer": Buffer.concat([bytes.subarray(0, bytes.length - 200), Buffer.alloc(192), bytes.subarray(-8)]),
      "a broken page": Buffer.from(bytes.map((byte, i) => (i > 4 && i < 20_000 ? 255 - byte : byte))),
    };
    for (const [name, content] of Object.entries(cases)) {
      const path = tempFile(content, `${name}.parquet`);
      expect(await failure(() => readParquet(path)), name).toMatchObject({ code: "GVM5041", fields: { file: path } });
    }
    expect(await failure(() => readParquet(tempPath("absent.parquet")))).toMatchObject({ code: "GVM5001" });
    expect(await failure(() => scanParquet(tempPath("absent.parquet")))).toMatchObject({ code: "GVM5001" });
    expect(await failure(() => readParquet(parquet, ["price"]))).toMatchObject({ code: "GVM5009" });
    expect(await failure(() => readParquetBlock(parquet, { from: 19_999, rows: 2 }))).toMatchObject({
      code: "GVM5041",
    });
    expect(await failure(() => writeParquet(table, "/nowhere/at/all.parquet"))).toMatchObject({ code: "GVM5041" });
  });
});

describe("F9: JSON lines", () => {
  const lines = Array.from({ length: 500 }, (_, i) =>
    JSON.stringify({
      id: i,
      name: `n"${i}`,
      at: `2024-01-${String((i % 28) + 1).padStart(2, "0")}`,
      ...(i === 499 && { v: 0.5 }),
    }),
  );
  test("types are those of the whole file, and go with each block", async () => {
    const path = tempFile(`${lines.join("\n")}\n`, "lines.jsonl");
    const scan = await scanJsonLines(path, { blockSize: "5 KB" });
    expect(scan.schema).toEqual([
      { name: "id", type: "BIGINT" },
      { name: "name", type: "VARCHAR" },
      { name: "at", type: "DATE" },
      { name: "v", type: "DOUBLE" },
    ]);
    expect(scan.blocks.length).toBeGreaterThan(4);
    const whole = await readJsonLines(path);
    const blocks: Table[] = [];
    for (const block of scan.blocks) blocks.push(await readJsonBlock(path, block, scan.schema));
    expect(digestValue(concat(blocks))).toBe(digestValue(whole));
    expect(
      rowsOf(whole)
        .at(-1)!
        .filter((_, i) => i !== 2),
    ).toEqual(["499n", 'n"499', 0.5]);
    const refs = await jsonBlocks(path, { blockSize: "5 KB", types: { at: "VARCHAR" } });
    const last = (await createGraph().calc(refs.at(-1)!)) as Table;
    expect(rowsOf(last).at(-1)).toEqual(["499n", 'n"499', "2024-01-24", 0.5]);
    expect((await createGraph().calc(ds.jsonSource(file(path)))).numRows).toBe(500);
  });
  test("a line that does not fit is an error with file and line", async () => {
    const broken = tempFile(`${lines.slice(0, 300).join("\n")}\n{"id": 3,\n${lines.slice(300).join("\n")}`, "b.jsonl");
    expect(await failure(() => scanJsonLines(broken))).toMatchObject({
      code: "GVM5041",
      fields: { file: broken, line: 301 },
    });
    const late = tempFile(`${lines.join("\n")}\n{"id": "x"}\n`, "late.jsonl");
    const schema = [{ name: "id", type: "BIGINT" }];
    expect(await failure(() => readJsonLines(late, schema))).toMatchObject({ code: "GVM5041", fields: { line: 501 } });
    const { blocks } = await scanJsonLines(late, { blockSize: "2 KB" });
    expect(await failure(() => readJsonBlock(late, blocks.at(-1)!, schema))).toMatchObject({
      code: "GVM5041",
      fields: { file: late, line: 501 },
    });
  });
  test("an empty file, a missing one, another encoding, a very long line", async () => {
    expect(await failure(() => readJsonLines(tempFile("", "empty.jsonl")))).toMatchObject({ code: "GVM5002" });
    expect(await failure(() => readJsonLines(tempPath("absent.jsonl")))).toMatchObject({ code: "GVM5001" });
    const latin = tempFile(Buffer.from('{"a": "caf\xe9"}\n', "latin1"), "latin.jsonl");
    expect(await failure(() => readJsonLines(latin))).toMatchObject({ code: "GVM5041" });
    const long = tempPath("long.jsonl");
    writeFileSync(long, `{"a": "${"x".repeat(17_000_000)}"}\n`);
    expect(await failure(() => readJsonLines(long))).toMatchObject({ code: "GVM5041" });
  });
});
