import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { graphvm, graphvmJson, testFolder } from "./helpers.js";

const COMMANDS = [
  ["repl"],
  ["start-master"],
  ["start-worker"],
  ["workers"],
  ["status"],
  ["stop"],
  ["run"],
  ["replay"],
  ["recording"],
  ["recording", "show"],
  ["recording", "verify"],
  ["recording", "diff"],
  ["recording", "sign"],
  ["recording", "export"],
  ["recording", "ls"],
  ["graph"],
  ["demo"],
  ["demo", "fraud"],
  ["demo", "titanic"],
  ["demo", "regions"],
];

describe("usage", () => {
  test("--version prints the version", async () => {
    const { path } = testFolder();
    expect(await graphvm(["--version"], path)).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
    expect((await graphvmJson(["--version"], path)).json).toEqual({ version: "0.1.0" });
  });

  test.each(COMMANDS)("--help of %s %s has an example", async (...words) => {
    const { path } = testFolder();
    const help = await graphvm([...words.filter((word) => word !== undefined), "--help"], path);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/Examples?:\n {2}graphvm /);
    expect(help.stderr).toBe("");
  });

  test.each([
    [[], "a command is missing"],
    [["nope"], "unknown command 'nope'"],
    [["recording"], "a command is missing (show, verify, diff, sign, export, ls)"],
    [["run"], "missing required argument 'module'"],
    [["run", "x.ts", "--what"], "unknown option '--what'"],
    [["run", "x.ts", "--workers", "two"], "a whole number from 0 on is needed"],
    [["start-master", "--port", "70000"], "a whole number from 0 to 65535 is needed"],
    [["replay", "x.gvr", "--input", "a"], "old=new is needed"],
    [["run", "x.ts", "--master", "ws://127.0.0.1:1", "--workers", "2"], "--workers is for a cluster started here"],
  ])("graphvm %j is refused with 2 and one sentence", async (args, sentence) => {
    const { path } = testFolder();
    const ended = await graphvm(args, path);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(/^GVM6001: .*\n$/);
    expect(ended.stderr).toContain(sentence);
    const { json, code } = await graphvmJson(args, path);
    expect(code).toBe(2);
    expect(json.error).toMatchObject({ code: "GVM6001", message: expect.stringContaining(sentence) });
  });

  test("without a build the command says what to do", () => {
    const { path } = testFolder();
    cpSync(fileURLToPath(new URL("../bin", import.meta.url)), join(path, "bin"), { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, [join(path, "bin/graphvm.js")], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 1, stderr: "graphvm is not built yet: run `npm run build` first.\n" });
  });
});
