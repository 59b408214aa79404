import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import {
  FolderStore,
  headerHash,
  openShared,
  openStore,
  packRecording,
  putShared,
  readManifest,
  readSource,
  rechain,
  SHARE_ABOVE,
  type Store,
  sha256Hex,
  signRecording,
  verifyRecording,
  wholeRecording,
  writeTarget,
} from "../../dist/recording/index.js";
import { startS3 } from "./s3-server.js";
import { program, sampleHeader, sampleParts } from "./samples.js";
import { tempFolder } from "./temp-folder.js";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";
const server = await startS3("audit");
process.env.AWS_ENDPOINT_URL = server.url;
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.buckets.set("audit", new Map());
  for (const fault of Object.keys(server.faults)) delete server.faults[fault as keyof typeof server.faults];
});

/** Two blocks that don't compress. */
const BIG = [randomBytes(SHARE_ABOVE + 1000), randomBytes(2 * SHARE_ABOVE)];

/** A recording of a run over the same big input. */
function recording(run: number): Uint8Array {
  const inputs = BIG.map((bytes, i) => ({ uri: `big-${i}.csv`, size: bytes.length, sha256: sha256Hex(bytes) }));
  const header = sampleHeader({ format: { major: 1, minor: 1 }, seed: run, capture: ["inputs"], inputs });
  const { lines } = sampleParts();
  const calls = lines.slice(0, 1).map(({ seq: _seq, prev: _prev, hash: _hash, ...call }) => call);
  const blobs = new Map([program, ...BIG].map((bytes) => [sha256Hex(bytes), bytes] as const));
  return packRecording({ header, lines: rechain(calls, headerHash(header)), blobs });
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe.each(["folder", "S3"])("in a store: %s", (kind) => {
  const place = async (): Promise<string> =>
    kind === "S3" ? "s3://audit/2031/desk" : join(await tempFolder(), "desk");
  const put = (uri: string, bytes: Uint8Array, force = false): Promise<void> =>
    writeTarget(uri, bytes, { share: true, force });

  test("R33: ten recordings of the same big input keep it once, and each comes back byte for byte", async () => {
    const at = await place();
    const all = Array.from({ length: 10 }, (_, run) => recording(run));
    for (const [run, bytes] of all.entries()) await put(`${at}/run-${run}.gvr`, bytes);
    const store = openStore(at);
    const keys = await store.list();
    expect(keys.filter((key) => key.startsWith("blobs/"))).toHaveLength(2);
    expect(keys.filter((key) => key.endsWith(".gvr"))).toHaveLength(10);
    let kept = 0;
    for (const key of keys) kept += (await store.get(key)).length;
    expect(kept).toBeLessThan(1.1 * all[0]!.length);
    for (const [run, bytes] of all.entries()) expect(same(await readSource(`${at}/run-${run}.gvr`), bytes)).toBe(true);
    store.close();
  });

  test("R33: the same put again changes nothing; another recording of that name is refused, or forced", async () => {
    const uri = `${await place()}/x.gvr`;
    await put(uri, recording(1));
    await put(uri, recording(1));
    await expect(put(uri, recording(2))).rejects.toMatchObject({ code: "GVM4102" });
    expect(same(await readSource(uri), recording(1))).toBe(true);
    await put(uri, recording(2), true);
    expect(same(await readSource(uri), recording(2))).toBe(true);
  });

  test("R33: blobs that are missing or damaged are named, wherever the byte is; nothing is made of them", async () => {
    const at = await place();
    const store = openStore(at);
    await put(`${at}/x.gvr`, recording(1));
    const [first, second] = (await store.list("blobs/")) as [string, string];
    const good = await store.get(first);
    const bad = Uint8Array.from(good);
    bad[bad.length >> 1]! ^= 1;
    for (const bytes of [bad, good.subarray(1), Buffer.alloc(0)]) {
      await store.put(first, bytes, { force: true });
      const error = { code: "GVM4034", exitCode: 2, fields: { entry: first } };
      await expect(readSource(`${at}/x.gvr`)).rejects.toMatchObject(error);
      await expect(put(`${at}/y.gvr`, recording(2))).rejects.toMatchObject({ code: "GVM4106" });
      expect(await store.exists("y.gvr")).toBe(false);
    }
    await store.put(first, good, { force: true });
    await remove(at, second);
    await expect(readSource(`${at}/x.gvr`)).rejects.toMatchObject({ code: "GVM4032", fields: { entry: second } });
    store.close();
  });

  test("R33: a list reads neither blobs nor more than it shows, checks chain and signature, and sees what is missing", async () => {
    const at = await place();
    const { generateKeyPairSync } = await import("node:crypto");
    const { privateKey } = generateKeyPairSync("ed25519", {
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const signed = signRecording(recording(3), privateKey);
    await put(`${at}/x.gvr`, signed);
    const store = openStore(at);
    const read: string[] = [];
    const watched = { ...watch(store, read) };
    const manifest = readManifest(await store.get("x.gvr"))!;
    const keys = new Set(await store.list());
    const index = await openShared(watched, "x.gvr", manifest, keys);
    const { header, head, signature } = verifyRecording(signed);
    expect(index).toMatchObject({ header, head, signature, bytes: signed.length });
    expect(index.sharedBytes).toBeGreaterThan(3 * SHARE_ABOVE);
    expect(read).toEqual([]);
    const missing = [...keys].find((key) => key.startsWith("blobs/"))!;
    keys.delete(missing);
    await expect(openShared(store, "x.gvr", manifest, keys)).rejects.toMatchObject({ fields: { entry: missing } });
    store.close();
  });
});

function watch(store: Store, read: string[]): Store {
  return {
    get: (key) => {
      read.push(key);
      return store.get(key);
    },
    put: (key, bytes, options) => store.put(key, bytes, options),
    exists: (key) => store.exists(key),
    list: (prefix) => store.list(prefix),
    close: () => {},
  };
}

async function remove(at: string, key: string): Promise<void> {
  const { rmSync } = await import("node:fs");
  if (at.startsWith("s3:")) server.buckets.get("audit")!.delete(`2031/desk/${key}`);
  else rmSync(join(at, key));
}

test("R33: a put that breaks at any moment leaves no recording, and what it left is of use to the next", async () => {
  for (let stored = 0; ; stored++) {
    server.buckets.set("audit", new Map());
    let left = stored;
    server.faults.beforeStore = () => {
      if (left-- === 0) server.faults.refuse = { status: 403, code: "AccessDenied" };
      if (left < 0) throw new Error("cut");
    };
    const failed = await writeTarget("s3://audit/x.gvr", recording(1), { maxAttempts: 1 }).then(
      () => false,
      () => true,
    );
    delete server.faults.beforeStore;
    delete server.faults.refuse;
    if (!failed) break;
    expect([...server.buckets.get("audit")!.keys()].filter((key) => !key.startsWith("blobs/"))).toEqual([]);
    await writeTarget("s3://audit/x.gvr", recording(1));
    expect(same(await readSource("s3://audit/x.gvr"), recording(1))).toBe(true);
    expect(stored).toBeLessThan(5);
  }
  expect(server.buckets.get("audit")!.size).toBe(3);
});

test("R33: small recordings, files named by people, other bytes and what is locked are kept as they are", async () => {
  const folder = await tempFolder();
  const small = packRecording(sampleParts());
  await writeTarget(join(folder, "small.gvr"), small, { share: true });
  await writeTarget(join(folder, "big.gvr"), recording(1));
  await writeTarget(join(folder, "report.html"), Buffer.alloc(2 * SHARE_ABOVE, "x"), { share: true });
  expect(readdirSync(folder).sort()).toEqual(["big.gvr", "report.html", "small.gvr"]);
  expect(same(readFileSync(join(folder, "small.gvr")), small)).toBe(true);
  expect(same(readFileSync(join(folder, "big.gvr")), recording(1))).toBe(true);
  const lock = { mode: "GOVERNANCE", until: new Date("2036-01-01T00:00:00Z") } as const;
  await writeTarget("s3://audit/locked.gvr", recording(1), { lock });
  expect([...server.buckets.get("audit")!.keys()]).toEqual(["locked.gvr"]);
});

test("R33: a list of parts that was changed anywhere is refused, or is no list of parts any more", async () => {
  const folder = await tempFolder();
  const store = new FolderStore(folder);
  await putShared(store, "x.gvr", recording(1));
  const good = await store.get("x.gvr");
  expect(good.length).toBeLessThan(20_000);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bad = Uint8Array.from(good);
      bad[at]! ^= flip;
      const error = await wholeRecording(store, "x.gvr", bad)
        .then(
          (bytes) => {
            verifyRecording(bytes);
            return undefined;
          },
          (thrown: { exitCode?: number }) => thrown,
        )
        .catch((thrown: { exitCode?: number }) => thrown);
      expect(error).toMatchObject({ exitCode: 2 });
    }),
    { numRuns: 300 },
  );
  const half = good.subarray(0, good.length >> 1);
  await expect(wholeRecording(store, "x.gvr", half)).rejects.toMatchObject({ code: "GVM4022" });
});

test("R33: small entries are written in one way only: other letters for the same bytes are refused", async () => {
  const folder = await tempFolder();
  const store = new FolderStore(folder);
  await putShared(store, "x.gvr", recording(1));
  const manifest = JSON.parse(readFileSync(join(folder, "x.gvr"), "utf8")) as { entries: { base64?: string }[] };
  const padded = manifest.entries.find(({ base64 }) => base64?.endsWith("="))!;
  const last = padded.base64!.replace(/=+$/, "").at(-1)!;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const other = padded.base64!.replace(/.(=+)$/, `${letters[letters.indexOf(last) + 1]}$1`);
  expect(Buffer.from(other, "base64")).toEqual(Buffer.from(padded.base64!, "base64"));
  expect(readFileSync(join(folder, "x.gvr"), "utf8").split(padded.base64!)).toHaveLength(2);
  const bad = readFileSync(join(folder, "x.gvr"), "utf8").replace(padded.base64!, other);
  await expect(wholeRecording(store, "x.gvr", Buffer.from(bad))).rejects.toMatchObject({ exitCode: 2 });
});

test("R33: a list of parts can name nothing outside: neither files, nor entries, nor sizes that are not there", async () => {
  const folder = await tempFolder();
  const store = new FolderStore(folder);
  await putShared(store, "x.gvr", recording(1));
  const text = readFileSync(join(folder, "x.gvr"), "utf8");
  const manifest = JSON.parse(text) as { entries: { name: string; sha256?: string; size?: number }[]; size: number };
  const big = manifest.entries.findIndex(({ sha256 }) => sha256 !== undefined);
  const { canonicalJson } = await import("../../dist/recording/index.js");
  const forge = (change: (copy: typeof manifest) => void): Buffer => {
    const copy = structuredClone(manifest);
    change(copy);
    return Buffer.from(`${canonicalJson(copy as never, 2)}\n`);
  };
  for (const bad of [
    forge((copy) => {
      copy.entries[big]!.sha256 = "../../../etc/passwd";
    }),
    forge((copy) => {
      copy.entries[big]!.name = copy.entries[big]!.name.replace(/.{9}$/, "../../etc");
    }),
    forge((copy) => {
      copy.size = 4_000_000_000;
    }),
    forge((copy) => {
      copy.size += 3_000_000_000;
      copy.entries[big]!.size! += 3_000_000_000;
    }),
    forge((copy) => {
      copy.entries.reverse();
    }),
    forge((copy) => {
      (copy as { format?: unknown }).format = { major: 2, minor: 0 };
    }),
  ]) {
    await expect(wholeRecording(store, "x.gvr", bad)).rejects.toMatchObject({ exitCode: 2 });
  }
});

test("R33: a recording in parts is read through a link to it", async () => {
  const folder = await tempFolder();
  await putShared(new FolderStore(join(folder, "store")), "x.gvr", recording(1));
  symlinkSync(join(folder, "store", "x.gvr"), join(folder, "link.gvr"));
  expect(same(await readSource(join(folder, "link.gvr")), recording(1))).toBe(true);
  // a list of parts alone is no recording
  writeFileSync(join(folder, "copy.gvr"), readFileSync(join(folder, "link.gvr")));
  await expect(readSource(join(folder, "copy.gvr"))).rejects.toMatchObject({ code: "GVM4032", exitCode: 2 });
  expect(statSync(join(folder, "copy.gvr")).size).toBeLessThan(20_000);
});
