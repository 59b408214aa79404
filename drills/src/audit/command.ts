import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(import.meta.resolve("graphvm/package.json")).replace("package.json", "bin/graphvm.js");

/** A Node that commands run on. */
export interface NodeVersion {
  readonly major: number;
  readonly path: string;
}

/** What a command with `--json` ended with. */
export interface Ended {
  readonly code: number | null;
  readonly json: Record<string, unknown>;
  readonly stderr: string;
}

/** Where commands run. */
export interface Place {
  readonly folder: string;
  readonly env: { readonly [name: string]: string };
}

/** Runs `graphvm … --json` in a process of its own. */
export async function graphvm(node: NodeVersion, args: readonly string[], place: Place): Promise<Ended> {
  const child = start(node, [...args, "--json"], place);
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (piece) => {
    stdout += piece;
  });
  child.stderr!.on("data", (piece) => {
    stderr += piece;
  });
  const code = await new Promise<number | null>((done) => child.once("close", done));
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    stderr += stdout;
  }
  return { code, json, stderr };
}

/** A master and worker processes, for one replay over WebSocket; ended by the returned function. */
export async function startCluster(
  node: NodeVersion,
  workers: number,
  place: Place,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    const ends = children.map((child) =>
      child.exitCode !== null || child.signalCode !== null
        ? undefined
        : new Promise((done) => child.once("exit", done)),
    );
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(ends);
  };
  try {
    const master = start(node, ["start-master", "--port", "0", "--workers", "0", "--json"], place);
    children.push(master);
    const { url } = JSON.parse(await firstLine(master)) as { url: string };
    for (let i = 0; i < workers; i++) {
      const worker = start(node, ["start-worker", "--master", url, "--json"], place);
      children.push(worker);
      await firstLine(worker);
    }
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function start(node: NodeVersion, args: readonly string[], { folder, env }: Place): ChildProcess {
  return spawn(node.path, [BIN, ...args], { cwd: folder, env: { ...process.env, ...env }, stdio: "pipe" });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    let errors = "";
    child.stderr!.on("data", (piece) => {
      errors += piece;
    });
    child.stdout!.on("data", (piece) => {
      text += piece;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code} before it was ready: ${errors}`)));
  });
}
