import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readStoredZip, sha256Hex, writeStoredZip } from "../../cluster/dist/recording/index.js";
import { afterFile, fixture, graphvm, graphvmJson, startMaster, testFolder } from "./helpers.js";

const finished = afterFile();
let words: Buffer;
let csv: Buffer;

beforeAll(async () => {
  const { path } = testFolder(finished);
  writeFileSync(join(path, "data.csv"), "a,b\n1,x\n2,y\n");
  const counted = `${fixture("words.ts")}#counted`;
  await graphvm(["run", counted, "--workers", "2", "--record", "words.gvr"], path, { finished });
  await graphvm(["run", `${fixture("tables.ts")}#csv`, "--record", "csv.gvr"], path, { finished });
  words = readFileSync(join(path, "words.gvr"));
  csv = readFileSync(join(path, "csv.gvr"));
});

/** A folder with both recordings and the CSV. */
function recordings(): ReturnType<typeof testFolder> {
  const folder = testFolder();
  writeFileSync(join(folder.path, "words.gvr"), words);
  writeFileSync(join(folder.path, "csv.gvr"), csv);
  writeFileSync(join(folder.path, "data.csv"), "a,b\n1,x\n2,y\n");
  return folder;
}

describe("replay", () => {
  test.each(["1", "3"])("on %s workers gives every digest again", async (workers) => {
    const { path, leftovers } = recordings();
    const { code, json } = await graphvmJson(["replay", "words.gvr", "--yes", "--workers", workers], path);
    expect(code).toBe(0);
    expect(json).toMatchObject({ verdict: "equal", compared: 7, equal: 7, diverged: 0, workers: Number(workers) });
    expect(leftovers()).toEqual([]);
  });

  test("on a master that runs elsewhere", async () => {
    const { path } = recordings();
    const master = await startMaster(path, ["--workers", "2"]);
    const ended = await graphvm(["replay", "words.gvr", "--yes", "--master", master.url], path);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^EQUAL: 7 of 7 digests equal/);
  });

  test("without a terminal and without --yes runs nothing and exits with 2", async () => {
    const { path } = recordings();
    const { code, json, stderr } = await graphvmJson(["replay", "words.gvr"], path);
    expect(code).toBe(2);
    expect(json.error).toMatchObject({ code: "GVM6004", message: expect.stringContaining("--yes") });
    expect(stderr).toContain("1 program");
  });

  test("a changed input is a divergence that names the file", async () => {
    const { path } = recordings();
    expect((await graphvm(["replay", "csv.gvr", "--yes"], path)).code).toBe(0);
    writeFileSync(join(path, "data.csv"), "a,b\n1,x\n3,y\n");
    const { code, json } = await graphvmJson(["replay", "csv.gvr", "--yes"], path);
    expect(code).toBe(3);
    expect(json).toMatchObject({ verdict: "diverged", first: { cause: "input", input: "data.csv" } });
    expect((await graphvm(["replay", "csv.gvr", "--yes"], path)).stdout).toMatch(/^DIVERGED: .*\n.*data\.csv/);
  });

  test("an input that is gone ends with 2; --input and --root find it elsewhere", async () => {
    const { path } = recordings();
    rmSync(join(path, "data.csv"));
    writeFileSync(join(path, "moved.csv"), "a,b\n1,x\n2,y\n");
    const gone = await graphvm(["replay", "csv.gvr", "--yes"], path);
    expect(gone.code).toBe(2);
    expect(gone.stderr).toMatch(/^GVM1203: .*data\.csv/);
    expect((await graphvm(["replay", "csv.gvr", "--yes", "--input", "data.csv=moved.csv"], path)).code).toBe(0);
    writeFileSync(join(path, "temp/data.csv"), "a,b\n1,x\n2,y\n");
    expect((await graphvm(["replay", "csv.gvr", "--yes", "--root", "temp"], path)).code).toBe(0);
  });
});

describe("recording", () => {
  test("show tells header, programs, inputs, calls and jobs", async () => {
    const { path } = recordings();
    const { stdout, code } = await graphvm(["recording", "show", "csv.gvr"], path);
    expect(code).toBe(0);
    for (const text of ["programs: 1", "inputs: 1", "data.csv", "dispatchJobs", "ds.csvSource"]) {
      expect(stdout).toContain(text);
    }
    const { json } = await graphvmJson(["recording", "show", "words.gvr"], path);
    expect(json.jobs).toHaveLength(7);
    expect(json).toMatchObject({ header: { seed: 0, inputs: [] }, calls: expect.any(Array) });
  });

  test("verify counts what it checked", async () => {
    const { path } = recordings();
    const { json, code } = await graphvmJson(["recording", "verify", "words.gvr"], path);
    expect(code).toBe(0);
    expect(json).toMatchObject({ ok: true, bytes: words.length, programs: 1 });
  });

  test.each([
    ["verify", ["recording", "verify"]],
    ["show", ["recording", "show"]],
    ["replay", ["replay", "--yes"]],
    ["graph", ["graph"]],
  ])("%s of a recording with one byte changed ends with 2 and names the entry", async (_name, args) => {
    const { path } = recordings();
    const bytes = Buffer.from(words);
    const at = bytes.indexOf('"method":"wait"');
    bytes[at + 11]! ^= 1;
    writeFileSync(join(path, "words.gvr"), bytes);
    const { code, json } = await graphvmJson([...args, "words.gvr"], path);
    expect(code).toBe(2);
    expect(json.error).toMatchObject({ fields: { entry: expect.stringMatching(/journal\.ndjson|archive/) } });
  });

  test.each(["nowhere.gvr", "data.csv"])("%s is no recording", async (name) => {
    const { path } = recordings();
    const { code, json } = await graphvmJson(["recording", "verify", name], path);
    expect(code).toBe(2);
    expect(json.error?.code).toMatch(/^GVM4/);
  });

  test("a recording of another format version is refused", async () => {
    const { path } = recordings();
    const entries = new Map(readStoredZip(words));
    const header = Buffer.from(entries.get("header.json")!).toString("utf8");
    entries.set("header.json", Buffer.from(header.replace('"major": 1', '"major": 2')));
    const other = writeStoredZip([...entries]);
    expect(sha256Hex(other)).not.toBe(sha256Hex(words));
    writeFileSync(join(path, "other.gvr"), other);
    const { code, json, stderr } = await graphvmJson(["replay", "other.gvr", "--yes"], path);
    expect(code).toBe(2);
    expect(json.error).toMatchObject({ code: "GVM4030", message: expect.stringContaining("format version 2") });
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("graph", () => {
  test("of a recording is coloured by worker and runs nothing", async () => {
    const { path } = recordings();
    const { json, code } = await graphvmJson(["graph", "words.gvr", "-o", "out.svg"], path);
    expect(code).toBe(0);
    expect(json).toMatchObject({ nodes: 35, jobs: 7, folded: false, path: "out.svg" });
    const svg = readFileSync(join(path, "out.svg"), "utf8");
    expect(svg).toMatch(/<svg [\s\S]*splitByKey[\s\S]*<\/svg>\s*$/);
    expect(svg).toContain("w1: ");
    expect((await graphvm(["graph", "words.gvr", "-o", "out.svg"], path)).code).toBe(2);
  });

  test("of a module plans and does not run; a function runs", async () => {
    const { path, leftovers } = recordings();
    const module = fixture("words.ts");
    const planned = await graphvmJson(["graph", module, "--cut", "mr.splitByKey"], path);
    expect(planned.json).toMatchObject({ nodes: 35, jobs: 7, workers: 0, svg: expect.stringContaining("<svg") });
    const cut = await graphvmJson(["graph", module, "--cut", "auto"], path);
    expect(cut.json).toMatchObject({ nodes: 35, jobs: expect.toSatisfy((jobs: number) => jobs >= 7) });
    const both = await graphvmJson(["graph", module, "--cut", "auto,mr.splitByKey"], path);
    expect(both).toMatchObject({ code: 2, json: { error: { message: expect.stringContaining("not both") } } });
    expect((await graphvmJson(["graph", `${module}#fails`], path)).json).toMatchObject({ nodes: 1 });
    const ran = await graphvmJson(["graph", `${module}#counted`], path);
    expect(ran.json).toMatchObject({ nodes: 35, jobs: 7 });
    expect(ran.json.workers).toBeGreaterThan(0);
    expect(leftovers()).toEqual([]);
  });

  test("above --fold nodes there is one box a rule", async () => {
    const { path } = recordings();
    const { json } = await graphvmJson(["graph", fixture("words.ts"), "--fold", "20"], path);
    expect(json).toMatchObject({ nodes: 35, boxes: 7, folded: true, jobs: 1 });
  });
});
