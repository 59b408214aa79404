import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const soak = (...options: string[]) =>
  spawnSync(
    process.execPath,
    ["--expose-gc", fileURLToPath(new URL("../../drills/dist/soak.js", import.meta.url)), ...options],
    { encoding: "utf8" },
  );

test("C47 C7: sessions and clusters that come and go leave nothing behind, and a program costs what its text costs", () => {
  const ended = soak("--sessions", "30", "--json");
  expect(ended.stderr).toBe("");
  expect(JSON.parse(ended.stdout)).toMatchObject({ sessions: 30, wrong: [] });
  expect(ended.status).toBe(0);
});

test("C47: the soak says how it is used", () => {
  expect(soak("--sessions", "3")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("npm run soak -- [--sessions 2000]"),
  });
});
