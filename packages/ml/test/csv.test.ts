import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { digestValue } from "@graphvm/engine";
import { type CsvScan, readCsv, readCsvBlock, scanCsv, writePaysimCsv } from "@graphvm/ml";
import { Table } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { rowsOf, tempFile, tempPath } from "./support.js";

const types = (scan: CsvScan): Record<string, string> =>
  Object.fromEntries(scan.schema.map(({ name, type }) => [name, type]));

describe("types", () => {
  test.each([
    ["1\n-2\n2147483647", "int32"],
    ["1\n2147483648", "int64"],
    ["-2147483648\n9", "int32"],
    ["9223372036854775807", "int64"],
    ["9223372036854775808", "float64"],
    ["1\n2\n.5", "float64"],
    ["1e3", "float64"],
    ["nan\n-inf", "float64"],
    ["true\nFALSE", "bool"],
    ["true\n1", "utf8"],
    ["1\nx", "utf8"],
    ["007\n+5", "int32"],
    ["1_000", "utf8"],
    ["0x10", "utf8"],
  ])("%j is %s", async (values, type) => {
    expect(types(await scanCsv(tempFile(`a\n${values}\n`), { blocks: 1 })).a).toBe(type);
  });

  test("are inferred over all rows, empty fields say nothing", async () => {
    const late = tempFile(`a,b,c\n${"1,,x\n".repeat(300_000)}.5,,x\n`);
    expect(types(await scanCsv(late, { blockSize: "100 KB" }))).toEqual({ a: "float64", b: "utf8", c: "utf8" });
  });

  test("values read as their type", async () => {
    const text = 'i,l,f,b,t\n1,9007199254740993,0.1,true,a\n-2,,-0.0,false,\n,3,1.7976931348623157e308,,""\n';
    const table = await readCsv(tempFile(text));
    expect(table.schema.fields.map((field) => String(field.type))).toEqual([
      "Int32",
      "Int64",
      "Float64",
      "Bool",
      "Utf8",
    ]);
    expect(rowsOf(table)).toEqual([
      [1, "9007199254740993n", 0.1, true, "a"],
      [-2, null, -0, false, null],
      [null, "3n", 1.7976931348623157e308, null, ""],
    ]);
  });
});

describe("text", () => {
  test("quotes, line ends, byte-order mark, empty lines, no last line end", async () => {
    const text = '\ufeff\r\nid,"the ""text"""\r\n1,"a,b"\r\n\r\n2,"line\r\none\ntwo"\r\n3,say "hi"\r\n4,"""q"""';
    expect(rowsOf(await readCsv(tempFile(text)))).toEqual([
      [1, "a,b"],
      [2, "line\r\none\ntwo"],
      [3, 'say "hi"'],
      [4, '"q"'],
    ]);
  });

  test("one column: an empty line is a null; a column without a name gets one", async () => {
    expect(rowsOf(await readCsv(tempFile("a\n1\n\n3\n")))).toEqual([[1], [null], [3]]);
    expect((await readCsv(tempFile(",b\n1,2\n"))).schema.fields.map((f) => f.name)).toEqual(["column1", "b"]);
  });

  test("beyond ASCII, and rows longer than the buffer", async () => {
    const long = "é€😀".repeat(300_000);
    const path = tempFile(`a,b\n1,${long}\n2,"${long}\n"\n`);
    expect(rowsOf(await readCsv(path))).toEqual([
      [1, long],
      [2, `${long}\n`],
    ]);
  });
});

describe("blocks", () => {
  test("one pass gives digest, size, rows, and blocks that lie end to end", async () => {
    const path = tempPath();
    await writePaysimCsv(path, { rows: 20_000, seed: 1 });
    const bytes = readFileSync(path);
    const scan = await scanCsv(path, { blocks: 8 });
    expect(scan).toMatchObject({
      sha256: createHash("sha256").update(bytes).digest("hex"),
      size: bytes.length,
      rows: 20_000,
    });
    expect(scan.blocks).toHaveLength(8);
    let offset = bytes.indexOf(10) + 1;
    let line = 2;
    for (const block of scan.blocks) {
      expect(block).toMatchObject({ offset, line });
      offset += block.bytes;
      line += block.rows;
    }
    expect(offset).toBe(bytes.length);
    const sizes = scan.blocks.map((block) => block.bytes);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(300);
    const tables = await Promise.all(scan.blocks.map((block) => readCsvBlock(path, block, scan.schema)));
    const joined = new Table(
      tables[0]!.schema,
      tables.flatMap((table) => table.batches),
    );
    expect(digestValue(joined)).toBe(digestValue(await readCsv(path)));
  });

  test("sizes in bytes, MB and MiB; fewer blocks than asked where rows are few", async () => {
    const path = tempFile(`a,b\n${"1,2\n".repeat(1000)}`);
    expect((await scanCsv(path, { blockSize: 400 })).blocks.map((block) => block.rows)).toEqual(Array(10).fill(100));
    expect((await scanCsv(path, { blockSize: "2 KB" })).blocks.map((block) => block.rows)).toEqual([500, 500]);
    expect((await scanCsv(path, { blockSize: "1 MiB" })).blocks).toHaveLength(1);
    expect((await scanCsv(tempFile("a\n1\n2\n"), { blocks: 5 })).blocks.length).toBeLessThanOrEqual(2);
  });

  test("a schema chooses columns, their order and types", async () => {
    const path = tempFile("a,b,c\n1,2,3\n4,5,6\n");
    const table = await readCsv(path, [
      { name: "c", type: "float64" },
      { name: "a", type: "utf8" },
    ]);
    expect(table.schema.fields.map((field) => `${field}`)).toEqual(["c: Float64", "a: Utf8"]);
    expect(rowsOf(table)).toEqual([
      [3, "1"],
      [6, "4"],
    ]);
  });
});
