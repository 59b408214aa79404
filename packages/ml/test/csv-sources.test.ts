import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { digestValue } from "@graphvm/engine";
import {
  concat,
  csvBlocks,
  ds,
  jsonBlocks,
  parquetBlocks,
  readCsv,
  select,
  writeParquet,
  writePaysimCsv,
} from "@graphvm/ml";
import { createGraph, type Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { expect, onTestFinished, test } from "vitest";
import { failure, rowsOf, tempFile, tempPath } from "./support.js";

const calc = (refs: readonly Ref<Table>[]) => createGraph().calc(ds.concat(refs)) as Promise<Table>;

/** Serves files by their names; returns the address of the folder. */
async function serve(files: { readonly [name: string]: string | Uint8Array }): Promise<string> {
  const server = createServer((request, response) => {
    const body = files[request.url!.slice(1)];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("F13: several CSV files by a pattern, with the types that fit all of them", async () => {
  const first = tempFile("id,v,w\n1,2,\n2,3,\n", "many-1.csv");
  tempFile("w,id,v\nx,3,4.5\n", "many-2.csv");
  const pattern = join(dirname(first), "many-*.csv");
  const blocks = await csvBlocks(pattern, { blocks: 2 });
  expect(blocks).toHaveLength(2);
  expect(rowsOf(await calc(blocks))).toEqual([
    [1, 2, null],
    [2, 3, null],
    [3, 4.5, "x"],
  ]);
  expect(await failure(() => csvBlocks(pattern, { blocks: 2, uri: "a.csv" }))).toMatchObject({ code: "GVM5010" });
  expect(await failure(() => csvBlocks(`${pattern}x`, { blocks: 2 }))).toMatchObject({ code: "GVM5001" });
  for (const header of ["id,v\n1,2\n", "id,v,w,x\n1,2,3,4\n"]) {
    tempFile(header, "many-3.csv");
    expect(await failure(() => csvBlocks(pattern, { blocks: 2 }))).toMatchObject({ code: "GVM5042" });
  }
});

test("F13: several files of JSON lines by a pattern, with the types that fit all of them", async () => {
  const first = tempFile('{"id": 1, "v": 2}\n{"id": 2}\n', "lines-1.jsonl");
  tempFile('{"w": "x", "id": 3, "v": 4.5}\n', "lines-2.jsonl");
  const pattern = join(dirname(first), "lines-*.jsonl");
  expect(rowsOf(await calc(await jsonBlocks(pattern)))).toEqual([
    ["1n", 2, null],
    ["2n", null, null],
    ["3n", 4.5, "x"],
  ]);
  const broken = tempFile('{"id": 1}\n{"id": 2,\n', "lines-3.jsonl");
  expect(await failure(() => jsonBlocks(pattern))).toMatchObject({
    code: "GVM5041",
    fields: { file: broken, line: 2 },
  });
});

test("F13: only the columns that are asked for are read, in that order; others need not fit", async () => {
  const path = tempFile(`a,b,c\n${"1,2.5,x\n".repeat(30)}1,2.5,9\n?,3,y\n`);
  expect(await failure(() => csvBlocks(path, { blocks: 2 }))).toMatchObject({ code: "GVM5005" });
  const blocks = await csvBlocks(path, { blocks: 2, columns: ["c", "b"] });
  expect(digestValue(await calc(blocks))).toBe(
    digestValue(
      select(
        await readCsv(path, [
          { name: "b", type: "float64" },
          { name: "c", type: "utf8" },
        ]),
        ["c", "b"],
      ),
    ),
  );
  const missing = await failure(() => csvBlocks(path, { blocks: 2, columns: ["d"] }));
  expect(missing).toMatchObject({ code: "GVM5009", fields: { column: "d" } });
});

test("F13: CSV, Parquet and JSON lines by an address; errors name it", async () => {
  const csv = tempPath("page.csv");
  await writePaysimCsv(csv, { rows: 500, seed: 1 });
  const table = await readCsv(csv);
  const parquet = tempPath("page.parquet");
  await writeParquet(table, parquet);
  const folder = await serve({
    "p.csv": readFileSync(csv),
    "p.parquet": readFileSync(parquet),
    "p.jsonl": '{"a": 1}\n{"a": 2}\n',
    "bad.csv": "a,b\n1,2\n3\n",
    "bad.parquet": "PAR1",
  });
  expect(digestValue(await calc(await csvBlocks(`${folder}/p.csv`, { blocks: 3 })))).toBe(digestValue(table));
  expect(digestValue(await calc(await parquetBlocks(`${folder}/p.parquet`)))).toBe(digestValue(concat([table])));
  expect(rowsOf(await calc(await jsonBlocks(`${folder}/p.jsonl`)))).toEqual([["1n"], ["2n"]]);

  const ragged = await failure(() => csvBlocks(`${folder}/bad.csv`, { blocks: 1 }));
  expect(ragged).toMatchObject({ code: "GVM5004", fields: { file: `${folder}/bad.csv`, line: 3 } });
  expect(ragged.message).toMatch(/^http:.*\/bad\.csv, line 3: /);
  const broken = await failure(() => parquetBlocks(`${folder}/bad.parquet`));
  expect(broken).toMatchObject({ code: "GVM5041", fields: { file: `${folder}/bad.parquet` } });
  expect(await failure(() => csvBlocks(`${folder}/nowhere.csv`, { blocks: 1 }))).toMatchObject({ code: "GVM1203" });
  expect(await failure(() => csvBlocks("ftp://x/y.csv", { blocks: 1 }))).toMatchObject({ code: "GVM1203" });
});
