import { Worker } from "node:worker_threads";
import { decodeValue, digestValue } from "@graphvm/engine";
import { readCsv, scanCsv, writePaysimCsv } from "@graphvm/ml";
import { Table } from "apache-arrow";
import { expect, test } from "vitest";
import { tempPath } from "./support.js";

const SOURCE = `
import { parentPort, workerData } from "node:worker_threads";
const { readCsvBlock } = await import(workerData.ml);
const { encodeValue } = await import(workerData.engine);
const table = await readCsvBlock(workerData.path, workerData.block, workerData.schema);
parentPort.postMessage(encodeValue(table));
`;

test("blocks read in worker threads join to the whole file, and the threads end by themselves", async () => {
  const path = tempPath("worker.csv");
  await writePaysimCsv(path, { rows: 5000, seed: 2 });
  const { blocks, schema } = await scanCsv(path, { blocks: 3 });
  const links = { ml: import.meta.resolve("@graphvm/ml"), engine: import.meta.resolve("@graphvm/engine") };
  const tables = await Promise.all(
    blocks.map(async (block) => {
      const url = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`);
      const worker = new Worker(url, { workerData: { ...links, path, block, schema } });
      const ended = new Promise<number>((resolve, reject) => worker.once("exit", resolve).once("error", reject));
      let bytes: Uint8Array | undefined;
      worker.once("message", (message: Uint8Array) => {
        bytes = message;
      });
      expect(await ended).toBe(0);
      return decodeValue(bytes!) as Table;
    }),
  );
  const joined = new Table(
    tables[0]!.schema,
    tables.flatMap((table) => table.batches),
  );
  expect(digestValue(joined)).toBe(digestValue(await readCsv(path)));
});
