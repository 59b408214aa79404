import { afterAll, describe, expect, test } from "vitest";
import {
  FolderStore,
  KeyExistsError,
  KeyMissingError,
  S3Store,
  type Store,
  StoreKeyError,
} from "../../dist/recording/index.js";
import { startS3 } from "./s3-server.js";
import { tempFolder } from "./temp-folder.js";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const server = await startS3("plain", "prefixed", "forgetful", "unimplemented", "ignored");
const open: Store[] = [];
afterAll(async () => {
  for (const store of open) store.close();
  await server[Symbol.asyncDispose]();
});

const s3 = (bucket: string, prefix = "") => new S3Store({ bucket, prefix, endpoint: server.url });
const makers: Record<string, () => Promise<Store>> = {
  folder: async () => new FolderStore(`${await tempFolder()}/made/on/demand`),
  s3: async () => s3("plain"),
  "s3 under a prefix": async () => s3("prefixed", "some/prefix/"),
  "s3 without checksums": async () => s3("forgetful"),
  "s3 without conditional puts": async () => s3("unimplemented"),
  "s3 that ignores conditions": async () => s3("ignored"),
};

describe.each(Object.entries(makers))("store contract: %s", (name, make) => {
  const fresh = async (): Promise<Store> => {
    delete server.faults.forgetful;
    delete server.faults.conditions;
    if (name.includes("without checksums")) server.faults.forgetful = true;
    if (name.includes("without conditional")) server.faults.conditions = "unimplemented";
    if (name.includes("ignores")) server.faults.conditions = "ignored";
    for (const bucket of server.buckets.values()) bucket.clear();
    const store = await make();
    open.push(store);
    return store;
  };

  test("what was put is given back, byte for byte", async () => {
    const store = await fresh();
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const bytes of [all, new Uint8Array(0), Buffer.alloc(3_000_000, 7)]) {
      await store.put(`runs/${bytes.length}.gvr`, bytes);
      expect(Buffer.compare(await store.get(`runs/${bytes.length}.gvr`), bytes)).toBe(0);
    }
  });

  test("a missing key is said to be missing", async () => {
    const store = await fresh();
    expect(await store.exists("no/such")).toBe(false);
    await expect(store.get("no/such")).rejects.toBeInstanceOf(KeyMissingError);
    await store.put("no/such", Buffer.from("x"));
    expect(await store.exists("no/such")).toBe(true);
    expect(await store.exists("no")).toBe(false);
  });

  test("other bytes are not replaced without force; the same bytes are no conflict", async () => {
    const store = await fresh();
    await store.put("a", Buffer.from("one"));
    await store.put("a", Buffer.from("one"));
    for (const other of ["two", "longer"]) {
      await expect(store.put("a", Buffer.from(other))).rejects.toBeInstanceOf(KeyExistsError);
    }
    expect(Buffer.from(await store.get("a")).toString()).toBe("one");
    await store.put("a", Buffer.from("two"), { force: true });
    expect(Buffer.from(await store.get("a")).toString()).toBe("two");
    await store.put("new", Buffer.from("n"), { force: true });
    expect(await store.list()).toEqual(["a", "new"]);
  });

  test("keys are listed sorted, by prefix", async () => {
    const store = await fresh();
    expect(await store.list()).toEqual([]);
    const keys = ["b/2", "a", "b/1", "b.gvr", "c/d/e f", "B", "é", "b/x&<y>"];
    for (const key of keys) await store.put(key, Buffer.from(key));
    expect(await store.list()).toEqual([...keys].sort());
    expect(await store.list("b")).toEqual(["b.gvr", "b/1", "b/2", "b/x&<y>"]);
    expect(await store.list("b/")).toEqual(["b/1", "b/2", "b/x&<y>"]);
    expect(await store.list("c/d/")).toEqual(["c/d/e f"]);
    expect(await store.list("zz/y")).toEqual([]);
  });

  test("a key that leads elsewhere is refused before anything is touched", async () => {
    const store = await fresh();
    const before = server.log.length;
    const bad = [
      "",
      "/x",
      "../x",
      "a/../b",
      "a//b",
      "a/",
      ".",
      "a\\b",
      "a\0b",
      "a\nb",
      "\ud800",
      "x".repeat(513),
      "d/.graphvm-tmp-1",
    ];
    for (const key of bad) {
      await expect(store.put(key, Buffer.from("x"))).rejects.toBeInstanceOf(StoreKeyError);
      await expect(store.get(key)).rejects.toBeInstanceOf(StoreKeyError);
      await expect(store.exists(key)).rejects.toBeInstanceOf(StoreKeyError);
    }
    expect(server.log.length).toBe(before);
    expect(await store.list()).toEqual([]);
  });

  test.skipIf(/without cond|ignores/.test(name))(
    "of many writers of one key one wins, the others are told",
    async () => {
      const store = await fresh();
      const writes = Array.from({ length: 8 }, (_, i) => store.put("race", Buffer.from(`writer ${i}`)));
      const results = await Promise.allSettled(writes);
      const won = results.findIndex((result) => result.status === "fulfilled");
      expect(results.filter((result) => result.status === "fulfilled").length).toBe(1);
      for (const result of results)
        if (result.status === "rejected") expect(result.reason).toBeInstanceOf(KeyExistsError);
      expect(Buffer.from(await store.get("race")).toString()).toBe(`writer ${won}`);
      expect(await store.list()).toEqual(["race"]);
    },
  );
});
