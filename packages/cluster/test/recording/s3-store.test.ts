import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  BucketMissingError,
  KeyExistsError,
  S3Store,
  StoreFailedError,
  StorePermissionError,
  StoreUnreachableError,
  StoreVerifyError,
} from "../../dist/recording/index.js";
import { type S3Server, startS3 } from "./s3-server.js";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

let server: S3Server;
let store: S3Store;
beforeEach(async () => {
  server = await startS3("bucket");
  store = new S3Store({ bucket: "bucket", endpoint: server.url, maxAttempts: 1 });
});
afterEach(async () => {
  store.close();
  await server[Symbol.asyncDispose]();
});

test("the endpoint comes from AWS_ENDPOINT_URL_S3, then AWS_ENDPOINT_URL", async () => {
  for (const env of [
    { AWS_ENDPOINT_URL: server.url },
    { AWS_ENDPOINT_URL: "http://no", AWS_ENDPOINT_URL_S3: server.url },
  ]) {
    const other = new S3Store({ bucket: "bucket", env });
    await other.put("k", Buffer.from("x"));
    other.close();
  }
  expect(server.log.every((line) => line.includes(" /bucket/k"))).toBe(true);
});

test("a put is conditional, carries its digest, and is not framed", async () => {
  await store.put("k", Buffer.from("x"));
  expect(server.log.map((line) => line.split("?")[0])).toEqual(["HEAD /bucket/k", "PUT /bucket/k", "HEAD /bucket/k"]);
});

test("a server without checksums is verified by reading back", async () => {
  server.faults.forgetful = true;
  await store.put("k", Buffer.from("x"));
  expect(server.log.at(-1)).toContain("GET /bucket/k");
});

test("bytes that were stored damaged are found", async () => {
  server.faults.corrupt = true;
  await expect(store.put("k", Buffer.from("x"))).rejects.toBeInstanceOf(StoreVerifyError);
});

test("a missing bucket is named, by every method", async () => {
  const other = new S3Store({ bucket: "nowhere", endpoint: server.url, maxAttempts: 1 });
  for (const call of [
    () => other.get("k"),
    () => other.put("k", Buffer.from("x")),
    () => other.put("k", Buffer.from("x"), { force: true }),
    () => other.exists("k"),
    () => other.list(),
  ]) {
    await expect(call()).rejects.toMatchObject({
      code: BucketMissingError.code,
      exitCode: 2,
      fields: { bucket: "nowhere" },
    });
  }
  other.close();
});

test("a bucket that vanishes in the middle of a put is named", async () => {
  server.faults.beforeStore = (bucket) => server.buckets.delete(bucket);
  await expect(store.put("k", Buffer.from("x"))).rejects.toBeInstanceOf(BucketMissingError);
});

test("no permission is told as such", async () => {
  for (const code of ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"]) {
    server.faults.refuse = { status: 403, code };
    for (const call of [
      () => store.get("k"),
      () => store.put("k", Buffer.from("x")),
      () => store.exists("k"),
      () => store.list(),
    ]) {
      await expect(call()).rejects.toBeInstanceOf(StorePermissionError);
    }
  }
});

test("a server that fails, cuts the line or is not there is unreachable", async () => {
  await store.put("k", Buffer.from("0123456789"));
  server.faults.cutReads = true;
  await expect(store.get("k")).rejects.toBeInstanceOf(StoreUnreachableError);
  server.faults.refuse = { status: 503, code: "SlowDown" };
  await expect(store.get("k")).rejects.toBeInstanceOf(StoreUnreachableError);
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as { port: number };
  await new Promise((done) => probe.close(done));
  const other = new S3Store({ bucket: "bucket", endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1 });
  await expect(other.list()).rejects.toBeInstanceOf(StoreUnreachableError);
  other.close();
});

test("a put that was stored while its answer was lost is not a conflict", async () => {
  const retrying = new S3Store({ bucket: "bucket", endpoint: server.url, maxAttempts: 3 });
  let lost = false;
  server.faults.beforeStore = (bucket, key) => {
    if (lost) return;
    lost = true;
    // Stored by the first try; the client hears of a failure and tries again.
    server.buckets.get(bucket)!.set(key, { bytes: Buffer.from("x") });
    throw new Error("answer lost");
  };
  await retrying.put("k", Buffer.from("x"));
  expect(lost).toBe(true);
  server.faults.beforeStore = (bucket, key) =>
    void server.buckets.get(bucket)!.set(key, { bytes: Buffer.from("other") });
  await expect(retrying.put("k2", Buffer.from("x"))).rejects.toBeInstanceOf(KeyExistsError);
  retrying.close();
});

describe("uploads in parts", () => {
  const big = Buffer.alloc(10_500, "0123456789");
  let parted: S3Store;
  beforeEach(() => {
    parted = new S3Store({ bucket: "bucket", endpoint: server.url, maxAttempts: 1, partSize: 1000 });
  });
  afterEach(() => parted.close());

  test("a large object goes in parts, is verified by their checksum, and comes back", async () => {
    await parted.put("k", big);
    expect(Buffer.compare(await parted.get("k"), big)).toBe(0);
    expect(server.log.filter((line) => /PUT .*partNumber=/.test(line))).toHaveLength(11);
    expect(server.log.filter((line) => line.startsWith("GET"))).toHaveLength(1);
    await parted.put("k", big); // the same again is nothing to do
    await store.put("k", big); // by whatever parts: the bytes are read back then
    await expect(parted.put("k", Buffer.alloc(10_500))).rejects.toBeInstanceOf(KeyExistsError);
    expect(server.uploads.size).toBe(0);
  });

  test("an upload that breaks leaves nothing, neither object nor parts", async () => {
    server.faults.failPart = 7;
    await expect(parted.put("k", big)).rejects.toBeInstanceOf(StoreFailedError);
    expect(server.uploads.size).toBe(0);
    expect(await parted.exists("k")).toBe(false);
  });

  test.each(["unimplemented", "ignored", undefined] as const)(
    "conditions %s: others' bytes are not replaced",
    async (how) => {
      await parted.put("k", Buffer.from("theirs"));
      if (how !== undefined) server.faults.conditions = how;
      await expect(parted.put("k", big)).rejects.toBeInstanceOf(KeyExistsError);
      await parted.put("k2", big);
      await parted.put("k2", Buffer.alloc(5000), { force: true });
      expect((await parted.get("k2")).length).toBe(5000);
    },
  );

  test("a writer that was faster is noticed when the parts are put together", async () => {
    server.faults.failPart = -1;
    const put = parted.put("k", big);
    while (!server.log.some((line) => line.includes("partNumber=11"))) await new Promise(setImmediate);
    server.buckets.get("bucket")!.set("k", { bytes: Buffer.from("theirs") });
    await expect(put).rejects.toBeInstanceOf(KeyExistsError);
    expect(server.uploads.size).toBe(0);
  });

  test("what was stored damaged is found, and a server without checksums is read back", async () => {
    server.faults.forgetful = true;
    await parted.put("k", big);
    server.faults.corrupt = true;
    await expect(parted.put("k2", big)).rejects.toBeInstanceOf(StoreVerifyError);
  });
});

test("a lock goes with the object, and a bucket that offers none says so", async () => {
  const until = new Date("2036-01-01T00:00:00Z");
  const lock = { mode: "COMPLIANCE", until } as const;
  const locking = new S3Store({ bucket: "bucket", endpoint: server.url, maxAttempts: 1, partSize: 1000, lock });
  await locking.put("small", Buffer.from("x"));
  await locking.put("large", Buffer.alloc(3000));
  const locks = [...server.buckets.get("bucket")!.values()].map((object) => new Date(object.lock!).getTime());
  expect(locks).toEqual([until.getTime(), until.getTime()]);
  server.faults.noLock = true;
  await expect(locking.put("other", Buffer.from("x"))).rejects.toThrow("offers no object lock");
  locking.close();
});

test("programs that use no S3 never load the SDK", () => {
  const index = new URL("../../dist/recording/index.js", import.meta.url).href;
  const hooks = `export async function resolve(name, context, next) {
    if (name.startsWith("@aws-sdk/")) process._rawDebug("loads " + name);
    return next(name, context);
  }`;
  const script = `
    import { register } from "node:module";
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});
    const { S3Store } = await import(${JSON.stringify(index)});
    const store = new S3Store({ bucket: "bucket", endpoint: process.argv[1], maxAttempts: 1 });
    process._rawDebug("made");
    await store.list().catch(() => {});
    store.close();
  `;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", script, "http://127.0.0.1:1"], {
    encoding: "utf8",
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  });
  const said = run.stderr.split("\n").filter((line) => /^(made|loads)/.test(line));
  expect(said.slice(0, 2)).toEqual(["made", "loads @aws-sdk/client-s3"]);
});

test("the test server itself checks today's checksums and framing", async () => {
  const client = new S3Client({ endpoint: server.url, forcePathStyle: true, region: "us-east-1", maxAttempts: 1 });
  const put = (input: object) => client.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", ...input }));
  const stored = () => server.buckets.get("bucket")!.get("k")!.bytes.toString();
  await put({ Body: Buffer.from("default checksum") });
  expect(stored()).toBe("default checksum");
  const body = () => Readable.from([Buffer.from("streamed "), Buffer.from("in "), Buffer.from("chunks")]);
  await put({ Body: body(), ContentLength: 18 });
  expect(stored()).toBe("streamed in chunks");
  const wrong = { ChecksumSHA256: Buffer.alloc(32).toString("base64") };
  await expect(put({ Body: Buffer.from("x"), ...wrong })).rejects.toMatchObject({ name: "BadDigest" });
  client.destroy();
});
