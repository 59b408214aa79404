import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { beforeAll, describe, expect, test } from "vitest";
import { startS3 } from "../../cluster/test/recording/s3-server.js";
import type { LineageEvent } from "../dist/recorded/openlineage.js";
import { afterFile, graphvm, graphvmJson, testFolder } from "./helpers.js";

const FIXTURES = fileURLToPath(new URL("../../cluster/test/fixtures/recordings/", import.meta.url));
const finished = afterFile();
let made: string;

/** Runs of one small pipeline that differ in one thing each. */
beforeAll(async () => {
  made = testFolder(finished).path;
  const pipeline = (by: number, factor: string): string => `import { readFileSync } from "node:fs";
import { apply, file, namespace, rule } from "graphvm";
const ns = namespace("ns", {
  read: rule(() => apply((f) => Float64Array.from(readFileSync(f.path, "utf8").trim().split("\\n").map(Number)), file("n.txt"))()),
  scaled: rule((by) => apply((x, all) => all.map((n) => n * x * ${factor}), by)(ns.read())),
  noise: rule((by) => apply((all) => all[0] + Math.random())(ns.scaled(by))),
});
export const main = [ns.scaled(${by}), ns.noise(${by})];`;
  const runs: [name: string, module: string, numbers: string, flags: string[]][] = [
    ["base", pipeline(2, "1"), "1\n2\n3\n", []],
    ["again", pipeline(2, "1"), "1\n2\n3\n", []],
    ["input", pipeline(2, "1"), "1\n2\n4\n", []],
    ["param", pipeline(3, "1"), "1\n2\n3\n", []],
    ["code", pipeline(2, "1.5"), "1\n2\n3\n", []],
    ["seed", pipeline(2, "1"), "1\n2\n3\n", ["--seed", "9"]],
  ];
  for (const [name, module, numbers, flags] of runs) {
    writeFileSync(join(made, "m.ts"), module);
    writeFileSync(join(made, "n.txt"), numbers);
    const keep = ["--capture", "inputs,outputs", "--label", `run=${name}`];
    const { code, stderr } = await graphvm(["run", "m.ts", "--record", `${name}.gvr`, ...keep, ...flags], made, {
      finished,
    });
    expect(`${code} ${stderr}`).toMatch(/^0 recorded/);
  }
}, 180_000);

describe("recording diff", () => {
  interface Diff {
    same: boolean;
    reasons: { kind: string; what: string }[];
    moved: { rule: string; sameNode: boolean; difference?: { cells: { path: string }[] } }[];
  }
  const diff = async (b: string): Promise<Diff & { code: number | null }> => {
    const { code, json } = await graphvmJson(["recording", "diff", "base.gvr", b], made);
    return { code, ...(json as unknown as Diff) };
  };
  const kinds = ({ reasons }: Diff): string[] => reasons.map(({ kind, what }) => `${kind} ${what}`);

  test("R27: two runs that came out the same exit with 0, whatever else differs", async () => {
    const found = await diff("again.gvr");
    expect(found).toMatchObject({ code: 0, same: true, moved: [] });
    expect(kinds(found)).toEqual(["seed epoch"]);
  });

  test("R27: a changed input, and by how much the outputs moved", async () => {
    const found = await diff("input.gvr");
    expect(found.code).toBe(3);
    expect(kinds(found)[0]).toBe("input n.txt");
    expect(found.moved).toMatchObject([
      {
        rule: "ns.scaled",
        sameNode: true,
        difference: { kind: "Float64Array", count: 1, cells: [{ path: "[2]", absolute: 2 }] },
      },
    ]);
  });

  test("R27: a param, with its place; jobs are matched by rule where their ids differ", async () => {
    const found = await diff("param.gvr");
    expect(found.reasons[0]).toMatchObject({ kind: "param", a: "2", b: "3" });
    expect(found.moved.map(({ rule, sameNode }) => [rule, sameNode])).toEqual([
      ["ns.scaled", false],
      ["ns.noise", false],
    ]);
  });

  test("R27: code and seed", async () => {
    expect(kinds(await diff("code.gvr"))[0]).toBe("code m");
    const seeded = await diff("seed.gvr");
    expect(kinds(seeded)[0]).toBe("seed seed");
    expect(seeded.moved.map(({ rule }) => rule)).toEqual(["ns.noise"]);
    const { stdout } = await graphvm(["recording", "diff", "base.gvr", "seed.gvr"], made);
    expect(stdout).toMatch(/seed: {8}seed: 0 → 9[\s\S]*1 job moved[\s\S]*apart by/);
  });
});

describe("recording sign, verify and ls", () => {
  test("R26: what was signed verifies with the key, with no other, and stays one file", async () => {
    const { path } = testFolder();
    const pair = () =>
      generateKeyPairSync("ed25519", {
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" },
      });
    const [mine, other] = [pair(), pair()];
    writeFileSync(join(path, "key.pem"), mine.privateKey);
    writeFileSync(join(path, "mine.pub"), mine.publicKey);
    writeFileSync(join(path, "other.pub"), other.publicKey);
    copyFileSync(join(made, "base.gvr"), join(path, "base.gvr"));
    const before = readFileSync(join(path, "base.gvr"));
    expect(await graphvm(["recording", "sign", "base.gvr", "--key", "key.pem"], path)).toMatchObject({ code: 2 });
    expect(Buffer.compare(readFileSync(join(path, "base.gvr")), before)).toBe(0);
    const signed = await graphvm(["recording", "sign", "base.gvr", "--key", "key.pem", "-o", "signed.gvr"], path);
    expect(signed).toMatchObject({ code: 0, stderr: "" });
    const verify = (...flags: string[]) => graphvm(["recording", "verify", ...flags], path);
    expect((await verify("signed.gvr", "--trusted", "mine.pub")).stdout).toContain("signed by a trusted key");
    expect((await verify("signed.gvr")).stdout).toContain("no list of trusted ones");
    expect(await verify("signed.gvr", "--trusted", "other.pub")).toMatchObject({ code: 2, stdout: "" });
    expect(await verify("base.gvr", "--trusted", "mine.pub")).toMatchObject({ code: 2, stdout: "" });
    expect(await verify("signed.gvr", "--trusted", "key.pem")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^GVM4038/),
    });
    expect(await graphvm(["recording", "sign", "base.gvr", "--key", "none.pem", "-o", "x.gvr"], path)).toMatchObject({
      code: 2,
    });
    expect(existsSync(join(path, "x.gvr"))).toBe(false);
  });

  test("ls lists a folder and an S3 prefix, oldest first, and names what is no recording", async () => {
    const { path } = testFolder();
    await using server = await startS3("audit");
    const env = {
      AWS_ENDPOINT_URL: server.url,
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_REGION: "us-east-1",
    };
    for (const name of ["words-1.0.gvr", "words-1.1.gvr"]) copyFileSync(join(FIXTURES, name), join(path, name));
    writeFileSync(join(path, "broken.gvr"), "no recording");
    writeFileSync(join(path, "notes.txt"), "");
    const { code, json } = await graphvmJson(["recording", "ls", "."], path);
    expect(code).toBe(0);
    const keys = (json.recordings as { key: string }[]).map(({ key }) => key);
    expect(keys).toEqual(["broken.gvr", "words-1.0.gvr", "words-1.1.gvr"]);
    expect((json.recordings as object[])[0]).toMatchObject({ error: { code: "GVM4022" } });
    server.buckets.get("audit")!.set("2031/words.gvr", { bytes: readFileSync(join(FIXTURES, "words-1.1.gvr")) });
    const there = await graphvm(["recording", "ls", "s3://audit/2031"], path, { env });
    expect(there).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/words\.gvr .*20 calls .*not signed {2}fixture\n$/),
    });
    expect(await graphvm(["recording", "ls", "nowhere"], path)).toMatchObject({ code: 2, stdout: "" });
    expect(await graphvm(["recording", "ls", "s3://gone/2031"], path, { env })).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("recording export", () => {
  const events = async (source: string): Promise<LineageEvent[]> => {
    const { code, stdout } = await graphvm(["recording", "export", source, "--openlineage"], made);
    expect(code).toBe(0);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as LineageEvent);
  };

  test("R28: OpenLineage: START and COMPLETE of one run, inputs and outputs by digest, the same each time", async () => {
    const found = await events("base.gvr");
    expect(found.map(({ eventType }) => eventType)).toEqual(["START", "COMPLETE"]);
    expect(new Set(found.map(({ run }) => run.runId)).size).toBe(1);
    expect(found[1]!.inputs).toMatchObject([
      { namespace: "file", name: "n.txt", facets: { graphvm_digest: { bytes: 6 } } },
    ]);
    expect(found[1]!.outputs).toHaveLength(2);
    expect(found[0]!.outputs).toEqual([]);
    expect(await events("base.gvr")).toEqual(found);
  });

  test("R28: a run that failed ends with FAIL and says why", async () => {
    const text = `import { apply, namespace, rule } from "graphvm";
const ns = namespace("ns", { bad: rule(() => apply(() => { throw new RangeError("no luck"); })()) });
export async function main(session) { await session.calc(ns.bad()).catch(() => {}); return 1; }`;
    writeFileSync(join(made, "bad.ts"), text);
    await graphvm(["run", "bad.ts", "--record", "bad.gvr", "--force"], made);
    const [, end] = await events("bad.gvr");
    expect(end).toMatchObject({
      eventType: "FAIL",
      run: { facets: { errorMessage: { message: expect.stringContaining("no luck") } } },
    });
  });

  // The schema is OpenLineage's own: https://openlineage.io/spec/2-0-2/OpenLineage.json, in a file that the variable names.
  const schema = process.env.OPENLINEAGE_SCHEMA;
  test.skipIf(schema === undefined)("R28: the events validate against OpenLineage's schema", async () => {
    const ajv = new Ajv2020.default({ strict: false });
    addFormats.default(ajv);
    const validate = ajv.compile(JSON.parse(readFileSync(schema!, "utf8")) as object);
    const sources = [
      "base.gvr",
      "seed.gvr",
      "bad.gvr",
      ...["words-1.0", "taxi-1.1", "fraud-1.1"].map((name) => `${FIXTURES}${name}.gvr`),
    ];
    for (const source of sources) {
      for (const event of await events(source)) expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
    }
    const [first] = await events("base.gvr");
    expect(validate({ ...first, run: { runId: "no uuid" } })).toBe(false);
  });

  // What that schema asks of a run event, in our own words: checked everywhere.
  test("R28: every event has what OpenLineage 2-0-2 asks for", async () => {
    const uri = { type: "string", format: "uri" };
    const text = { type: "string", minLength: 1 };
    const facets = {
      type: "object",
      additionalProperties: {
        type: "object",
        required: ["_producer", "_schemaURL"],
        properties: { _producer: uri, _schemaURL: uri },
      },
    };
    const dataset = {
      type: "object",
      required: ["namespace", "name"],
      properties: { namespace: text, name: text, facets },
    };
    const ajv = new Ajv2020.default({ strict: false });
    addFormats.default(ajv);
    const validate = ajv.compile({
      type: "object",
      required: ["eventType", "eventTime", "producer", "schemaURL", "run", "job"],
      properties: {
        eventType: { enum: ["START", "COMPLETE", "FAIL"] },
        eventTime: { type: "string", format: "date-time" },
        producer: uri,
        schemaURL: uri,
        run: { type: "object", required: ["runId"], properties: { runId: { type: "string", format: "uuid" }, facets } },
        job: dataset,
        inputs: { type: "array", items: dataset },
        outputs: { type: "array", items: dataset },
      },
    });
    for (const source of ["base.gvr", "bad.gvr", `${FIXTURES}words-1.0.gvr`]) {
      for (const event of await events(source)) expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  test("R29: an HTML page holds all it shows, says what a replay found, and loads and runs nothing", async () => {
    const replayed = await graphvm(["replay", "base.gvr", "--yes", "--json"], made);
    writeFileSync(join(made, "verdict.json"), replayed.stdout);
    const page = [
      "recording",
      "export",
      "base.gvr",
      "--html",
      "--replay",
      "verdict.json",
      "-o",
      "page.html",
      "--force",
    ];
    expect(await graphvm(page, made)).toMatchObject({ code: 0, stderr: "" });
    const html = readFileSync(join(made, "page.html"), "utf8");
    expect(html).toContain("<b>Equal.</b> 2 of 2 digests equal");
    for (const text of ["<svg", "ns.scaled", "n.txt", "run</td><td>base", "@media print"]) expect(html).toContain(text);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\bon\w+=/i);
    const urls = [...html.matchAll(/https?:\/\/[^"'<\s]+/g)].map(([url]) => url);
    expect(new Set(urls)).toEqual(new Set(["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"]));
    const bare = await graphvm(["recording", "export", "base.gvr", "--html"], made);
    expect(bare.stdout).toContain("<b>Not replayed.</b>");
  });

  test("R29: what a recording holds is text in the page, never markup", async () => {
    const label = `<img src=x onerror="alert(1)">&`;
    await graphvm(
      ["run", "m.ts", "--record", "evil.gvr", "--force", "--author", label, "--label", `<b>=${label}`],
      made,
    );
    const { stdout } = await graphvm(["recording", "export", "evil.gvr", "--html"], made);
    expect(stdout).not.toMatch(/<img|<b>=/);
    expect(stdout).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;");
  });

  test("what does not fit is refused, and nothing is overwritten", async () => {
    writeFileSync(join(made, "kept.html"), "mine");
    const run = (...flags: string[]) => graphvm(["recording", "export", ...flags], made);
    expect(await run("base.gvr")).toMatchObject({ code: 2 });
    expect(await run("base.gvr", "--html", "--openlineage")).toMatchObject({ code: 2 });
    expect(await run("base.gvr", "--html", "-o", "kept.html")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^GVM4102/),
    });
    expect(readFileSync(join(made, "kept.html"), "utf8")).toBe("mine");
    writeFileSync(join(made, "other.json"), JSON.stringify({ verdict: "equal", head: "0" }));
    expect(await run("base.gvr", "--html", "--replay", "other.json")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("another recording"),
    });
    expect(await run("base.gvr", "--html", "--replay", "kept.html")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no report"),
    });
  });
});
