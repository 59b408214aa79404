import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const chaos = (...options: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("../../drills/dist/chaos.js", import.meta.url)), ...options], {
    encoding: "utf8",
  });

test("C4 C70 C74: a pipeline whose workers, links and master fail at seeded moments gives the digests of a quiet one", () => {
  const ended = chaos("--runs", "2", "--seed", "9", "--rows", "6000");
  expect(ended.stdout).toContain("chaos: 2 of 2 runs ended with the digests of the quiet run");
  expect(ended.stdout).toMatch(/seed 10: equal \(\d faults, the master too/);
  expect(ended.stderr).toBe("");
  expect(ended.status).toBe(0);
});

test("C4: the chaos drill says how it is used", () => {
  expect(chaos("--runs", "none")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("npm run chaos -- [--runs 50]"),
  });
});
