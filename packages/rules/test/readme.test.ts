import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Compiles and runs a README's example, as a user's file in this workspace would be. */
test.each([
  ["engine", /^49 [0-9a-f]{8} 1\n$/],
  ["rules", /^88\n$/],
])("D1: the example in the README of %s is right", (name, printed) => {
  const readme = readFileSync(`${root}packages/${name}/README.md`, "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const folder = mkdtempSync(`${root}packages/${name}/dist/readme-`);
  try {
    writeFileSync(`${folder}/example.mts`, example);
    const options = ["--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node"];
    const tsc = `${root}node_modules/typescript/bin/tsc`;
    execFileSync(process.execPath, [tsc, ...options, "--ignoreConfig", `${folder}/example.mts`], { stdio: "pipe" });
    expect(execFileSync(process.execPath, [`${folder}/example.mjs`], { encoding: "utf8" })).toMatch(printed);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
