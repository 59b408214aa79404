import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fixture, graphvm, graphvmJson, Running, startMaster, testFolder } from "./helpers.js";

const WORDS = fixture("words.ts");
const BAD = fixture("bad-rules.ts");

test("status --watch --json is a line of JSON each second, and fills no journal; it ends with its master", async () => {
  const { path } = testFolder();
  const master = await startMaster(path);
  await graphvm(["run", WORDS, "--master", master.url], path);
  const watch = new Running(["status", "--watch", "--json", "--master", master.url], path);
  await watch.says(/\n.*\n/);
  const [first, second] = watch.stdout.split("\n").map((line) => line && JSON.parse(line));
  expect(first).toMatchObject({ url: master.url, clients: 1, jobs: { failed: 0 } });
  expect(second.uptime).toBeGreaterThan(first.uptime);
  await graphvm(["stop", "--master", master.url], path);
  expect(await watch.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^GVM3201: /) });
});

test("status --watch without a terminal prints one text after the other and ends with 130 on Ctrl-C", async () => {
  const { path } = testFolder();
  const master = await startMaster(path);
  const watch = new Running(["status", "--watch", "--master", master.url], path);
  await watch.says(/up \d+ s[\s\S]*up \d+ s/);
  watch.child.kill("SIGINT");
  const { code, stdout, stderr } = await watch.ended;
  expect([code, stderr]).toEqual([130, ""]);
  expect(stdout).not.toContain("\u001b");
});

test("C86: SIGTERM gives a running job --drain-seconds; a second one does not wait", async () => {
  const { path, leftovers } = testFolder();
  const master = await startMaster(path, ["--drain-seconds", "600"]);
  const run = new Running(["run", `${BAD}#endless`, "--master", master.url], path);
  const running = async () => {
    const { json } = await graphvmJson(["status", "--master", master.url], path);
    return (json.jobs as { running: number }).running === 1;
  };
  while (!(await running()));
  master.child.kill("SIGTERM");
  const again = await graphvmJson(["run", WORDS, "--master", master.url], path);
  expect(again.json.error).toMatchObject({ code: "GVM3504" });
  expect(master.child.exitCode).toBeNull();
  master.child.kill("SIGTERM");
  expect((await master.ended).code).toBe(143);
  expect((await run.ended).code).toBe(1);
  expect(leftovers).toBeDefined();
});

test("C86: where the time to drain is over the master ends in order", async () => {
  const { path, leftovers } = testFolder();
  const master = await startMaster(path, ["--drain-seconds", "0.1"]);
  const run = new Running(["run", `${BAD}#endless`, "--master", master.url], path);
  const running = async () => {
    const { json } = await graphvmJson(["status", "--master", master.url], path);
    return (json.jobs as { running: number }).running === 1;
  };
  while (!(await running()));
  master.child.kill("SIGTERM");
  expect(await master.ended).toMatchObject({ code: 143, stderr: "" });
  expect((await run.ended).code).toBe(1);
  expect(leftovers()).toEqual([]);
});

test("C85: start-master --idle-seconds ends by itself with 0 and says so in its log", async () => {
  const { path, leftovers } = testFolder();
  const flags = ["--idle-seconds", "0.2", "--log-level", "info", "--log-file", join(path, "master.log")];
  const master = await startMaster(path, flags);
  expect(await master.ended).toMatchObject({ code: 0, stderr: "" });
  const log = readFileSync(join(path, "master.log"), "utf8").trim().split("\n");
  const events = log.map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events.slice(0, 2)).toEqual(["workerJoined", "started"]);
  expect(events.slice(-2)).toEqual(["workerLeft", "stopped"]);
  expect(log.find((line) => line.includes('"ending"'))).toContain("nobody was connected");
  expect(leftovers()).toEqual([]);
});

test("C83: --log-level puts JSON lines on stderr; a log file that can't be written is a bad argument", async () => {
  const { path } = testFolder();
  const master = await startMaster(path, ["--log-level", "info"]);
  await graphvm(["stop", "--master", master.url], path);
  const { stderr } = await master.ended;
  for (const line of stderr.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
  expect(stderr).toContain('"event":"started"');
  const bad = await graphvmJson(["start-master", "--port", "0", "--log-file", "no/such/folder/x.log"], path);
  expect([bad.code, bad.json.error?.code]).toEqual([2, "GVM6005"]);
  expect((await graphvm(["start-master", "--log-level", "loud"], path)).code).toBe(2);
});

test("C87: a module prints once, a job's lines stand after its worker's name", async () => {
  const { path } = testFolder();
  const module = fixture("prints.ts");
  const ended = await graphvm(["run", module, "--workers", "2"], path);
  expect(ended.stdout).toMatch(/^at module level\n\[w\d\] atom 7, one line\n7\n$/);
  expect(ended.stderr).toMatch(/^\[w\d\] error of 7\n$/);
  const { json, stderr } = await graphvmJson(["run", module, "--workers", "1"], path);
  expect(json.value).toBe(7);
  expect(stderr.split("\n").sort()).toEqual(["", "[w1] atom 7, one line", "[w1] error of 7", "at module level"]);
});

test("C87: elsewhere what a module prints is a debug line of master and worker", async () => {
  const { path } = testFolder();
  const file = join(path, "master.log");
  const master = await startMaster(path, ["--log-level", "debug", "--log-file", file]);
  const worker = new Running(["start-worker", "--master", master.url, "--log-level", "debug"], path);
  await worker.says("graphvm worker w2");
  const ended = await graphvm(["run", fixture("prints.ts"), "--master", master.url], path);
  expect(ended.stdout).toBe("at module level\n7\n");
  await graphvm(["stop", "--master", master.url], path);
  const all = [await master.ended, await worker.ended].map(({ stdout, stderr }) => stdout + stderr).join("");
  expect(all.match(/\[w\d\] atom 7, one line\n/g)).toHaveLength(1);
  expect(all).toContain('"msg":"w2: at module level"');
  const log = readFileSync(file, "utf8");
  expect(log).toContain('"msg":"planner: at module level"');
  expect(log).toContain('"msg":"w1: at module level"');
  expect(log).toContain("the master is ending: a client ended it");
});
