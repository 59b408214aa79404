import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { mayRun, type ProcessMark } from "@graphvm/cluster/internal";
import { natsServerOrSkip } from "@graphvm/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const program = await natsServerOrSkip();
const main = fileURLToPath(new URL("../../drills/dist/fabric.js", import.meta.url));
/** Ports of this test: no other's, and not those of a fabric that is up for work. */
const PORT = 8422;

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Up {
  readonly started: number;
  readonly url: string;
  readonly servers: readonly {
    readonly name: string;
    readonly plane?: string;
    readonly url: string;
    readonly monitor: string;
    readonly process: ProcessMark;
  }[];
}

/** `npm run fabric:...` in a folder of the test's own. */
function fabricIn(folder: string) {
  return async (...words: string[]): Promise<Ended> => {
    const args = [main, ...words, "--folder", folder];
    const env = { ...process.env, ...(program && { GRAPHVM_NATS_SERVER: program }) };
    try {
      return { status: 0, ...(await promisify(execFile)(process.execPath, args, { env })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, stdout, stderr };
    }
  };
}

function own(): string {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-fabric-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function alive({ process }: Up["servers"][number]): boolean {
  return mayRun(process);
}

describe.skipIf(!program)("C133: fabric:up and fabric:down", () => {
  test("C133: three servers and two leaf nodes; up again starts what is missing; down ends just those", async () => {
    const folder = own();
    const fabric = fabricIn(folder);
    const up = async (): Promise<Up> => {
      const { status, stdout, stderr } = await fabric("up", "--port", String(PORT), "--json");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      return JSON.parse(stdout) as Up;
    };
    onTestFinished(async () => void (await fabric("down")));
    const first = await up();
    expect(first).toMatchObject({ started: 5, url: expect.stringMatching(/^nats:\/\/127.0.0.1:8422,nats:.*,nats:/) });
    expect(first.servers.map(({ plane }) => plane)).toEqual([undefined, undefined, undefined, "eu", "us"]);
    expect(first.servers.every(alive)).toBe(true);
    const { started: _, ...same } = await up();
    expect(same).toEqual({ ...first, started: undefined });
    process.kill(first.servers[1]!.process.pid, "SIGKILL");
    const third = await up();
    expect(third.started).toBe(1);
    expect(third.servers[1]!.process.pid).not.toBe(first.servers[1]!.process.pid);
    expect(third.servers[0]).toEqual(first.servers[0]);
    expect(await fabric("up", "--port", "9422")).toMatchObject({ status: 1, stderr: expect.stringContaining("8422") });
    expect((await fabric("up", "--port", String(PORT))).stdout).toMatch(
      /already up[\s\S]*start-master --fabric nats:\/\/127.0.0.1:8422,[\s\S]*start-worker --fabric nats:\/\/127.0.0.1:8425 --plane eu/,
    );
    expect(await fabric("down")).toMatchObject({
      status: 0,
      stdout: "fabric: 5 servers ended, their stores removed\n",
    });
    expect(third.servers.filter(alive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    expect(await fabric("down", "--json")).toMatchObject({ status: 0, stdout: '{"ended":0}\n' });
  });

  test("C133: a port that is taken is named, and what was started is ended", async () => {
    const folder = own();
    const fabric = fabricIn(folder);
    const server = createServer().listen(9443, "127.0.0.1");
    onTestFinished(() => void server.close());
    onTestFinished(async () => void (await fabric("down")));
    const ended = await fabric("up", "--port", "9422");
    expect(ended).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/port 9443, of hub-2, is taken: .*--port/),
    });
    expect(existsSync(join(folder, "fabric.json"))).toBe(false);
  });

  test("C133: a process that only has the number of one of its servers is left alone", async () => {
    const folder = own();
    const fabric = fabricIn(folder);
    const stranger = execFile("sleep", ["60"]);
    onTestFinished(() => void stranger.kill("SIGKILL"));
    onTestFinished(async () => void (await fabric("down")));
    expect(await fabric("up", "--port", String(PORT))).toMatchObject({ status: 0, stderr: "" });
    const file = join(folder, "fabric.json");
    const state = JSON.parse(readFileSync(file, "utf8")) as Up;
    const pids = state.servers.map(({ process }) => process.pid);
    const [{ process: mark }] = state.servers as [Up["servers"][number]];
    const changed = { ...mark, pid: stranger.pid };
    writeFileSync(file, JSON.stringify({ ...state, servers: [{ ...state.servers[0], process: changed }] }));
    expect(await fabric("down", "--json")).toMatchObject({ status: 0, stdout: '{"ended":0}\n' });
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    for (const pid of pids) process.kill(pid, "SIGKILL");
  });
});

test("C133: fabric says how it is used", async () => {
  const fabric = fabricIn(own());
  for (const wrong of [[], ["sideways"], ["up", "--port", "x"], ["up", "--port", "65530"], ["up", "--no"]])
    expect(await fabric(...wrong)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("npm run fabric:up --"),
    });
});
