import { readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import {
  KeyExistsError,
  KeyMissingError,
  openStore,
  packRecording,
  parsePlace,
  readSource,
  SourceUriError,
  sourceExists,
  verifyRecording,
  writeTarget,
} from "../../dist/recording/index.js";
import { startS3 } from "./s3-server.js";
import { sampleParts } from "./samples.js";
import { tempFolder } from "./temp-folder.js";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";
const server = await startS3("audit");
process.env.AWS_ENDPOINT_URL = server.url;
afterAll(() => server[Symbol.asyncDispose]());

test("places are paths, file URLs and s3 URLs, and nothing else", () => {
  expect(parsePlace("a b/x.gvr")).toEqual({ kind: "file", path: "a b/x.gvr" });
  expect(parsePlace("s3://audit/2031/a b.gvr")).toEqual({ kind: "s3", bucket: "audit", key: "2031/a b.gvr" });
  expect(parsePlace("file:///tmp/x.gvr")).toMatchObject({ kind: "file" });
  for (const bad of ["", "http://h/x", "s3:/audit/x", "s3://", "s3://UPPER/x", "file://host/x", "a\0b", "ftp://x/y"]) {
    expect(() => parsePlace(bad)).toThrow(SourceUriError);
  }
});

test("a recording goes to a file and to S3 and comes back the same", async () => {
  const bytes = packRecording(sampleParts());
  const path = join(await tempFolder(), "deep", "run 1.gvr");
  for (const uri of [path, "s3://audit/2031/run 1.gvr"]) {
    expect(await sourceExists(uri)).toBe(false);
    await expect(readSource(uri)).rejects.toBeInstanceOf(KeyMissingError);
    await writeTarget(uri, bytes);
    await writeTarget(uri, bytes);
    expect(await sourceExists(uri)).toBe(true);
    expect(verifyRecording(await readSource(uri)).calls).toBe(5);
    await expect(writeTarget(uri, Buffer.from("other"))).rejects.toBeInstanceOf(KeyExistsError);
    expect(Buffer.compare(await readSource(uri), bytes)).toBe(0);
    await writeTarget(uri, Buffer.from("other"), { force: true });
    expect(Buffer.from(await readSource(uri)).toString()).toBe("other");
  }
  expect(Buffer.from(await readSource(pathToFileURL(path).href)).toString()).toBe("other");
  expect(await readdir(join(path, ".."))).toEqual(["run 1.gvr"]);
});

test("a file is read through links, a folder is not a recording, an s3 URL needs a key", async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, "real"), "r");
  await symlink(join(folder, "real"), join(folder, "link"));
  expect(Buffer.from(await readSource(join(folder, "link"))).toString()).toBe("r");
  await expect(readSource(folder)).rejects.toMatchObject({ exitCode: 2 });
  await expect(readSource("s3://audit")).rejects.toBeInstanceOf(SourceUriError);
  await expect(writeTarget("s3://audit/x/", Buffer.alloc(1))).rejects.toBeInstanceOf(SourceUriError);
});

test("a store opens at a bucket, under a prefix and in a folder", async () => {
  for (const uri of ["s3://audit", "s3://audit/some/prefix", join(await tempFolder(), "store")]) {
    const store = openStore(uri);
    await store.put("blobs/x", Buffer.from(uri));
    expect(Buffer.from(await store.get("blobs/x")).toString()).toBe(uri);
    store.close();
  }
  expect(server.buckets.get("audit")!.has("some/prefix/blobs/x")).toBe(true);
});
