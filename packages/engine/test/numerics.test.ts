import { createRandom, numericsDigest } from "@graphvm/engine";
import fc from "fast-check";
import { expect, test } from "vitest";

test("E15: the digest of this machine's arithmetic is one short text", () => {
  expect(numericsDigest()).toMatch(/^[0-9a-f]{16}$/);
  expect(numericsDigest()).toBe(numericsDigest());
});

test("E15: a generator's numbers never change and stay in range", () => {
  const random = createRandom(7);
  expect([random.uint32(), random.next(), random.below(100)]).toMatchInlineSnapshot(`
    [
      3350020795,
      0.45452876377903395,
      26,
    ]
  `);
  fc.assert(
    fc.property(fc.double(), fc.integer({ min: 1, max: 0xffffffff }), (seed, n) => {
      const [a, b] = [createRandom(seed), createRandom(seed)];
      const [x, y, z] = [a.next(), a.below(n), a.uint32()];
      expect([b.next(), b.below(n), b.uint32()]).toEqual([x, y, z]);
      expect(x >= 0 && x < 1 && y >= 0 && y < n && Number.isInteger(y)).toBe(true);
    }),
  );
});

test("E15: numbers below n are spread evenly", () => {
  const random = createRandom(1);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
});
