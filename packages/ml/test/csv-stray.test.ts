import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CsvValueError, MissingColumnError, readCsv, scanCsv } from "@graphvm/ml";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "graphvm-stray-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Ages of `rows` people under a column of quoted names with line ends in them, some replaced. */
function ages(name: string, rows: number, replaced: { readonly [row: number]: string }): string {
  const path = join(folder, name);
  const lines = Array.from({ length: rows }, (_, row) => `"a\nb",${replaced[row] ?? row}`);
  writeFileSync(path, `name,age\n${lines.join("\n")}\n`);
  return path;
}

test("a text among numbers is an error that names file, line and column", async () => {
  const path = ages("one.csv", 20_000, { 12345: "old" });
  const failure = await scanCsv(path, { blocks: 4 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CsvValueError);
  // a row has two lines, and the header one: the age stands in the second
  expect((failure as CsvValueError).fields).toMatchObject({
    file: path,
    line: 12_345 * 2 + 3,
    column: "age",
    text: "old",
  });
  expect((failure as CsvValueError).message).toContain('types: { "age": "utf8" }');
  await expect(readCsv(path)).rejects.toThrow(CsvValueError);
});

test("a type that is given is taken", async () => {
  const path = ages("given.csv", 100, { 50: "old" });
  const { schema } = await scanCsv(path, { blocks: 2, types: { age: "utf8" } });
  expect(schema).toEqual([
    { name: "name", type: "utf8" },
    { name: "age", type: "utf8" },
  ]);
  await expect(scanCsv(path, { blocks: 2, types: { agee: "utf8" } })).rejects.toThrow(MissingColumnError);
});

test("a column with many texts, or few rows, is text", async () => {
  const every10th = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i * 10, "PC 17599"]));
  for (const path of [ages("mixed.csv", 1000, every10th), ages("few.csv", 10, { 3: "x" })]) {
    expect((await scanCsv(path, { blocks: 1 })).schema[1]).toEqual({ name: "age", type: "utf8" });
  }
});
