import { readFileSync } from "node:fs";
import { select } from "@graphvm/ml";
import { expect, test } from "vitest";
import { cut, give, given, rowsOfTwoClasses } from "./blocks.js";
import { learning, overBlocks } from "./readme-blocks.js";
import { fraud } from "./readme-example.js";
import { tempPath } from "./support.js";

test("the README's example is this file, and runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = readFileSync(new URL("readme-example.ts", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
  const auc = await fraud(tempPath("readme.csv"), 60_000);
  expect(auc).toBeGreaterThan(0.85);
  expect(auc).toBeLessThan(1);
});

test("the README's example of blocks and streams is this file, and runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = readFileSync(new URL("readme-blocks.ts", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
  const tables = cut(rowsOfTwoClasses(1800, 2), 6).map((table) => select(table, ["a", "b", "y"]));
  give(Object.fromEntries(tables.map((table, i) => [`readme ${i}`, table])));
  const refs = tables.map((_, i) => given.table(`readme ${i}`));
  const { bagged, stacked } = await overBlocks("y", refs.slice(0, 4), refs.slice(4));
  expect(Math.min(bagged, stacked)).toBeGreaterThan(0.95);
  async function* incoming() {
    yield* tables;
  }
  const found: (number | null)[] = [];
  for await (const { auc } of learning("y", incoming())) found.push(auc!);
  expect(found[0]).toBe(null);
  expect(found.at(-1)).toBeGreaterThan(0.95);
});
