import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { graphvm, graphvmJson, testFolder } from "./helpers.js";

const MODULE = `import { readFileSync } from "node:fs";
import { apply, namespace, rule } from "graphvm";
const ns = namespace("ns", { peek: rule((path) => apply((p) => readFileSync(p, "utf8").length, path)()) });
export const main = () => ns.peek("rates.csv");
`;

test("C95 C96 R30: run warns of undeclared reads, --strict refuses them, a recording shows them", async () => {
  const { path } = testFolder();
  writeFileSync(join(path, "m.ts"), MODULE);
  writeFileSync(join(path, "rates.csv"), "1,2,3");
  const run = await graphvm(["run", "m.ts", "--workers", "1", "--record", "m.gvr"], path);
  expect(run.code).toBe(0);
  expect(run.stderr).toContain(`warning: 1 node read what is not declared, which a replay can't check:
  ns.peek("rates.csv"): file ${join(path, "rates.csv")}
  declare it (file, env) or pass it as a param; --strict refuses such reads`);
  expect((await graphvm(["recording", "show", "m.gvr"], path)).stdout).toContain(
    `read without being declared: 1\n  ns.peek("rates.csv"): file ${join(path, "rates.csv")}\n`,
  );
  const strict = await graphvmJson(["run", "m.ts", "--workers", "1", "--strict"], path);
  expect([strict.code, strict.json.error?.code]).toEqual([1, "GVM1205"]);
  const replayed = await graphvm(["replay", "m.gvr", "--yes", "--strict"], path);
  expect([replayed.code, replayed.stdout]).toEqual([3, expect.stringMatching(/^DIVERGED: no digest was reached, 1 /)]);
  expect((await graphvm(["run", "m.ts", "--master", "ws://127.0.0.1:1", "--strict"], path)).code).toBe(2);
});
