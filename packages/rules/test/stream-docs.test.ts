import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const PRINTED = `0 0
1 1
2 2
-2.25 2
15 4
again 2
again 2
again 4
[ 0, 1, 2, 2, 4 ]
4
`;

test("T14: the example in docs/streaming.md is right", () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${root}docs/streaming.md`, "utf8"))![1]!;
  const folder = mkdtempSync(`${root}packages/rules/dist/docs-`);
  try {
    writeFileSync(`${folder}/example.mts`, example);
    const options = ["--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node"];
    const tsc = `${root}node_modules/typescript/bin/tsc`;
    execFileSync(process.execPath, [tsc, ...options, "--ignoreConfig", `${folder}/example.mts`], { stdio: "pipe" });
    expect(execFileSync(process.execPath, [`${folder}/example.mjs`], { encoding: "utf8" })).toBe(PRINTED);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
