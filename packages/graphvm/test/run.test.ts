import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixture, graphvm, graphvmJson, Running, startMaster, testFolder } from "./helpers.js";

const WORDS = fixture("words.ts");

describe("run", () => {
  test("calculates the default export and prints the value", async () => {
    const { path, leftovers } = testFolder();
    const ended = await graphvm(["run", WORDS, "--workers", "1"], path);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain("[ 'the', 6 ]");
    expect(leftovers()).toEqual([]);
  });

  test("a function of the session gives the same, whatever the number of workers", async () => {
    const { path } = testFolder();
    const one = await graphvmJson(["run", WORDS, "--workers", "1"], path);
    const three = await graphvmJson(["run", `${WORDS}#counted`, "--workers", "3"], path);
    expect(three.json.value).toEqual(one.json.value);
    expect(three.json).toMatchObject({ export: "counted", jobs: 7, nodes: one.json.nodes });
    expect(three.stderr).toContain("printed by the function");
  });

  test("a list of refs gives a list of values", async () => {
    const { path } = testFolder();
    const { json } = await graphvmJson(["run", `${WORDS}#several`], path);
    expect(json.values).toEqual(["the quick brown fox", "jumps over the lazy dog"]);
  });

  test("with --json what atoms print goes to stderr", async () => {
    const { path } = testFolder();
    const { json, stderr } = await graphvmJson(["run", `${WORDS}#prints`], path);
    expect(json.value).toBe(2);
    expect(stderr).toContain("printed by an atom");
  });

  test("--seed seeds the atoms' random numbers", async () => {
    const { path } = testFolder();
    const values: unknown[] = [];
    for (const seed of ["1", "1", "2"]) {
      values.push((await graphvmJson(["run", `${WORDS}#random`, "--seed", seed], path)).json.value);
    }
    expect(values[0]).toBe(values[1]);
    expect(values[0]).not.toBe(values[2]);
  });

  test("a program has one instance of graphvm/ml and Arrow, in threads and over WebSocket", async () => {
    const { path } = testFolder();
    const module = `${fixture("tables.ts")}#one`;
    const cut = ["--cut", "tables.made,ds.select"];
    expect((await graphvmJson(["run", module, "--workers", "2", ...cut], path)).json).toMatchObject({
      value: true,
      jobs: 3,
    });
    const master = await startMaster(path, ["--workers", "0"]);
    const worker = new Running(["start-worker", "--master", master.url], path);
    await worker.says("graphvm worker w1");
    expect((await graphvmJson(["run", module, "--master", master.url, ...cut], path)).json.value).toBe(true);
  });

  test("a table is printed as its columns and first rows", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "data.csv"), "a,b\n1,x\n2,y\n");
    const { stdout } = await graphvm(["run", `${fixture("tables.ts")}#csv`], path);
    expect(stdout).toBe("table of 2 rows: a Int32, b Utf8\n  { a: 1, b: 'x' }\n  { a: 2, b: 'y' }\n");
  });

  test("--verbose shows the stack in the user's TypeScript", async () => {
    const { path } = testFolder();
    const quiet = await graphvm(["run", `${WORDS}#fails`], path);
    expect(quiet).toMatchObject({ code: 1, stdout: "" });
    expect(quiet.stderr).toMatch(/^GVM1101: words\.fails\(7\) failed: no line 7 \(at .*words\.ts:\d+:\d+\)\n$/);
    const verbose = await graphvm(["run", `${WORDS}#fails`, "--verbose"], path);
    expect(verbose.stderr).toMatch(/caused by TypeError: no line 7\n(.*\n)*? *at .*words\.ts:\d+:\d+/);
  });

  test("a recording that is there is not replaced without --force, and nothing is run", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "out.gvr"), "precious");
    const args = ["run", `${WORDS}#counted`, "--record", "out.gvr"];
    const refused = await graphvm(args, path);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^GVM4102: .*--force/);
    expect(refused.stderr).not.toContain("printed by the function");
    const forced = await graphvmJson([...args, "--force"], path);
    expect(forced.json.recording).toMatchObject({ path: "out.gvr", calls: expect.any(Number) });
    expect((await graphvm(["recording", "verify", "out.gvr"], path)).code).toBe(0);
  });
});
