import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Packr } from "msgpackr";
import { beforeAll, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  afterFile,
  fixture,
  graphvm,
  graphvmJson,
  Running,
  startMaster,
  type TestFolder,
  testFolder,
} from "./helpers.js";

const BAD = fixture("bad-rules.ts");
const TABLES = fixture("tables.ts");
const packr = new Packr({ useRecords: false, moreTypes: true, int64AsType: "number" });

const finished = afterFile();
let folder: TestFolder;
let master: Running & { readonly url: string };

beforeAll(async () => {
  folder = testFolder(finished);
  writeFileSync(join(folder.path, "broken.ts"), "export const main = ;\n");
  writeFileSync(join(folder.path, "imports.ts"), 'import "./nowhere.js";\n');
  writeFileSync(join(folder.path, "throws.ts"), 'throw new Error("not today");\n');
  writeFileSync(join(folder.path, "data.csv"), "a,b\n1,x\n2,y\n");
  master = await startMaster(folder.path, ["--workers", "2", "--planner-seconds", "5"], { finished });
});

/** One sentence with a code, no stack, and the master goes on. */
async function refused(args: readonly string[], code: string, exitCode: number, sentence: RegExp): Promise<void> {
  const ended = await graphvmJson([...args, "--master", master.url], folder.path);
  expect(ended.json.error).toMatchObject({ code, message: expect.stringMatching(sentence) });
  expect(ended.code).toBe(exitCode);
  expect(ended.stderr).toMatch(new RegExp(`^${code}: .*\n$`));
  // a thread that a job took down is being replaced: it joins in its own time
  await expect
    .poll(async () => (await graphvmJson(["status", "--master", master.url], folder.path)).json.workers, {
      timeout: 20_000,
    })
    .toHaveLength(2);
}

describe("bad input gives one sentence with a code, and the master stays up", () => {
  test.each([
    ["an unknown file", ["run", "nowhere.ts"], "GVM3102", 2, /nowhere\.ts/],
    ["a module that does not compile", ["run", "broken.ts"], "GVM3101", 2, /broken\.ts:1:\d+/],
    ["an import of nothing", ["run", "imports.ts"], "GVM3101", 2, /nowhere\.js/],
    ["a module that throws", ["run", "throws.ts"], "GVM3103", 1, /not today/],
    ["an unknown export", ["run", `${BAD}#nowhere`], "GVM6002", 2, /it exports .*forever/],
    ["an export that can't run", ["run", `${fixture("words.ts")}#number`], "GVM6003", 2, /neither a ref/],
    ["a rule that does not match", ["run", `${BAD}#unmatched`], "GVM2001", 1, /bad\.small/],
    ["a function that captures a variable", ["run", `${BAD}#captures`], "GVM1005", 1, /"secret"/],
    ["a rule that never ends", ["run", `${BAD}#forever`], "GVM3301", 1, /more than 5 seconds.*bad\.forever/],
    ["a job that takes its worker down", ["run", `${BAD}#exits`], "GVM3401", 1, /bad\.exits/],
  ] as const)("%s", async (_name, args, code, exitCode, sentence) => {
    await refused([...args], code, exitCode, sentence);
  });

  test("a CSV with a missing column", async () => {
    await refused(["run", `${TABLES}#column`], "GVM5009", 2, /no column "missing".*has a, b/);
  });

  test("a CSV with a text in a number column", async () => {
    await refused(["run", `${TABLES}#text`], "GVM5005", 2, /data\.csv.*line 2/);
  });

  test("an input that is not there", async () => {
    const empty = testFolder();
    const { json, code } = await graphvmJson(["run", `${TABLES}#csv`], empty.path);
    expect(json.error).toMatchObject({ code: "GVM1203", message: expect.stringContaining("data.csv") });
    expect(code).toBe(2);
  });

  test("nobody at the address", async () => {
    const ended = await graphvm(["status", "--master", "ws://127.0.0.1:9"], folder.path);
    expect(ended).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^GVM3202: .*start-master.*\n$/),
    });
  });

  test("a worker of another version is refused by the master", async () => {
    const socket = new WebSocket(`${master.url}/worker`);
    await new Promise((resolve) => socket.once("open", resolve));
    const params = { protocol: 1, version: "9.9.9", numerics: "0", host: "", node: "v99.0.0" };
    socket.send(Buffer.concat([Buffer.of(0), packr.pack({ call: 1, method: "join", params })]));
    const frame = await new Promise<Buffer>((resolve) => socket.once("message", resolve));
    socket.close();
    expect(packr.unpack(frame.subarray(1))).toMatchObject({
      answer: 1,
      error: { code: "GVM3203", message: expect.stringContaining("graphvm 9.9.9") },
    });
    expect((await graphvmJson(["status", "--master", master.url], folder.path)).json.workers).toHaveLength(2);
  });

  test("start-worker says that the master refuses it", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    server.on("connection", (socket) => {
      socket.on("message", (frame: Buffer) => {
        const { call } = packr.unpack(frame.subarray(1)) as { call: number };
        const error = { code: "GVM3203", name: "RefusedError", message: "The worker runs graphvm 0.1.0.", fields: {} };
        socket.send(Buffer.concat([Buffer.of(0), packr.pack({ answer: call, error })]));
      });
    });
    const { port } = server.address() as { port: number };
    const { code, stderr } = await graphvm(["start-worker", "--master", `127.0.0.1:${port}`], folder.path);
    for (const client of server.clients) client.terminate();
    server.close();
    expect({ code, stderr }).toEqual({ code: 1, stderr: "GVM3203: The worker runs graphvm 0.1.0.\n" });
  });

  test("a worker killed in mid-job: its jobs run on another", async () => {
    const { path } = testFolder();
    const lone = await startMaster(path, ["--workers", "0"]);
    const workers = [1, 2].map(() => new Running(["start-worker", "--master", lone.url], path));
    await Promise.all(workers.map((worker) => worker.says("graphvm worker")));
    const run = new Running(["run", `${BAD}#slow`, "--cut", "bad.slow", "--master", lone.url, "--json"], path);
    const jobs = async (): Promise<{ done: number; running: number }> =>
      (await graphvmJson(["status", "--master", lone.url], path)).json.jobs as { done: number; running: number };
    while ((await jobs()).running < 2 && run.child.exitCode === null);
    workers[0]!.child.kill("SIGKILL");
    const ended = await run.ended;
    expect(JSON.parse(ended.stdout)).toMatchObject({ value: 6, jobs: 7 });
    expect(ended.code).toBe(0);
  });
});
