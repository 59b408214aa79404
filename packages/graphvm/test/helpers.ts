import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, onTestFinished } from "vitest";

const BIN = fileURLToPath(new URL("../bin/graphvm.js", import.meta.url));

/** The path of a fixture, with the export that is meant. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

export interface TestFolder {
  readonly path: string;
  readonly leftovers: () => string[];
}

/** A folder that goes with the test; `temp` in it is where commands keep temporary files. */
export function testFolder(finished: (clean: () => void) => void = onTestFinished): TestFolder {
  const path = mkdtempSync(join(tmpdir(), "graphvm-cli-test-"));
  mkdirSync(join(path, "temp"));
  finished(() => rmSync(path, { recursive: true, force: true }));
  return { path, leftovers: () => readdirSync(join(path, "temp")) };
}

/** Collects what is to be cleaned up after all tests of a file, for what its `beforeAll` makes. Call it at the top. */
export function afterFile(): (clean: () => void) => void {
  const cleans: (() => void)[] = [];
  afterAll(() => {
    for (const clean of cleans.reverse()) clean();
  });
  return (clean) => void cleans.push(clean);
}

/** What a command ended with. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with what is to be done when the test is over; in a `beforeAll`, what `afterFile` gave. */
  readonly finished?: (clean: () => void) => void;
}

/** A command that runs. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  #watchers: (() => void)[] = [];

  constructor(args: readonly string[], folder: string, { env = {}, finished = onTestFinished }: RunOptions = {}) {
    this.child = spawn(process.execPath, [BIN, ...args], {
      cwd: folder,
      env: { ...process.env, TMPDIR: join(folder, "temp"), ...env },
      stdio: "pipe",
    });
    this.child.stdout!.on("data", (piece: Buffer) => this.#add("stdout", piece));
    this.child.stderr!.on("data", (piece: Buffer) => this.#add("stderr", piece));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
        for (const watcher of this.#watchers.splice(0)) watcher();
      });
    });
    finished(() => void this.child.kill("SIGKILL"));
  }

  /** Settles once the output has the text. */
  async says(text: string | RegExp): Promise<void> {
    const has = (): boolean => (this.stdout + this.stderr).search(text) >= 0;
    while (!has()) {
      if (this.child.exitCode !== null) throw new Error(`ended without saying ${text}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  #add(stream: "stdout" | "stderr", piece: Buffer): void {
    this[stream] += piece.toString("utf8");
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

/** Runs a command to its end. */
export async function graphvm(args: readonly string[], folder: string, options: RunOptions = {}): Promise<Ended> {
  const running = new Running(args, folder, options);
  running.child.stdin!.end(options.input ?? "");
  return running.ended;
}

/** Runs a command with `--json`: stdout must be one JSON object and nothing else. */
export async function graphvmJson(
  args: readonly string[],
  folder: string,
): Promise<Ended & { readonly json: Record<string, unknown> & { error?: { code: string; message: string } } }> {
  const ended = await graphvm([...args, "--json"], folder);
  if (!/^\{.*\}\n$/.test(ended.stdout)) throw new Error(`not one JSON object: ${ended.stdout}\n${ended.stderr}`);
  return { ...ended, json: JSON.parse(ended.stdout) as Record<string, unknown> };
}

/** Starts a master on a free port. */
export async function startMaster(
  folder: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Running & { readonly url: string }> {
  const running = new Running(["start-master", "--port", "0", "--json", ...args], folder, options);
  await running.says(/^\{"url".*\n/m);
  const { url } = JSON.parse(running.stdout) as { url: string };
  return Object.assign(running, { url });
}
