import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect, type MasterHandle, startMaster } from "graphvm";
import { type Sample, sample, slope } from "./soak/measure.js";
import { expected, type SoakProgram, writeProgram } from "./soak/program.js";

const { values } = parseArgs({
  options: { sessions: { type: "string", default: "2000" }, json: { type: "boolean", default: false } },
});
const sessions = Number(values.sessions);
if (!Number.isSafeInteger(sessions) || sessions < 20) {
  console.error("usage: npm run soak -- [--sessions 2000] [--json]   (20 or more)");
  process.exit(2);
}

/** Sessions before the first that counts: until then heaps grow to their size, and what runs often is compiled. */
const WARM = 60;
/** Bytes of a program's code. */
const TEXT = 20_000;
/** What counts as flat, in bytes a session: less than the shortest thing a session could leave behind for good. */
const FLAT = { heap: 300, outside: 300, rss: 6000 };
/** So many bytes in all are forgiven, for code that is compiled meanwhile and for heaps that are larger than what is in them. */
const FORGIVEN = { heap: 600_000, outside: 400_000, rss: 10_000_000 };
/** So many bytes of memory may each byte of a program's text cost: its code is in the client, the planner and a worker. */
const TEXT_COST = 60;

const say = values.json ? () => {} : console.log;
const folder = mkdtempSync(join(tmpdir(), "graphvm-soak-"));
process.exit(await soak().finally(() => rmSync(folder, { recursive: true, force: true })));

async function soak(): Promise<number> {
  const wrong: string[] = [];
  const one = writeProgram(folder, 0, TEXT);
  const size = statSync(one).size;
  const same = await withMaster(one, (master) => repeat(sessions, () => run(master, one, 0)));
  report(`${sessions} sessions with one program`, same, wrong);
  const wholes = Math.max(8, Math.round(sessions / 40));
  const whole = await repeat(wholes, () => withMaster(undefined, (master) => run(master, one, 0)));
  report(`${wholes} whole clusters`, whole, wrong, sessions / wholes);
  const news = Math.max(8, Math.round(sessions / 10));
  const programs = Array.from({ length: news + 1 }, (_, i) => writeProgram(folder, i + 1, TEXT));
  const others = await withMaster(one, (master) => repeat(news, (i) => run(master, programs[i]!, i + 1)));
  const cost = slope(settled(others), ({ rss }) => rss);
  const each = `${Math.round(cost)} bytes, ${(cost / size).toFixed(1)} for each of the ${size} of its text`;
  say(`${news} sessions with a program of their own: a program costs ${each}`);
  if (cost > TEXT_COST * size + FORGIVEN.rss / (others.at(-1)!.at - settled(others)[0]!.at))
    wrong.push(`a program costs more than ${TEXT_COST} bytes for each of its text`);
  for (const each of wrong) say(`WRONG: ${each}`);
  if (values.json) console.log(JSON.stringify({ sessions, same, whole, others, text: size, cost, wrong }));
  return wrong.length === 0 ? 0 : 1;
}

/** @param warm The program of its first sessions, which don't count. */
async function withMaster<T>(warm: string | undefined, work: (master: MasterHandle) => Promise<T>): Promise<T> {
  await using master = await startMaster({ port: 0, workers: 1, seed: 1, epoch: 1 });
  if (warm !== undefined) for (let i = 0; i < WARM; i++) await run(master, warm, 0);
  return await work(master);
}

/** A session from beginning to end. */
async function run(master: MasterHandle, program: string, number: number): Promise<void> {
  const session = await connect(master.url, { reconnectSeconds: 0 });
  try {
    const { soak } = await session.load<SoakProgram>(program, { name: "soak" });
    await session.initGraph();
    const from = number % 10;
    const value = await session.calc(soak.sum(from), { cut: ["soak.part"] });
    if (value !== expected(number, from)) throw new Error(`a session gave ${value}`);
  } finally {
    await session.close();
  }
}

async function repeat(times: number, work: (i: number) => Promise<void>): Promise<Sample[]> {
  const samples: Sample[] = [];
  const every = Math.max(1, Math.floor(times / (times < 100 ? 8 : 20)));
  for (let i = 1; i <= times; i++) {
    await work(i);
    if (i % every === 0) samples.push(await sample(i));
  }
  return samples;
}

/** The second half: what is loaded once is loaded, and most of what runs often is compiled. */
function settled(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length / 2));
}

/** @param weight How many sessions' worth of growth each of them may show. */
function report(what: string, samples: readonly Sample[], wrong: string[], weight = 1): void {
  const kept = settled(samples);
  const [first, last] = [kept[0]!, kept.at(-1)!];
  say(`${what}:`);
  for (const name of ["heap", "outside", "rss"] as const) {
    const growth = slope(kept, (each) => each[name]);
    const limit = Math.max(FLAT[name] * weight, FORGIVEN[name] / (last.at - first.at));
    say(`  ${name}: ${mega(first[name])} to ${mega(last[name])} MB, ${Math.round(growth)} bytes a session`);
    if (growth > limit) wrong.push(`${what}: ${name} grows by ${Math.round(growth)} bytes a session`);
  }
  say(`  ${last.descriptors} descriptors, ${last.threads} threads, ${last.handles}`);
  for (const name of ["descriptors", "threads", "handles"] as const) {
    if (first[name] !== last[name]) wrong.push(`${what}: ${name} went from ${first[name]} to ${last[name]}`);
  }
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
