import { existsSync, mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixture, graphvm, graphvmJson, Running, startMaster, testFolder } from "./helpers.js";

const WORDS = fixture("words.ts");
const BAD = fixture("bad-rules.ts");

/** A job that waits until the file `go` is there. */
const SLOW = `import { existsSync, writeFileSync } from "node:fs";
import { apply, namespace, rule } from "graphvm";
async function slow(folder) {
  writeFileSync(folder + "/started", "");
  while (!existsSync(folder + "/go")) await new Promise((done) => setTimeout(done, 10));
  return "it went";
}
const waits = namespace("waits", { slow: rule((folder: string) => apply(slow, folder)()) });
export const main = (session) => session.calc(waits.slow(process.cwd()));
`;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 20));
}

describe("start-master, start-worker, status and stop", () => {
  test("threads and workers elsewhere compute together; stop ends all of them in order", async () => {
    const { path, leftovers } = testFolder();
    const master = await startMaster(path, ["--workers", "1"]);
    const worker = new Running(["start-worker", "--master", master.url], path);
    await worker.says("graphvm worker w2");
    const { json } = await graphvmJson(["run", `${WORDS}#counted`, "--master", master.url], path);
    expect(json.jobs).toBe(7);
    const status = await graphvmJson(["status", "--master", master.url], path);
    expect(status.json).toMatchObject({
      url: master.url,
      workers: [{ kind: "thread" }, { kind: "websocket" }],
      jobs: { done: 7, failed: 0 },
      programs: [{ name: "words" }],
    });
    const text = await graphvm(["status", "--master", master.url], path);
    expect(text.stdout).toMatch(/jobs +7 of 7 done[\s\S]*w2 +websocket/);
    expect((await graphvmJson(["stop", "--master", master.url], path)).json).toEqual({ stopped: master.url });
    expect(await master.ended).toMatchObject({ code: 0 });
    expect(await worker.ended).toMatchObject({ code: 0, stderr: `the master at ${master.url} ended\n` });
    expect(leftovers()).toEqual([]);
  });

  test("start-master says how to connect", async () => {
    const { path } = testFolder();
    const master = new Running(["start-master", "--port", "0", "--workers", "0"], path);
    await master.says("Ctrl-C");
    expect(master.stdout).toMatch(/graphvm start-worker --master ws:\/\/127\.0\.0\.1:\d+/);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends what was started with %i and leaves nothing behind", async (signal, code) => {
    const { path, leftovers } = testFolder();
    const master = await startMaster(path, ["--workers", "2"]);
    const worker = new Running(["start-worker", "--master", master.url], path);
    await worker.says("graphvm worker");
    await graphvm(["run", WORDS, "--master", master.url], path);
    master.child.kill(signal);
    expect(await master.ended).toMatchObject({ code, stderr: "" });
    expect((await worker.ended).code).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  test("a worker ends with 130 on Ctrl-C, and with 1 where the master is gone", async () => {
    const { path } = testFolder();
    const master = await startMaster(path, ["--workers", "0"]);
    const start = ["start-worker", "--master", master.url, "--reconnect-seconds", "1"];
    const [one, two] = [1, 2].map(() => new Running(start, path));
    await Promise.all([one!.says("graphvm worker"), two!.says("graphvm worker")]);
    one!.child.kill("SIGINT");
    expect((await one!.ended).code).toBe(130);
    master.child.kill("SIGKILL");
    expect(await two!.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^GVM3201: .*master.*\n$/) });
  });

  test("SIGTERM lets a worker's job end, or --drain-seconds go by; then it ends with 143 and no job is blamed", async () => {
    const { path, leftovers } = testFolder();
    writeFileSync(join(path, "slow.ts"), SLOW);
    const master = await startMaster(path, ["--workers", "0", "--log-level", "info"]);
    const worker = async (...args: string[]) => {
      const running = new Running(["start-worker", "--master", master.url, ...args], path);
      await running.says("graphvm worker");
      return running;
    };
    const short = await worker("--drain-seconds", "0");
    const run = graphvm(["run", "slow.ts#main", "--master", master.url], path);
    await until(() => existsSync(join(path, "started")));
    unlinkSync(join(path, "started"));
    const long = await worker();
    short.child.kill("SIGTERM");
    expect(await short.ended).toMatchObject({ code: 143, stderr: "" });
    await until(() => existsSync(join(path, "started")));
    long.child.kill("SIGTERM");
    const draining = async (): Promise<boolean> =>
      (await graphvm(["status", "--master", master.url], path)).stdout.includes("draining");
    while (!(await draining()));
    const stays = await worker();
    writeFileSync(join(path, "go"), "");
    expect(await long.ended).toMatchObject({ code: 143, stderr: "" });
    expect(await run).toMatchObject({ code: 0, stdout: "it went\n" });
    const { stdout } = await graphvm(["explain", "waits.slow", "--master", master.url], path);
    expect(stdout).toContain("w1 left before its end");
    expect(stdout).toContain("w2 leaves: copied to w3");
    expect(stdout).not.toContain("died");
    await graphvm(["stop", "--master", master.url], path);
    expect((await stays.ended).code).toBe(0);
    expect((await master.ended).stderr).not.toContain('"level":"warn"');
    expect(leftovers()).toEqual([]);
  });

  test("Ctrl-C in the middle of a job ends run, replay's kin and the demo, and leaves nothing behind", async () => {
    const { path, leftovers } = testFolder();
    const run = new Running(["run", `${BAD}#endless`, "--workers", "2"], path);
    const demo = new Running(["demo", "fraud", "--rows", "300000", "--workers", "1", "--record", "d.gvr"], path);
    await demo.says("distribute");
    run.child.kill("SIGINT");
    demo.child.kill("SIGTERM");
    expect(await run.ended).toMatchObject({ code: 130, stdout: "", stderr: "" });
    expect((await demo.ended).code).toBe(143);
    expect(leftovers()).toEqual([]);
  });

  test("a token from a file is asked of clients; beyond loopback it must be there", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "token"), "secret-token\n", { mode: 0o600 });
    const master = await startMaster(path, ["--token-file", "token"]);
    const status = ["status", "--master", master.url];
    expect((await graphvm(status, path)).stderr).toMatch(/^GVM3203: .*token/);
    expect((await graphvm([...status, "--token-file", "token"], path)).code).toBe(0);
    expect((await graphvm(status, path, { env: { GRAPHVM_TOKEN: "secret-token" } })).code).toBe(0);
    expect(await graphvm(["start-master", "--host", "0.0.0.0", "--port", "0"], path)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^GVM3206: /),
    });
    expect((await graphvm([...status, "--token-file", "nowhere"], path)).stderr).toMatch(/^GVM6005: .*nowhere/);
  });

  test("--journal keeps the journal", async () => {
    const { path } = testFolder();
    mkdirSync(join(path, "kept"));
    const master = await startMaster(path, ["--journal", "kept"]);
    await graphvm(["stop", "--master", master.url], path);
    await master.ended;
    expect(existsSync(join(path, "kept/journal.ndjson"))).toBe(true);
  });

  test("--resume goes on with a session whose master was killed, also for a command that waits", async () => {
    const { path } = testFolder();
    writeFileSync(join(path, "slow.ts"), SLOW);
    const master = await startMaster(path, ["--journal", "kept"]);
    const waiting = graphvm(["run", "slow.ts#main", "--master", master.url], path);
    await until(() => existsSync(join(path, "started")));
    master.child.kill("SIGKILL");
    await master.ended;
    const refused = await graphvm(["start-master", "--port", "0", "--journal", "kept"], path);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^GVM3512: .*--resume kept/) });
    const { port } = new URL(master.url);
    const again = await startMaster(path, ["--port", port, "--resume", "kept"]);
    writeFileSync(join(path, "go"), "");
    expect(await waiting).toMatchObject({ code: 0, stdout: "it went\n" });
    await graphvm(["stop", "--master", again.url], path);
    await again.ended;
  });

  test("a port in use", async () => {
    const { path, leftovers } = testFolder();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const { code, json } = await graphvmJson(["start-master", "--port", String(port)], path);
    taken.close();
    expect(code).toBe(1);
    expect(json.error).toMatchObject({ code: "GVM3205", message: expect.stringContaining(`Port ${port}`) });
    expect(leftovers()).toEqual([]);
  });
});

describe("repl", () => {
  test("has a session, the DSL and top-level await", async () => {
    const { path, leftovers } = testFolder();
    const input = [
      `const m = await session.load(${JSON.stringify(WORDS)});`,
      "(await session.calc(m.main)).length",
      "typeof namespace + typeof mr.mapReduce",
      "const { ds } = await tables(); typeof ds.csvSource",
      "",
    ].join("\n");
    const ended = await graphvm(["repl", "--workers", "1"], path, { input });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("\n2\n");
    expect(ended.stdout).toContain("'functionfunction'");
    expect(ended.stderr).toMatch(/graphvm session at ws:.* with 1 worker/);
    expect(leftovers()).toEqual([]);
  });

  test(".help tells what there is; --json leaves stdout to one object", async () => {
    const { path } = testFolder();
    const help = await graphvm(["repl"], path, { input: ".help\n" });
    expect(help.stdout).toContain('await session.load("pipeline.ts")');
    const { json } = await graphvmJson(["repl"], path);
    expect(json).toMatchObject({ url: expect.stringMatching(/^ws:/) });
  });
});
