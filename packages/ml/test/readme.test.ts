import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
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
