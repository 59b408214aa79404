import { Worker } from "node:worker_threads";
import { decodeValue, digestValue } from "@graphvm/engine";
import { groupBy, readCsv, readCsvBlock, scanCsv, writePaysimCsv } from "@graphvm/ml";
import { Table } from "apache-arrow";
import { expect, test } from "vitest";
import { tempPath } from "./support.js";

const SOURCE = `
import { parentPort, workerData } from "node:worker_threads";
const { readCsvBlock } = await import(workerData.ml);
const { encodeValue } = await import(workerData.engine);
const { groupBy } = await import(workerData.ml);
const block = await readCsvBlock(workerData.path, workerData.block, workerData.schema);
const table = workerData.keys === undefined ? block : await groupBy(block, workerData.keys, { n: "count" });
parentPort.postMessage(encodeValue(table));
`;

/** What a worker thread makes of a block; the thread must end by itself. */
async function inWorker(data: object): Promise<Table> {
  const links = { ml: import.meta.resolve("@graphvm/ml"), engine: import.meta.resolve("@graphvm/engine") };
  const url = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`);
  const worker = new Worker(url, { workerData: { ...links, ...data } });
  const ended = new Promise<number>((resolve, reject) => worker.once("exit", resolve).once("error", reject));
  let bytes: Uint8Array | undefined;
  worker.once("message", (message: Uint8Array) => {
    bytes = message;
  });
  expect(await ended).toBe(0);
  return decodeValue(bytes!) as Table;
}

test("blocks read in worker threads join to the whole file, and the threads end by themselves", async () => {
  const path = tempPath("worker.csv");
  await writePaysimCsv(path, { rows: 5000, seed: 2 });
  const { blocks, schema } = await scanCsv(path, { blocks: 3 });
  const tables = await Promise.all(blocks.map((block) => inWorker({ path, block, schema })));
  const joined = new Table(
    tables[0]!.schema,
    tables.flatMap((table) => table.batches),
  );
  expect(digestValue(joined)).toBe(digestValue(await readCsv(path)));
});

test("F2: several threads of a process work with DuckDB at once, and end by themselves", async () => {
  const path = tempPath("threads.csv");
  await writePaysimCsv(path, { rows: 5000, seed: 2 });
  const { blocks, schema } = await scanCsv(path, { blocks: 3 });
  const found = await Promise.all(blocks.map((block) => inWorker({ path, block, schema, keys: ["type"] })));
  const here = await groupBy(await readCsvBlock(path, blocks[2]!, schema), ["type"], { n: "count" });
  expect(digestValue(found[2])).toBe(digestValue(here));
});
