import { hash128 } from "@graphvm/engine/internal";
import { expect, test } from "vitest";

function hash(bytes: Uint8Array, seed?: number): Uint32Array {
  const out = new Uint32Array(4);
  hash128(bytes, bytes.length, out, 0, seed);
  return out;
}

test("E4: the hash is MurmurHash3_x86_128 (the verification value of SMHasher)", () => {
  // hash {}, {0}, {0, 1}, ... with seeds 256, 255, ...; the hash of all those hashes starts with the published value
  const hashes = new Uint8Array(256 * 16);
  const key = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (let i = 0; i < 256; i++) hashes.set(new Uint8Array(hash(key.subarray(0, i), 256 - i).buffer), i * 16);
  expect(hash(hashes, 0)[0]).toBe(0xb3ece62a);
});

test("E4: a hash ends at its length and can be written anywhere", () => {
  const bytes = Uint8Array.of(1, 2, 3, 9, 9);
  const out = new Uint32Array(6);
  hash128(bytes, 3, out, 1);
  expect([...out.subarray(1, 5)]).toEqual([...hash(Uint8Array.of(1, 2, 3))]);
  expect([out[0], out[5]]).toEqual([0, 0]);
});

test("E4: neighbours differ in about half their bits, and 200,000 of them have no common word pair", () => {
  const pairs = new Set<string>();
  const key = new Uint32Array(3);
  let flipped = 0;
  let before = hash(new Uint8Array(key.buffer));
  for (let i = 1; i <= 200_000; i++) {
    key[0] = i;
    const words = hash(new Uint8Array(key.buffer));
    pairs.add(`${words[0]},${words[1]}`);
    for (let w = 0; w < 4; w++) flipped += ones(words[w]! ^ before[w]!);
    before = words;
  }
  expect(pairs.size).toBe(200_000);
  expect(flipped / 200_000).toBeGreaterThan(63);
  expect(flipped / 200_000).toBeLessThan(65);
});

function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
