import childProcess, { execFileSync } from "node:child_process";
import nodeCrypto, { randomBytes, randomFillSync, randomInt, randomUUID } from "node:crypto";
import fs, { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import http, { createServer } from "node:http";
import { createRequire } from "node:module";
import net, { type AddressInfo } from "node:net";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createGraph, FileValue, type ReadKind, type Ref } from "@graphvm/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, rejection, rule } from "./helpers.js";

let folder: string;
let secret: string;
let server: http.Server;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "graphvm-undeclared-"));
  secret = join(folder, "secret.txt");
  writeFileSync(secret, "of the machine");
  server = createServer((_request, response) => response.end("served"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const atom = (fn: () => unknown): Ref => rule("atom", () => call(fn))();

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = "";
  for await (const part of stream) all += String(part);
  return all;
}

/** Each way to read something, what it is seen as, and its form with a named import where it has one. */
const READS: readonly (readonly [way: string, kind: ReadKind, what: () => string, read: () => unknown])[] = [
  ["a named import", "file", () => secret, () => readFileSync(secret, "utf8")],
  ["fs itself", "file", () => secret, () => fs.readFileSync(secret, "utf8")],
  ["a URL", "file", () => secret, () => readFileSync(pathToFileURL(secret), "utf8")],
  ["a buffer", "file", () => secret, () => readFileSync(Buffer.from(secret), "utf8")],
  ["open", "file", () => secret, () => fs.closeSync(fs.openSync(secret, "r")) ?? "read"],
  ["a promise", "file", () => secret, async () => readFile(secret, "utf8")],
  [
    "a promise after a wait",
    "file",
    () => secret,
    () => Promise.resolve().then(() => fs.promises.readFile(secret, "utf8")),
  ],
  ["a stream", "file", () => secret, async () => text(createReadStream(secret, "utf8"))],
  ["a file handle", "file", () => secret, async () => (await fs.promises.open(secret)).close().then(() => "read")],
  ["a folder's list", "file", () => folder, () => fs.readdirSync(folder)],
  ["a look", "file", () => secret, () => fs.existsSync(secret)],
  [
    "fetch",
    "network",
    () => `127.0.0.1:${port}`,
    async () => (await fetch(`http://127.0.0.1:${port}/?token=t`)).text(),
  ],
  ["a request", "network", () => `127.0.0.1:${port}`, async () => get(`http://127.0.0.1:${port}/?token=t`)],
  ["a socket", "network", () => `127.0.0.1:${port}`, async () => connect()],
  ["a variable", "environment", () => "GRAPHVM_UNDECLARED", () => process.env.GRAPHVM_UNDECLARED ?? "none"],
  ["the host's name", "environment", () => "os.hostname", () => os.hostname()],
  ["a program", "process", () => "echo", () => execFileSync("echo", ["secret"], { encoding: "utf8" })],
  ["a shell", "process", () => "echo", () => childProcess.execSync("echo secret", { encoding: "utf8" })],
  ["a clock", "clock", () => "process.hrtime.bigint", () => process.hrtime.bigint() > 0n],
];

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http.get(url, (response) => resolve(text(response))).on("error", reject);
  });
}

function connect(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.on("connect", () => socket.destroy()).on("close", () => resolve("closed"));
    socket.on("error", reject);
  });
}

describe("E29: what an atom reads without declaring it is found", () => {
  test.each(READS)("E29: through %s", async (_way, kind, what, read) => {
    const graph = createGraph();
    const value = await graph.calc(atom(read));
    expect(value).not.toBeNull();
    const found = graph.undeclaredReads();
    expect(found.flatMap(({ reads }) => reads)).toContainEqual({ kind, what: what() });
    expect(found).toHaveLength(1);
    expect(found[0]?.label).toBe("t.atom()");
    expect(JSON.stringify(found)).not.toMatch(/token|echo secret|of the machine/);
  });

  test.each(READS)(
    "E30: a strict session refuses it, whatever the atom makes of that: %s",
    async (_way, kind, what, read) => {
      const graph = createGraph({ undeclared: "refuse" });
      const error = await rejection(graph.calc(atom(read)));
      expect(error).toMatchObject({ code: "GVM1205", fields: { kind, what: what(), rule: "t.atom" } });
      const swallowed = atom(async () => {
        try {
          return await read();
        } catch {
          return "a default";
        }
      });
      expect(await rejection(graph.calc(swallowed))).toMatchObject({ code: "GVM1205" });
    },
  );

  test("E30: what was refused once is not held against a run that reads nothing", async () => {
    let reads = true;
    const graph = createGraph({ undeclared: "refuse" });
    const once = atom(() => (reads ? readFileSync(secret, "utf8") : "clean"));
    await rejection(graph.calc(once));
    reads = false;
    expect(await graph.calc(once)).toBe("clean");
  });
});

describe("E31: what an atom may read", () => {
  const strict = () => createGraph({ undeclared: "refuse" });

  test("E31: declared inputs, and only by the atom that was given them", async () => {
    const input = rule("input", (file: FileValue) => call((f: FileValue) => readFileSync(f.path, "utf8"), [file]));
    const graph = strict();
    expect(await graph.calc(input(new FileValue(secret)))).toBe("of the machine");
    expect(await rejection(graph.calc(atom(() => readFileSync(secret, "utf8"))))).toMatchObject({ code: "GVM1205" });
    expect(graph.undeclaredReads()).toHaveLength(1);
  });

  test("E31: what it wrote itself", async () => {
    const value = await strict().calc(
      atom(() => {
        const own = fs.mkdtempSync(join(tmpdir(), "graphvm-own-"));
        writeFileSync(join(own, "a"), "mine");
        const read = readFileSync(join(own, "a"), "utf8");
        rmSync(own, { recursive: true });
        return read;
      }),
    );
    expect(value).toBe("mine");
  });

  test("E31: code, the folder for temporary files, and what graphvm reads for it", async () => {
    const load = createRequire(import.meta.url);
    const graph = createGraph({ undeclared: "refuse", retain: { bytes: 4 * 1024 * 1024 } });
    const big = rule("big", (i: number) => call((n: number) => ({ list: new Float64Array(200_000).fill(n) }), [i]));
    const sum = rule("sum", () =>
      call(
        (...all: { list: Float64Array }[]) => all.reduce((total, { list }) => total + list[0]!, 0),
        [],
        Array.from({ length: 6 }, (_, i) => big(i) as never),
      ),
    );
    expect(await graph.calc(sum())).toBe(15); // some of the values were spilled and read back
    expect(
      await graph.calc(atom(() => typeof load("node:zlib").gzipSync + os.tmpdir().length.toString().length)),
    ).toMatch("function");
    expect(graph.undeclaredReads()).toEqual([]);
  });

  test("E31: what the console looks at before it prints", () => {
    // a process of its own: a test's console is not Node's
    const engine = new URL("../dist/index.js", import.meta.url).href;
    const script = `
      import { createGraph, Ref } from ${JSON.stringify(engine)};
      const graph = createGraph();
      const fn = () => console.log({ a: 1 }) ?? console.error("b") ?? console.table([1]) ?? 7;
      const expand = () => ({ kind: "apply", fn, params: [], deps: [] });
      await graph.calc(new Ref({ ns: "t", name: "print", expand }, []));
      process.stdout.write(JSON.stringify(graph.undeclaredReads()));`;
    const args = ["--input-type=module", "-e", script];
    const said = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    expect(said.trim().split("\n").at(-1)).toMatch(/\[\]$/);
  });

  test("E31: outside atoms nothing is looked at", async () => {
    const graph = createGraph({ undeclared: "refuse" });
    await graph.calc(atom(() => 1));
    expect(readFileSync(secret, "utf8")).toBe("of the machine");
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("served");
    expect(Object.keys(process.env).length).toBeGreaterThan(0);
    process.env.GRAPHVM_SET = "1";
    expect(execFileSync(process.execPath, ["-p", "process.env.GRAPHVM_SET"], { encoding: "utf8" }).trim()).toBe("1");
    delete process.env.GRAPHVM_SET;
    expect("GRAPHVM_SET" in process.env).toBe(false);
    expect(graph.undeclaredReads()).toEqual([]);
  });

  test("E31: a loop over paths fills no memory", async () => {
    const graph = createGraph();
    await graph.calc(atom(() => Array.from({ length: 5000 }, (_, i) => fs.existsSync(join(folder, String(i)))).length));
    expect(graph.undeclaredReads()[0]?.reads).toHaveLength(1000);
  });
});

describe("E11: node:crypto's random functions are seeded like the global ones", () => {
  const drawn = () => ({
    uuid: randomUUID(),
    bytes: randomBytes(20).toString("hex"),
    filled: [...randomFillSync(new Uint16Array(4), 1, 2)],
    number: [randomInt(10), randomInt(5, 500), nodeCrypto.randomInt(1_000_000)],
    values: [...nodeCrypto.getRandomValues(new Uint8Array(3))],
  });

  test("E11: equal in every run, other numbers outside, nothing to report", async () => {
    const graph = createGraph({ seed: 3, undeclared: "refuse" });
    const first = await graph.calc(atom(drawn));
    expect(await createGraph({ seed: 3 }).calc(atom(drawn))).toEqual(first);
    expect(await createGraph({ seed: 4 }).calc(atom(drawn))).not.toEqual(first);
    expect(drawn()).not.toEqual(drawn());
    expect((first as ReturnType<typeof drawn>).filled[0]).toBe(0);
    expect((first as ReturnType<typeof drawn>).uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/);
  });
});
