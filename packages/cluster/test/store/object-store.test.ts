import { SpillFailedError, ValueLostError } from "@graphvm/cluster";
import { expect, onTestFinished, test } from "vitest";
import { Gaps } from "../../dist/store/gaps.js";
import { ObjectStore } from "../../dist/store/object-store.js";
import { PIECE } from "../../dist/store/pieces.js";
import type { SpillPlace } from "../../dist/store/spill-file.js";
import { failureOf } from "../helpers.js";
import { seeded } from "../scheduler/world.js";

const MB = 1024 * 1024;
const filled = (byte: number, size = MB): Uint8Array => new Uint8Array(size).fill(byte);

/** Comparing megabytes item by item takes seconds. */
const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

/** A disk in memory that can be full, and can be written on by somebody else. */
class FakeDisk implements SpillPlace {
  readonly files = new Map<string, Uint8Array>();
  full = false;

  async write(id: string, bytes: Uint8Array): Promise<void> {
    if (this.full) throw new Error("ENOSPC: no space left on device, write");
    this.files.set(id, bytes.slice());
  }

  async read(id: string, offset: number, into: Uint8Array): Promise<void> {
    into.set(this.files.get(id)!.subarray(offset, offset + into.length));
  }

  async remove(id: string): Promise<void> {
    this.files.delete(id);
  }

  close(): void {
    this.files.clear();
  }
}

test("C92: what goes past the budget lies on disk, the coldest first, and comes back when it is asked for", async () => {
  const disk = new FakeDisk();
  const store = new ObjectStore({ memory: 3 * MB, place: disk });
  for (let i = 1; i <= 3; i++) await store.put(`v${i}`, filled(i));
  expect([store.bytes, store.spilledBytes]).toEqual([3 * MB, 0]);
  await store.load("v1");
  await store.put("v4", filled(4));
  expect([...disk.files.keys()]).toEqual(["v2"]);
  expect([store.bytes, store.spilledBytes]).toEqual([3 * MB, MB]);
  expect(same(await store.load("v2"), filled(2))).toBe(true);
  expect(store.bytes).toBe(3 * MB);
  for (let i = 1; i <= 4; i++) expect(same(await store.load(`v${i}`), filled(i))).toBe(true);
  store.clear();
  expect([store.bytes, store.spilledBytes, await store.load("v2")]).toEqual([0, 0, undefined]);
});

test("C92: a real file, which nobody finds by a name; a value larger than the budget lies there alone", async () => {
  const store = new ObjectStore({ memory: MB });
  onTestFinished(() => store.close());
  const large = Uint8Array.from({ length: PIECE * 2 + 5 }, (_, i) => i % 251);
  await store.put("large", large);
  expect([store.bytes, store.spilledBytes]).toEqual([0, large.length]);
  expect(same(await store.load("large"), large)).toBe(true);
  const last = await store.piece("large", 2);
  expect([last.size, last.bytes.length]).toEqual([large.length, 5]);
  expect(await failureOf(store.piece("large", 3))).toBeInstanceOf(ValueLostError);
});

test("C92: room in the file is used again, and its end goes back to the disk", () => {
  const gaps = new Gaps();
  expect([gaps.take(10), gaps.take(20), gaps.take(30), gaps.end]).toEqual([0, 10, 30, 60]);
  gaps.give(10, 20);
  expect([gaps.take(5), gaps.take(16), gaps.take(15), gaps.end]).toEqual([10, 60, 15, 76]);
  gaps.give(60, 16);
  expect(gaps.end).toBe(60);
  gaps.give(0, 10);
  gaps.give(15, 15);
  gaps.give(10, 5);
  expect([gaps.take(30), gaps.end]).toEqual([0, 60]);
  gaps.give(0, 30);
  gaps.give(30, 30);
  expect(gaps.end).toBe(0);
});

test("C92: a full disk is an error of the value that has no room; what was there before stays", async () => {
  const disk = new FakeDisk();
  const store = new ObjectStore({ memory: 2 * MB, place: disk });
  await store.put("a", filled(1));
  await store.put("b", filled(2));
  disk.full = true;
  const error = await failureOf(store.put("c", filled(3)));
  expect(error).toBeInstanceOf(SpillFailedError);
  expect(error.message).toMatch(/ENOSPC.*free space/);
  expect([store.has("a"), store.has("b"), store.has("c")]).toEqual([true, true, false]);
  expect(same(await store.load("a"), filled(1))).toBe(true);
  disk.full = false;
  await store.put("c", filled(3));
  for (const [id, byte] of [
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ] as const)
    expect(same(await store.load(id), filled(byte))).toBe(true);
});

test("C92: bytes that changed on disk are a lost value, never a wrong one", async () => {
  const disk = new FakeDisk();
  const store = new ObjectStore({ memory: MB, place: disk });
  await store.put("a", filled(1));
  await store.put("b", filled(2));
  disk.files.get("a")![77] = 9;
  expect(await failureOf(store.piece("a", 0))).toBeInstanceOf(ValueLostError);
  expect([store.has("a"), await store.load("a")]).toEqual([false, undefined]);
  expect(store.spilledBytes).toBe(0);
});

test("C92: whatever is put, read and emptied side by side, a value is its own or not there, and the sums are right", async () => {
  const random = seeded(7);
  const disk = new FakeDisk();
  const store = new ObjectStore({ memory: 10_000, place: disk });
  const value = (id: number): Uint8Array => filled(id % 256, 100 + id * 37);
  const work: Promise<unknown>[] = [];
  for (let step = 0; step < 3000; step++) {
    const id = random.int(60);
    disk.full = random.int(20) === 0;
    const roll = random.int(100);
    if (roll < 40)
      work.push(store.put(`v${id}`, value(id)).catch((error) => expect(error).toBeInstanceOf(SpillFailedError)));
    else if (roll < 70)
      work.push(store.load(`v${id}`).then((bytes) => bytes && expect(same(bytes, value(id))).toBe(true)));
    else if (roll < 98)
      work.push(
        store.piece(`v${id}`, 0).then(
          ({ bytes }) => expect(same(bytes, value(id))).toBe(true),
          (error) => expect(error).toBeInstanceOf(ValueLostError),
        ),
      );
    else store.clear();
    if (random.int(3) === 0) await Promise.all(work.splice(0));
  }
  await Promise.all(work);
  disk.full = false;
  await store.put("last", filled(1, 10));
  expect(store.bytes).toBeLessThanOrEqual(10_000);
  const sizes = store.ids().map((id) => (id === "last" ? 10 : value(Number(id.slice(1))).length));
  const onDiskAlone = sizes.reduce((a, b) => a + b, 0) - store.bytes;
  expect(store.spilledBytes).toBeGreaterThanOrEqual(onDiskAlone);
});
