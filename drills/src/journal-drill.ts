import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chainLine, formatLine, NO_PREV, scanJournal } from "@graphvm/cluster/internal";
import { Random } from "./random.js";

const GOAL_SECONDS = 10;
/** Memory that verifying may take, whatever the length of the journal. */
const GOAL_BYTES = 200e6;

const { values } = parseArgs({
  options: { kills: { type: "string" }, lines: { type: "string" }, seed: { type: "string" } },
});
const kills = Number(values.kills ?? 100);
const lines = Number(values.lines ?? 1_000_000);
const seed = Number(values.seed ?? 1);
const folder = mkdtempSync(join(tmpdir(), "graphvm-journal-drill-"));
try {
  const killed = kills === 0 || (await killRecorders());
  const read = lines === 0 || (await readLongJournal());
  process.exitCode = killed && read ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Kills a master that records at random moments: its journal must open and hold every call that was answered. */
async function killRecorders(): Promise<boolean> {
  const random = new Random(seed);
  let wrong = 0;
  let calls = 0;
  let torn = 0;
  for (let i = 0; i < kills; i++) {
    const journal = join(folder, `journal-${i}`);
    const { answered } = await killedRecorder(journal, 1 + random.below(250));
    try {
      let found = 0;
      const scan = await scanJournal(join(journal, "journal.ndjson"), NO_PREV, ({ method }) => {
        if (method === "graphStats") found++;
      });
      calls += answered;
      if (scan.torn > 0) torn++;
      if (answered > 0 && found >= answered) continue;
      console.error(`WRONG kill ${i}: ${answered} calls were answered and ${found} are in the journal`);
    } catch (error) {
      console.error(`WRONG kill ${i}: the journal does not open: ${(error as Error).message}`);
    }
    wrong++;
  }
  console.log(
    `kill -9 while recording: ${kills - wrong} of ${kills} journals hold all of ${calls} answered calls; ${torn} had a torn line`,
  );
  return wrong === 0;
}

/** Starts a recorder, lets it go on for a time, kills it; how many calls it said were answered. */
async function killedRecorder(journal: string, milliseconds: number): Promise<{ answered: number }> {
  const main = fileURLToPath(new URL("./audit/recorder-main.js", import.meta.url));
  const dots = `${journal}.answered`;
  const child: ChildProcess = spawn(process.execPath, [main, journal, dots], { stdio: ["ignore", "pipe", "inherit"] });
  const first = new Promise<void>((resolve, reject) => {
    child.stdout!.once("data", () => resolve());
    child.once("exit", () => reject(new Error("the recorder ended before it recorded")));
  });
  const closed = new Promise((done) => child.once("close", done));
  await first;
  await pause(milliseconds);
  child.kill("SIGKILL");
  await closed;
  return { answered: statSync(dots).size };
}

/** Writes a long journal, and verifies it in a process of its own time and memory. */
async function readLongJournal(): Promise<boolean> {
  const path = join(folder, "long.ndjson");
  const out = createWriteStream(path, { highWaterMark: 1 << 20 });
  let prev = NO_PREV;
  for (let seq = 0; seq < lines; seq++) {
    const id = seq.toString(16).padStart(32, "0");
    const refs = { refs: [["ns", "rule", [seq, "a param"]]], roots: [0] };
    const result = { id, digest: id + id };
    const line = chainLine(prev, { seq, at: 1_700_000_000_000 + seq, method: "getData", params: { refs }, result });
    prev = line.hash;
    if (!out.write(`${formatLine(line)}\n`)) await new Promise<void>((done) => out.once("drain", () => done()));
  }
  await new Promise<void>((done) => out.end(() => done()));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  const start = performance.now();
  const cpu = process.cpuUsage();
  const { count } = await scanJournal(path, NO_PREV);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const busy = (user + system) / 1e6;
  clearInterval(watch);
  const size = statSync(path).size;
  const right = count === lines && Math.min(seconds, busy) < GOAL_SECONDS && most - before < GOAL_BYTES;
  console.log(
    `${right ? "ok" : "WRONG"}: a journal of ${count.toLocaleString("en-US")} calls (${(size / 1e6).toFixed(0)} MB) verified in ${seconds.toFixed(1)} s, of which it ran for ${busy.toFixed(1)} s (goal ${GOAL_SECONDS}: on a machine with nothing else to do both are the same), ` +
      `memory up by at most ${((most - before) / 1e6).toFixed(0)} MB (goal ${GOAL_BYTES / 1e6})`,
  );
  return right;
}
