import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import {
  headerHash,
  openRecording,
  packRecording,
  readStoredZip,
  rechain,
  sha256Hex,
  writeStoredZip,
} from "../../cluster/dist/recording/index.js";
import { startS3 } from "../../cluster/test/recording/s3-server.js";
import { afterFile, graphvm, testFolder } from "./helpers.js";

const FIXTURE = fileURLToPath(new URL("../../cluster/test/fixtures/recordings/taxi-1.1.gvr", import.meta.url));
const finished = afterFile();
let good: Buffer;

beforeAll(async () => {
  // a recording whose code says that it ran
  const { path } = testFolder(finished);
  const module = `import { writeFileSync } from "node:fs";
import { apply, file, namespace, rule } from "graphvm";
writeFileSync("ran", "");
const ns = namespace("ns", { one: rule(() => apply((f) => f.path.length > 0, file("data.txt"))()) });
export const main = ns.one();`;
  writeFileSync(join(path, "m.ts"), module);
  writeFileSync(join(path, "data.txt"), "x".repeat(3000));
  const { code } = await graphvm(["run", "m.ts", "--record", "m.gvr", "--capture", "inputs"], path, { finished });
  expect(code).toBe(0);
  good = readFileSync(join(path, "m.gvr"));
});

/** The entries of the good recording, to be changed. */
function entries(): Map<string, Uint8Array> {
  return new Map(readStoredZip(good));
}

function changed(change: (all: Map<string, Uint8Array>) => void): Uint8Array {
  const all = entries();
  change(all);
  return writeStoredZip(all);
}

function blobOf(all: Map<string, Uint8Array>): string {
  return [...all.keys()].find((name) => name.endsWith(".gz"))!;
}

/** A name in both of a zip's headers, replaced by one of the same length. */
function renamed(from: string, to: string): Uint8Array {
  const bytes = Buffer.from(changed((all) => all.set(from, Buffer.from("x"))));
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, "latin1");
  return bytes;
}

const otherMajor = (): Uint8Array =>
  changed((all) => {
    const header = Buffer.from(all.get("header.json")!).toString().replace('"major": 1', '"major": 2');
    all.set("header.json", Buffer.from(header));
  });

/** One whose program is this text, all hashes right. */
function withCode(text: string): Uint8Array {
  const { header, lines } = openRecording(good);
  const code = Buffer.from(text);
  const blob = sha256Hex(code);
  const calls = lines.map(({ seq: _seq, prev: _prev, hash: _hash, ...call }) =>
    call.method === "load" ? { ...call, params: { program: { name: "m", hash: blob, code: { $blob: blob } } } } : call,
  );
  const { capture: _capture, ...rest } = header;
  const other = { ...rest, inputs: [], programs: [{ name: "m", hash: blob, blob }] };
  return packRecording({ header: other, lines: rechain(calls, headerHash(other)), blobs: new Map([[blob, code]]) });
}

/** One that loads its code under the name of a module that comes with graphvm. */
const foreignProgram = (): Uint8Array => {
  const { header, lines } = openRecording(good);
  const code = Buffer.from("export const fine = 1;");
  const blob = sha256Hex(code);
  // the call names a hash that is not that of its text
  const calls = lines.map(({ seq: _seq, prev: _prev, hash: _hash, ...call }) =>
    call.method === "load"
      ? { ...call, params: { program: { name: "m", hash: "0".repeat(64), code: { $blob: blob } } } }
      : call,
  );
  const { capture: _capture, ...rest } = header;
  const other = { ...rest, inputs: [], programs: [{ name: "m", hash: blob, blob }] };
  return packRecording({ header: other, lines: rechain(calls, headerHash(other)), blobs: new Map([[blob, code]]) });
};

const BAD: [name: string, bytes: () => Uint8Array, code: RegExp][] = [
  ["not a recording", () => Buffer.from("hello, this is no recording"), /^GVM4022: /],
  ["an empty file", () => Buffer.alloc(0), /^GVM4022: /],
  ["half a recording", () => good.subarray(0, good.length >> 1), /^GVM4022: .*cut short/],
  ["a recording without its end", () => good.subarray(0, good.length - 1), /^GVM4022: /],
  ["one with more behind it", () => Buffer.concat([good, Buffer.alloc(9)]), /^GVM4022: /],
  ["blobs missing", () => changed((all) => all.delete(blobOf(all))), /^GVM4032: /],
  ["no journal", () => changed((all) => all.delete("journal.ndjson")), /^GVM4023: .*journal/],
  ["another major version", otherMajor, /^GVM4030: .*version 2/],
  ["a path that escapes", () => renamed("blobs/zz/zz/zz/x", "blobs/../../../x"), /^GVM40(21|22): /],
  ["an absolute path", () => renamed("aetc/passwd", "/etc/passwd"), /^GVM40(21|22): /],
  [
    "a zip bomb",
    () =>
      changed((all) => {
        // claims to unpack to 4 GB
        const packed = Uint8Array.from(all.get(blobOf(all))!);
        new DataView(packed.buffer).setUint32(packed.length - 4, 0xffff_fff0, true);
        all.set(blobOf(all), packed);
      }),
    /^GVM4035: .*refused unread/,
  ],
];

describe("bad recordings: one sentence, exit 2, nothing run, nothing written", () => {
  test.each(BAD)("%s", async (name, bytes, sentence) => {
    const { path, leftovers } = testFolder();
    writeFileSync(join(path, "bad.gvr"), bytes());
    writeFileSync(join(path, "kept"), "mine");
    const commands = [
      ["replay", "bad.gvr", "--yes"],
      ["recording", "show", "bad.gvr"],
      ["recording", "verify", "bad.gvr"],
      ["recording", "diff", "bad.gvr", FIXTURE],
      ["recording", "export", "bad.gvr", "--html", "-o", "kept", "--force"],
      ["recording", "sign", "bad.gvr", "--key", "kept", "-o", "kept", "--force"],
    ];
    // one of the others beside replay: starting them takes its time
    const at = BAD.findIndex(([each]) => each === name);
    for (const command of [commands[0]!, commands[1 + (at % (commands.length - 1))]!]) {
      const ended = await graphvm(command, path);
      expect(ended, command.join(" ")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(sentence) });
      expect(ended.stderr.trimEnd()).not.toContain("\n");
    }
    expect(readFileSync(join(path, "kept"), "utf8")).toBe("mine");
    expect(readdirSync(path).sort()).toEqual(["bad.gvr", "kept", "temp"]);
    expect(leftovers()).toEqual([]);
  });

  test("a program whose text is not what its call names is not evaluated", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "bad.gvr"), foreignProgram());
    const ended = await graphvm(["replay", "bad.gvr", "--yes"], path);
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^GVM4039: /) });
    expect(existsSync(join(path, "ran"))).toBe(false);
  });

  test("R34: modules that are part of neither the recording nor graphvm nor Node are not loaded", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "evil.mjs"), `import { writeFileSync } from "node:fs";\nwriteFileSync("ran", "");\n`);
    const here = pathToFileURL(join(path, "evil.mjs")).href;
    const asks = [
      `import ${JSON.stringify(here)};`,
      `import ${JSON.stringify(join(path, "evil.mjs"))};`,
      `export * from "data:text/javascript,process.exit(0)";`,
      `import x from "some-package-of-this-machine";`,
      `import { namespace } from "graphvm";\nimport "https://example.org/x.mjs";`,
    ];
    for (const [i, code] of asks.entries()) {
      writeFileSync(join(path, `bad-${i}.gvr`), withCode(code));
      const ended = await graphvm(["replay", `bad-${i}.gvr`, "--yes"], path);
      const one = {
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(/^GVM4040: .*program m asks for the module ".*\n$/),
      };
      expect(ended, code).toMatchObject(one);
    }
    expect(existsSync(join(path, "ran"))).toBe(false);
  });

  test("captured bytes that are not the input's are found before anything runs", async () => {
    const { path } = testFolder();
    const { header, lines, blobs } = openRecording(good);
    const [input] = header.inputs;
    const other = Buffer.alloc(input!.size, "y");
    const forged = { ...header, inputs: [{ ...input!, parts: [sha256Hex(other)] }] };
    const calls = lines.map(({ seq: _seq, prev: _prev, hash: _hash, ...call }) => call);
    const kept = blobs.names.filter((name) => name !== input!.sha256).map((name) => [name, blobs.get(name)] as const);
    const parts = {
      header: forged,
      lines: rechain(calls, headerHash(forged)),
      blobs: new Map([...kept, [sha256Hex(other), other]]),
    };
    writeFileSync(join(path, "bad.gvr"), packRecording(parts));
    const ended = await graphvm(["replay", "bad.gvr", "--yes"], path);
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^GVM4034: .*data\.txt/) });
    expect(existsSync(join(path, "ran"))).toBe(false);
  });

  test.skipIf(process.getuid?.() === 0)("a file without permission", async () => {
    const { path } = testFolder();
    copyFileSync(FIXTURE, join(path, "x.gvr"));
    chmodSync(join(path, "x.gvr"), 0);
    expect(await graphvm(["recording", "show", "x.gvr"], path)).toMatchObject({ code: 2, stdout: "" });
  });

  test("the good one runs", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "good.gvr"), good);
    expect(await graphvm(["replay", "good.gvr", "--yes"], path)).toMatchObject({ code: 0 });
    expect(existsSync(join(path, "ran"))).toBe(true);
  });
});

describe("bad stores", () => {
  const environment = (url: string): Record<string, string> => ({
    ...{ AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_REGION: "us-east-1" },
    NODE_NO_WARNINGS: "1",
  });
  const run = ["run", "m.ts", "--record", "s3://audit/m.gvr"];
  const module = `import { apply, namespace, rule } from "graphvm";
const ns = namespace("ns", { one: rule(() => apply(() => 1)()) });
export const main = ns.one();`;

  test("S3 without permission: said before anything is run", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "m.ts"), module);
    await using server = await startS3("audit");
    server.faults.refuse = { status: 403, code: "AccessDenied" };
    const env = environment(server.url);
    expect(await graphvm(run, path, { env })).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^GVM4104: /),
    });
    for (const command of [
      ["replay", "s3://audit/x.gvr", "--yes"],
      ["recording", "ls", "s3://audit/x"],
    ]) {
      expect(await graphvm(command, path, { env })).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(/^GVM4104: /),
      });
    }
  });

  test("a bucket that vanishes while it is written to: an error, and no half recording", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "m.ts"), module);
    await using server = await startS3("audit");
    server.faults.beforeStore = () => server.buckets.delete("audit");
    const ended = await graphvm(run, path, { env: environment(server.url) });
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^GVM4103: /) });
    expect(server.buckets.size).toBe(0);
  });
});
