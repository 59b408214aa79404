import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "graphvm-pack-"));
const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

afterAll(() => rmSync(folder, { recursive: true, force: true }));

// What a stranger gets: the packed packages, installed in an empty folder outside the workspace, run the README's program.
test("packed packages run the README's program outside the workspace", { timeout: 300_000 }, () => {
  run(
    "npm",
    ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, "--workspaces", "--if-present"],
    root,
  );
  const tarballs = readdirSync(folder).filter((name) => /^graphvm-(\d|engine|rules|cluster|ml|testing)/.test(name));
  expect(tarballs.length).toBe(6);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true }));
  run("npm", ["install", "--no-audit", "--no-fund", "--silent", ...tarballs.map((name) => `./${name}`)], folder);
  copyFileSync(join(root, "notebooks/taxi.ts"), join(folder, "taxi.ts"));
  const printed = run("npx", ["--no-install", "graphvm", "run", "taxi.ts", "--workers", "2", "--json"], folder);
  expect(JSON.parse(printed)).toMatchObject({ export: "main" });
  expect(printed).toContain("Oslo");
  const replayed = run(
    "npx",
    ["--no-install", "graphvm", "replay", "taxi.gvr", "--workers", "1", "--yes", "--json"],
    folder,
  );
  expect(JSON.parse(replayed)).toMatchObject({ verdict: "equal", diverged: 0 });
});
