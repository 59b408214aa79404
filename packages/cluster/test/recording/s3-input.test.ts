import { createGraph, FileValue, Ref } from "@graphvm/engine";
import "@graphvm/cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failureOf } from "../helpers.js";
import { type S3Server, startS3 } from "./s3-server.js";

let server: S3Server;
beforeAll(async () => {
  server = await startS3("data");
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  });
});
afterAll(async () => {
  delete process.env.AWS_ENDPOINT_URL_S3;
  await server[Symbol.asyncDispose]();
});

const text = (uri: string): Ref<string> => {
  const fn = (file: FileValue): string => file.text;
  const expand = (params: readonly unknown[]) => ({ kind: "apply", fn, params, deps: [] }) as never;
  return new Ref<string>({ ns: "t", name: "text", expand }, [new FileValue(uri)]);
};

test("E32: an object of S3 is an input like any other", async () => {
  server.buckets.get("data")!.set("rates/2031.csv", { bytes: Buffer.from("EUR,1.1\n") });
  expect(await createGraph().calc(text("s3://data/rates/2031.csv"))).toBe("EUR,1.1\n");
  const missing = await failureOf(createGraph().calc(text("s3://data/none.csv")));
  expect(missing).toMatchObject({ code: "GVM1203" });
  server.faults.cutReads = true;
  expect(await failureOf(createGraph().calc(text("s3://data/rates/2031.csv")))).toMatchObject({ code: "GVM1203" });
});
