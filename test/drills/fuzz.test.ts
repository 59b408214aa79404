import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("C66: a master that is attacked for two seconds still gives right results", () => {
  const fuzz = fileURLToPath(new URL("../../drills/dist/fuzz.js", import.meta.url));
  const ended = spawnSync(process.execPath, [fuzz, "--seconds", "2", "--seed", "1"], { encoding: "utf8" });
  expect(ended.stderr).toBe("");
  expect(ended.stdout).toMatch(/fuzz: \d+ attacks in .* every good call was answered rightly/);
  expect(ended.status).toBe(0);
});

test("C66: the drill says how it is used", () => {
  const fuzz = fileURLToPath(new URL("../../drills/dist/fuzz.js", import.meta.url));
  const ended = spawnSync(process.execPath, [fuzz, "--seconds", "never"], { encoding: "utf8" });
  expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining("npm run fuzz -- [--seconds 60]") });
});
