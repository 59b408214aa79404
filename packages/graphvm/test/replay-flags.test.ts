import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { signRecording } from "../../cluster/dist/recording/index.js";
import { graphvm, graphvmJson, testFolder } from "./helpers.js";

const FIXTURES = fileURLToPath(new URL("../../cluster/test/fixtures/recordings/", import.meta.url));

/** A folder with recordings of the fixtures. */
function fixtures(...names: string[]): string {
  const { path } = testFolder();
  for (const name of names) copyFileSync(join(FIXTURES, name), join(path, name));
  return path;
}

describe("replay", () => {
  test.each([
    ["fraud-1.0.gvr", FIXTURES, "17 of 17 digests equal;"],
    ["fraud-1.1.gvr", "/nowhere", "127 of 127 digests equal (every node);"],
    ["fraud-1.2.gvr", "/nowhere", "127 of 127 digests equal (every node);"],
  ])("R25: %s, tables and all, as it was recorded", async (name, root, said) => {
    const path = fixtures(name);
    const ended = await graphvm(["replay", name, "--yes", "--verify", "nodes", "--root", root], path);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(`EQUAL: ${said}`) });
    expect(ended.stderr.includes("--digests nodes")).toBe(name === "fraud-1.0.gvr");
  });

  test("R23: another seed exits with 3, names node and cause, and shows how a model differs", async () => {
    const { code, stdout } = await graphvm(
      ["replay", "fraud-1.1.gvr", "--yes", "--seed", "5"],
      fixtures("fraud-1.1.gvr"),
    );
    expect(code).toBe(3);
    expect(stdout).toMatch(/^DIVERGED: \d+ of 17 digests equal/);
    expect(stdout).toMatch(/node: {5}[0-9a-f]{32} \(ml\.train\)\ncause: {4}seed: the seed is 5, recorded was 0/);
    expect(stdout).toContain("differs:");
  });

  test("R23: edited code in the place of a recorded program exits with 3 and names the node", async () => {
    const path = fixtures("taxi-1.1.gvr");
    const text = readFileSync(join(FIXTURES, "taxi.ts"), "utf8");
    writeFileSync(join(path, "taxi.ts"), text.replace("20 * Math.random()", "21 * Math.random()"));
    const run = ["replay", "taxi-1.1.gvr", "--yes", "--verify", "nodes", "--with-code", "taxi.ts"];
    const { code, json } = await graphvmJson(run, path);
    expect(code).toBe(3);
    expect(json).toMatchObject({ verdict: "diverged", first: { cause: "code", rule: "taxi.day" } });
    const wrong = await graphvm([...run.slice(0, -1), "other=taxi.ts"], path);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("no program other; it has taxi") });
  });

  test("R24: --until shows a node's inputs, --with runs it with other code, --open opens a REPL there", async () => {
    const path = fixtures("taxi-1.1.gvr");
    const until = ["replay", "taxi-1.1.gvr", "--yes", "--until", "mr.reducer"];
    const shown = await graphvm(until, path);
    expect(shown).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/stopped at mr\.reducer[\s\S]*inputs\[0\] {2}mr\./),
    });
    const opened = await graphvm([...until, "--open"], path, { input: "inputs.length\nnode.rule\n" });
    expect(opened).toMatchObject({ code: 0, stdout: "1\n'mr.reducer'\n" });
    const day = ["replay", "taxi-1.1.gvr", "--yes", "--until", "taxi.day", "--with", "taxi.ts"];
    const text = readFileSync(join(FIXTURES, "taxi.ts"), "utf8");
    writeFileSync(join(path, "taxi.ts"), text);
    expect(await graphvm(day, path)).toMatchObject({ code: 0, stderr: expect.stringContaining("the same bytes") });
    writeFileSync(join(path, "taxi.ts"), text.replace("5 + day", "6 + day"));
    const { code, json } = await graphvmJson(day, path);
    expect(code).toBe(3);
    expect(json).toMatchObject({ verdict: "equal", edited: { equal: false, difference: { count: 200 } } });
  });

  test("R26: --trusted runs what a key signed without asking, and nothing else", async () => {
    const path = fixtures("taxi-1.1.gvr");
    const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    writeFileSync(join(path, "keys.pem"), publicKey);
    const replay = ["replay", "taxi-1.1.gvr", "--trusted", "keys.pem"];
    expect(await graphvm(replay, path)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^GVM4037: /),
    });
    const bytes = readFileSync(join(path, "taxi-1.1.gvr"));
    writeFileSync(join(path, "taxi-1.1.gvr"), signRecording(bytes, privateKey));
    expect(await graphvm(replay, path)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^EQUAL/) });
  });

  test("flags that do not fit are refused before anything is read", async () => {
    const path = fixtures();
    for (const flags of [
      ["--open"],
      ["--with", "a.ts"],
      ["--until", "a.b", "--open", "--json"],
      ["--verify", "bits"],
    ]) {
      expect(await graphvm(["replay", "none.gvr", ...flags], path)).toMatchObject({ code: 2 });
    }
    const trusted = await graphvm(["replay", "none.gvr", "--trusted", "none.pem"], path);
    expect(trusted).toMatchObject({ code: 2, stderr: expect.stringMatching(/^GVM6005: /) });
  });

  test("a recording without digests is not called equal in digests", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "empty.ts"), "export async function main(session) { await session.status(); return 1; }");
    await graphvm(["run", "empty.ts", "--record", "empty.gvr"], path);
    const { code, stdout } = await graphvm(["replay", "empty.gvr", "--yes"], path);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EQUAL: the recording has no digest to compare/);
    expect(stdout).not.toContain("0 of 0");
  });
});

describe("run", () => {
  test("--capture, --digests, --label and --author stand in the recording, and need one", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "data.csv"), "a\n1\n");
    const text = `import { readFileSync } from "node:fs";
import { apply, file, namespace, rule } from "graphvm";
const ns = namespace("ns", { size: rule(() => apply((f) => readFileSync(f.path, "utf8").length, file("data.csv"))()) });
export const main = ns.size();`;
    writeFileSync(join(path, "m.ts"), text);
    const keep = ["--capture", "code,inputs,outputs", "--digests", "nodes", "--label", "desk=risk", "--author", "me"];
    expect(await graphvm(["run", "m.ts", ...keep, "--record", "m.gvr"], path)).toMatchObject({
      code: 0,
      stdout: "4\n",
    });
    const { json } = await graphvmJson(["recording", "show", "m.gvr"], path);
    expect(json.header).toMatchObject({ capture: ["inputs", "outputs"], labels: { desk: "risk" }, author: "me" });
    writeFileSync(join(path, "data.csv"), "");
    expect(await graphvm(["replay", "m.gvr", "--yes"], path)).toMatchObject({ code: 0 });
    expect(await graphvm(["run", "m.ts", ...keep], path)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--record"),
    });
    expect(await graphvm(["run", "m.ts", "--record", "x.gvr", "--capture", "all"], path)).toMatchObject({ code: 2 });
  });
});
