import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestValue } from "@graphvm/engine";
import { startS3 } from "@graphvm/testing";
import { connect, file, startMaster } from "graphvm";
import { badRowsOf, csvBlocks, ds, parquetBlocks, readCsv, writeParquet, writePaysimCsv } from "graphvm/ml";
import { expect, onTestFinished, test } from "vitest";

test("F13 R31: CSV and Parquet of a bucket, cut here and read by a session's workers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-bucket-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "payments.csv");
  await writePaysimCsv(path, { rows: 2_000, seed: 4 });
  const table = await readCsv(path);
  await writeParquet(table, join(folder, "payments.parquet"));

  const server = await startS3("bank");
  onTestFinished(() => server[Symbol.asyncDispose]());
  const bucket = server.buckets.get("bank")!;
  for (const name of ["payments.csv", "payments.parquet"])
    bucket.set(name, { bytes: readFileSync(join(folder, name)) });
  bucket.set("bad.csv", { bytes: Buffer.from("a,b\n1,2\n3\n") });
  const variables = { AWS_ENDPOINT_URL_S3: server.url, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  Object.assign(process.env, variables);
  onTestFinished(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });

  await using master = await startMaster({ port: 0, workers: 2, root: folder });
  await using session = await connect(master.url);
  const digestOf = async (ref: Parameters<typeof session.calc>[0]) => digestValue(await session.calc(ref));
  const whole = digestValue(table);
  const blocks = await csvBlocks("s3://bank/payments.csv", { blocks: 3 });
  expect(await digestOf(ds.concat(blocks))).toBe(whole);
  expect(await digestOf(ds.concat(await parquetBlocks("s3://bank/payments.parquet")))).toBe(whole);
  expect(await digestOf(ds.csvSource(file("s3://bank/payments.csv")))).toBe(whole);

  const bad = badRowsOf(await csvBlocks("s3://bank/bad.csv", { blocks: 1, onBadRow: "collect" }));
  const [row] = (await session.calc(bad)).toArray();
  expect(row!.toJSON()).toEqual({ file: "s3://bank/bad.csv", line: 3n, column: null, text: "3" });
  await expect(csvBlocks("s3://bank/bad.csv", { blocks: 1 })).rejects.toMatchObject({
    code: "GVM5004",
    fields: { file: "s3://bank/bad.csv", line: 3 },
  });
});
