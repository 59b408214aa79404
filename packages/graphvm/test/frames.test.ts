import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { digestValue } from "@graphvm/engine";
import { connect, startMaster } from "graphvm";
import { csvBlocks, frame, groupBy, join, readCsv, writePaysimCsv } from "graphvm/ml";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(joinPath(tmpdir(), "graphvm-frames-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("F10: a frame is computed on a cluster, without a program, in memory that does not hold it", async () => {
  const path = joinPath(folder, "payments.csv");
  await writePaysimCsv(path, { rows: 120_000, seed: 3 });
  await using master = await startMaster({ port: 0, workers: 2, root: folder, memory: 34_000_000 });
  await using session = await connect(master.url);
  const payments = frame(await csvBlocks(path, { blocks: 6, uri: "payments.csv" }));
  const totals = payments.groupBy(["nameDest"], { n: "count", most: ["max", "amount"] }, { blocks: 3 });
  const perType = payments
    .join(totals, { on: ["nameDest"], blocks: 3 })
    .groupBy(["type"], { rows: "count", n: ["sum", "n"], most: ["max", "most"] })
    .sortBy(["type"]);
  const cut = ["mr.splitByKey", "mr.pipe", "frames.grouped", "frames.joined"];
  const found = await session.calc(perType.table(), { cut });
  expect((await session.status()).usage.spilled).toBeGreaterThan(0);

  const whole = await readCsv(path);
  const wholeTotals = await groupBy(whole, ["nameDest"], { n: "count", most: ["max", "amount"] });
  const joined = await join(whole, wholeTotals, { on: ["nameDest"] });
  const expected = await groupBy(joined, ["type"], { rows: "count", n: ["sum", "n"], most: ["max", "most"] });
  expect(digestValue(found)).toBe(digestValue(expected));
});
