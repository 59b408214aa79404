// Whoever is measured runs in a process of its own and waits there for its turn: rounds of one and of the other take turns, so
// that what else the machine does is the same to all.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DASK } from "./cluster-dask.js";
import type { Measure, Place } from "./cluster-work.js";

/** What a round gave. */
export interface Round {
  readonly seconds: readonly number[];
  /** Largest resident memory of the process so far. */
  readonly peakBytes: number;
  /** Of clusters: bytes of values that went from process to process so far, and those it holds. */
  readonly moved?: number;
  readonly held?: number;
}

/** Somebody who is measured. */
export interface Peer {
  round(measure: Measure): Promise<Round>;
  end(): void;
}

/** A process that answers each message with a round; `what` says what is to be measured. */
export async function startChild(what: readonly string[]): Promise<Peer> {
  const child: ChildProcess = fork(fileURLToPath(new URL("./cluster.js", import.meta.url)), [...what], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const answer = async (): Promise<unknown> => {
    const gone = once(child, "exit").then(([code]) => {
      throw new Error(`what is measured ended with code ${code}: ${what.join(" ")}`);
    });
    return (await Promise.race([once(child, "message"), gone]))[0];
  };
  await answer();
  const round = (): Promise<Round> => {
    const next = answer();
    child.send("round");
    return next as Promise<Round>;
  };
  return { round, end: () => void child.kill("SIGTERM") };
}

export const startCluster = (place: Place, measure: Measure): Promise<Peer> => startChild(["--child", place, measure]);
export const startBytes = (checked: boolean): Promise<Peer> => startChild(["--transfer", String(checked)]);

/** Dask distributed; undefined where python3 has none. */
export async function startDask(): Promise<Peer | undefined> {
  const child = spawn("python3", ["-c", DASK], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = new Promise<never>((_, reject) => child.once("error", reject));
  gone.catch(() => {});
  const line = async (): Promise<string> => (await Promise.race([lines.next(), gone])).value ?? "";
  const first = await line().catch((error: Error) => error.message);
  if (first !== "ready") {
    const why = said.trim().split("\n").at(-1) ?? first;
    process.stderr.write(`python3 with dask.distributed did not run here (${why}): no ratios\n`);
    child.kill();
    return undefined;
  }
  const round = async (measure: Measure): Promise<Round> => {
    child.stdin.write(`${measure}\n`);
    const answer = await line();
    if (!answer.startsWith("{")) throw new Error(`Dask did not answer ${measure}: ${said}`);
    return JSON.parse(answer) as Round;
  };
  return { round, end: () => child.stdin.end() };
}
