import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("the README's program is the file that is run and tested", () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(read("README.md")) ?? [];
  expect(code).toBe(read("notebooks/taxi.ts"));
  expect(code!.split("\n").length).toBeLessThan(45);
});

test("every file the README links to is there", () => {
  const links = [...read("README.md").matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1]!);
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) if (!link.startsWith("packages/")) expect(() => read(link), link).not.toThrow();
});
