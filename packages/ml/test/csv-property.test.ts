import { DuckDBInstance } from "@duckdb/node-api";
import { digestValue } from "@graphvm/engine";
import { type CsvType, readCsv, readCsvBlock, scanCsv } from "@graphvm/ml";
import { Table } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rowsOf, tempFile } from "./support.js";

type Cell = string | null;

const cell = fc.option(fc.string({ unit: fc.constantFrom("a", "é", ",", '"', "\n", "\r\n", "7", ".", "-", " ") }), {
  freq: 5,
});

/** Writes a cell so that it reads back: quoted where it must be, or where `quote` says so. */
function written(value: Cell, quote: boolean): string {
  if (value === null) return "";
  return quote || value === "" || /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

const csv = fc
  .record({
    columns: fc.integer({ min: 2, max: 4 }),
    rows: fc.integer({ min: 1, max: 30 }),
    end: fc.constantFrom("\n", "\r\n"),
  })
  .chain(({ columns, rows, end }) =>
    fc
      .tuple(
        fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
        fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
      )
      .map(([cells, quotes]) => {
        const lines = cells.map((row, r) => row.map((value, c) => written(value, quotes[(r + 3 * c) % 7]!)).join(","));
        const names = Array.from({ length: columns }, (_, i) => `c${i}`);
        return { names, cells, text: [names.join(","), ...lines].join(end) + end };
      }),
  );

test("any quoted text reads back, and blocks joined are the whole, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(csv, fc.integer({ min: 1, max: 80 }), async ({ names, cells, text }, blockSize) => {
      const path = tempFile(text, "property.csv");
      const schema = names.map((name) => ({ name, type: "utf8" as CsvType }));
      const whole = await readCsv(path, schema);
      expect(rowsOf(whole)).toEqual(cells);
      const { blocks } = await scanCsv(path, { blockSize });
      const tables = await Promise.all(blocks.map((block) => readCsvBlock(path, block, schema)));
      const joined = new Table(
        tables[0]!.schema,
        tables.flatMap((table) => table.batches),
      );
      expect(digestValue(joined)).toBe(digestValue(whole));
    }),
    { numRuns: 150 },
  );
});

test("every double reads back to the last bit", async () => {
  const number = fc.oneof(
    fc.double({ noNaN: true }),
    fc
      .tuple(fc.integer({ min: -2147483648, max: 2147483648 }), fc.integer({ min: 0, max: 9 }))
      .map(([n, k]) => Number(`${n}e-${k}`)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 50 }), async (numbers) => {
      const texts = numbers.map((n) =>
        Object.is(n, -0) ? "-0.0" : Math.abs(n) < 1e15 && Math.abs(n) > 1e-5 ? n.toFixed(3) : `${n}`,
      );
      const path = tempFile(`x\n${texts.join("\n")}\n`, "doubles.csv");
      const values = (await readCsv(path, [{ name: "x", type: "float64" }])).getChild("x")!.toArray() as Float64Array;
      expect([...values]).toEqual(texts.map(Number));
    }),
    { numRuns: 100 },
  );
});

test("reads what DuckDB reads", async () => {
  const value = fc.record({
    i: fc.integer({ min: -1e9, max: 1e9 }),
    f: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    t: fc.string({ unit: fc.constantFrom("a", "b", ",", '"', "\n", "é"), minLength: 1 }),
    b: fc.boolean(),
  });
  const duck = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await duck.connect();
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
      const lines = values.map(({ i, f, t, b }) =>
        `${i},${f}e0,"${t.replaceAll('"', '""')}",${b}`.replace(/(e[+-]?\d+)e0/, "$1"),
      );
      const path = tempFile(`i,f,t,b\n${lines.join("\n")}\n`, "duck.csv");
      const columns = "{'i': 'INTEGER', 'f': 'DOUBLE', 't': 'VARCHAR', 'b': 'BOOLEAN'}";
      const read = await connection.runAndReadAll(
        `SELECT * FROM read_csv('${path}', header=true, delim=',', quote='"', escape='"', columns=${columns}, parallel=false)`,
      );
      const ours = await readCsv(path, [
        { name: "i", type: "int32" },
        { name: "f", type: "float64" },
        { name: "t", type: "utf8" },
        { name: "b", type: "bool" },
      ]);
      expect(rowsOf(ours)).toEqual(read.getRows());
    }),
    { numRuns: 40 },
  );
  connection.closeSync();
  duck.closeSync();
});
