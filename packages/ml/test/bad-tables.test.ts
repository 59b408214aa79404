import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, truncateSync } from "node:fs";
import { digestValue } from "@graphvm/engine";
import {
  concat,
  csvBlocks,
  derive,
  describe as describeTable,
  filter,
  readCsv,
  readCsvBlock,
  readJsonLines,
  readParquet,
  scanCsv,
  scanJsonLines,
  select,
  writeParquet,
} from "@graphvm/ml";
import { describe, expect, test } from "vitest";
import { failure, rowsOf, tempFile } from "./support.js";

const READERS = [
  ["CSV", readCsv, "GVM5002"],
  ["CSV in blocks", (path: string) => csvBlocks(path, { blocks: 3 }), "GVM5002"],
  ["JSON lines", readJsonLines, "GVM5002"],
  ["Parquet", readParquet, "GVM5041"],
] as const;

describe("F15: an empty file", () => {
  test.each(READERS)("%s", async (_, read, code) => {
    const path = tempFile("");
    const error = await failure(() => read(path));
    expect(error).toMatchObject({ code, exitCode: 2, fields: { file: path } });
    expect(error.message).toContain(path);
  });
});

test("F15: a header and nothing else, with given types too", async () => {
  const path = tempFile("a,b\r\n");
  const error = await failure(() => readCsv(path, [{ name: "a", type: "int32" }]));
  expect(error).toMatchObject({
    code: "GVM5002",
    message: `${path} has column names and no rows; nothing can be read.`,
  });
  expect(await failure(() => csvBlocks(path, { blocks: 1 }))).toMatchObject({ code: "GVM5002" });
});

test("F15: ragged rows, with given types too, say their line and how many fields they have", async () => {
  const path = tempFile('a,b\n1,"x\ny"\n2\n');
  const error = await failure(() => readCsv(path, [{ name: "a", type: "int32" }]));
  expect(error).toMatchObject({ code: "GVM5004", fields: { file: path, line: 4, expected: 2, found: 1 } });
});

const utf16 = Buffer.from("name,age\nann,3\n", "utf16le");
test.each([
  ["Latin-1", Buffer.from("name,age\nJos\xe9,3\n", "latin1"), 2],
  ["UTF-16 with a mark", Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), 1],
  ["UTF-16 without one", utf16, 1],
  ["bytes of something else", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), 1],
] as const)("F15: another encoding: %s", async (_, bytes, line) => {
  const path = tempFile(bytes);
  for (const read of [() => readCsv(path), () => readCsv(path, [{ name: "age", type: "int32" }])]) {
    const error = await failure(read);
    expect(error).toMatchObject({ code: "GVM5007", exitCode: 2, fields: { file: path, line } });
    expect(error.message).toMatch(/is not UTF-8; convert the file/);
  }
  expect(await failure(() => readJsonLines(path))).toMatchObject({ code: "GVM5041" });
});

test("F15: 10,000 columns are read, selected, filtered, described, and kept as Parquet", async () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `c${i}`);
  const row = (r: number) => names.map((_, i) => (i % 3 === 0 ? r + i : i % 3 === 1 ? `${r}.5` : `t${r}`)).join(",");
  const path = tempFile(`${names.join(",")}\n${Array.from({ length: 12 }, (_, r) => row(r)).join("\n")}\n`);
  const { schema, blocks, rows } = await scanCsv(path, { blocks: 3 });
  expect([schema.length, blocks.length, rows]).toEqual([10_000, 3, 12]);
  const parts = [];
  for (const block of blocks) parts.push(await readCsvBlock(path, block, schema));
  const table = concat(parts);
  expect(digestValue(table)).toBe(digestValue(await readCsv(path)));
  const few = select(await filter(table, "c9999 > 10000 AND c2 <> 't5'"), ["c9999", "c1"]);
  expect(rowsOf(few)[0]).toEqual([10_001, 2.5]);
  expect((await derive(table, { c0: "c0 * 2" })).schema.fields).toHaveLength(10_000);
  expect(describeTable(table).numRows).toBe(6_667);
  const parquet = `${path}.parquet`;
  await writeParquet(select(table, names.slice(0, 500)), parquet);
  expect(digestValue(await readParquet(parquet))).toBe(digestValue(select(table, names.slice(0, 500))));
}, 60_000);

/** A file that ends in a gigabyte without a line end; it takes no room on the disk. */
function withLongLine(start: string): string {
  const path = tempFile(start);
  truncateSync(path, 1_000_000_000);
  return path;
}

/** What reading the file comes to in a process of its own, and the most memory that it had. */
function readAlone(call: string, path: string): { code: string; line: number; message: string; peak: number } {
  const source = `
    import { readFileSync } from "node:fs";
    import * as ml from ${JSON.stringify(import.meta.resolve("@graphvm/ml"))};
    const path = ${JSON.stringify(path)};
    const error = await ${call}.then(() => ({ fields: {} }), (thrown) => thrown);
    const peak = process.platform === "linux" ? Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "latin1"))[1]) : 0;
    console.log(JSON.stringify({ code: error.code, line: error.fields.line, message: error.message, peak: peak * 1024 }));`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
  return JSON.parse(run.stdout);
}

describe("F15: a line of a gigabyte", () => {
  test.each([
    ["a CSV row", "a,b\n1,2\n3,", "ml.readCsv(path)", "GVM5043", 3],
    ["with given types", "a,b\n1,2\n3,", 'ml.readCsv(path, [{ name: "a", type: "int32" }])', "GVM5043", 3],
    ["rows set aside", "a,b\n1,2\n3,", 'ml.csvBlocks(path, { blocks: 2, onBadRow: "collect" })', "GVM5043", 3],
    ["a quote never closed", 'a,b\n1,2\n3,"', "ml.csvBlocks(path, { blocks: 2 })", "GVM5006", 3],
    ["nothing but zeros", "", "ml.readCsv(path)", "GVM5007", 1],
    ["JSON lines", '{"a": 1}\n{"a": "', "ml.readJsonLines(path)", "GVM5041", 2],
  ] as const)("%s: an error with its line, in bounded memory", (_, start, call, code, line) => {
    const found = readAlone(call, withLongLine(start));
    expect(found).toMatchObject({ code, line });
    expect(found.message.length).toBeLessThan(500);
    if (existsSync("/proc/self/status")) expect(found.peak).toBeGreaterThan(10_000_000);
    expect(found.peak).toBeLessThan(300_000_000);
  });
  test("a header of 20 MB, and a block of a file whose header became one", async () => {
    const path = tempFile(`a,b\n${"1,2\n".repeat(10)}`);
    const { schema, blocks } = await scanCsv(path, { blocks: 1 });
    truncateSync(path, 0);
    for (let i = 0; i < 20; i++) appendFileSync(path, "x".repeat(1_000_000));
    expect(await failure(() => scanCsv(path, { blocks: 1 }))).toMatchObject({ code: "GVM5043", fields: { line: 1 } });
    expect(await failure(() => readCsvBlock(path, blocks[0]!, schema))).toMatchObject({ code: "GVM5043" });
  });
});

test("F15: what is not a JSON line or a Parquet file says the file", async () => {
  const path = tempFile("a,b\n1,2\n");
  expect(await failure(() => scanJsonLines(path))).toMatchObject({ code: "GVM5041", fields: { file: path } });
  expect(await failure(() => readParquet(path))).toMatchObject({ code: "GVM5041", fields: { file: path } });
});
