import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("E16: the example in docs/incremental.md is compiled, runs, and says what it says", async () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(read("../../../docs/incremental.md")) ?? [];
  expect(read("./docs/incremental.ts")).toBe(code);
  const { after, state, dependencies } = await import("./docs/incremental.js");
  expect({ after, state, dependencies }).toEqual({
    after: 20,
    state: "computed",
    dependencies: ['shop.price("tea")', 'shop.price("bread")'],
  });
});
