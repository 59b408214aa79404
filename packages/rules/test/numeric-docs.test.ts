import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("A11: the example in docs/adjoint.md is right", () => {
  const page = readFileSync(`${root}docs/adjoint.md`, "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(page)![1]!;
  const printed = /It prints\n\n((?: {4}.*\n)+)/.exec(page)![1]!.replaceAll(/^ {4}/gm, "");
  const folder = mkdtempSync(`${root}packages/rules/dist/docs-`);
  try {
    writeFileSync(`${folder}/example.mts`, example);
    const options = ["--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node"];
    const tsc = `${root}node_modules/typescript/bin/tsc`;
    execFileSync(process.execPath, [tsc, ...options, "--ignoreConfig", `${folder}/example.mts`], { stdio: "pipe" });
    expect(execFileSync(process.execPath, [`${folder}/example.mjs`], { encoding: "utf8" })).toBe(printed);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
