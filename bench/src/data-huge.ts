import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, startChild } from "@graphvm/testing";
import type { Table } from "apache-arrow";
import { connect } from "graphvm";
import { csvBlocks, frame } from "graphvm/ml";
import { type RegionTotals, writeAccounts, writePayments } from "./data-huge-csv.js";
import { watchResident } from "./resident.js";

const GB = 1_000_000_000;
/** What values may take in all workers together. */
const MEMORY = 2 * GB;
const GOAL = 3 * GB;
const WORKERS = 2;

/** Has glibc give large pieces of memory back to the system once they are free: see docs/memory.md. */
const GIVE_BACK = { MALLOC_MMAP_THRESHOLD_: "262144", MALLOC_ARENA_MAX: "2" };

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const gigabytes = (bytes: number): string => `${(bytes / GB).toFixed(2)} GB`;

/** Groups a CSV file that is larger than memory by key and joins it with another, on processes; checks every figure. */
export async function runHuge(): Promise<void> {
  const size = sizeAsked() * GB;
  const folder = mkdtempSync(join(tmpdir(), "graphvm-bench-huge-"));
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < size * 2.5) throw new Error(`${folder} has too little room: ${gigabytes(bavail * bsize)}`);
    const clock = createClock();
    const payments = writePayments(join(folder, "payments.csv"), size);
    writeAccounts(join(folder, "accounts.csv"));
    say(`write   ${gigabytes(payments.size)}, ${payments.rows.toLocaleString("en-US")} rows: ${clock()} s`);
    say(`limit   ${gigabytes(MEMORY)} for values, in ${WORKERS} worker processes`);
    const { table, peak, seconds } = await compute(folder);
    check(table, payments.regions);
    if (peak.bytes === 0) say("there is no /proc here: resident memory was not looked at");
    else {
      say(`resident memory of all processes at its highest: ${gigabytes(peak.bytes)} (goal: under ${gigabytes(GOAL)})`);
      say(`  client, master, workers: ${peak.each.map(gigabytes).join(", ")}`);
    }
    say(`  ${(payments.size / 1e6 / Number(seconds)).toFixed(0)} MB a second; every figure is as it must be`);
    if (peak.bytes >= GOAL) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sizeAsked(): number {
  const at = process.argv.indexOf("--gigabytes");
  const size = at === -1 ? 8 : Number(process.argv[at + 1]);
  if (size > 0 && size <= 1000) return size;
  throw new Error(`--gigabytes ${process.argv[at + 1]}: give a number from 0 to 1000.`);
}

async function compute(folder: string) {
  const main = new URL("./data-huge-process.js", import.meta.url);
  Object.assign(process.env, GIVE_BACK); // which the processes inherit
  const started = await startChild(main, { port: 0, workers: 0, seed: 0, epoch: 0, root: folder });
  const url = started.id;
  const master = new Child(started.process);
  const workers: Child[] = [];
  try {
    for (let i = 0; i < WORKERS; i++) {
      const worker = await startChild(main, { master: url, root: folder, memory: MEMORY / WORKERS });
      workers.push(new Child(worker.process));
    }
    const watch = watchResident([process.pid, master.pid, ...workers.map(({ pid }) => pid)]);
    const session = await connect(url);
    const clock = createClock();
    const whole = createClock();
    const payments = frame(
      await csvBlocks(join(folder, "payments.csv"), {
        blockSize: "256 MB",
        columns: ["account", "cents"],
        uri: "payments.csv",
      }),
    );
    const accounts = frame(await csvBlocks(join(folder, "accounts.csv"), { blocks: 1, uri: "accounts.csv" }));
    say(`scan    ${payments.blocks.length} blocks: ${clock()} s`);
    const totals = payments.groupBy(["account"], { payments: "count", cents: ["sum", "cents"] }, { blocks: 16 });
    const regions = totals.join(accounts, { on: ["account"], blocks: 16 }).groupBy(
      ["region"],
      {
        accounts: "count",
        payments: ["sum", "payments"],
        cents: ["sum", "cents"],
        least: ["min", "cents"],
        most: ["max", "cents"],
      },
      { blocks: 1 },
    );
    const table = (await session.calc(regions.table(), { cut: CUT })) as Table;
    say(`compute grouped by account, joined, grouped by region: ${clock()} s`);
    const seconds = whole();
    const peak = watch.stop();
    const { usage } = await session.status();
    say(
      `  values on disk: ${gigabytes(usage.spilled)}, in memory: ${gigabytes(usage.held)}, moved: ${gigabytes(usage.moved)}`,
    );
    await session.close();
    return { table, peak, seconds };
  } finally {
    for (const worker of workers) await worker.kill();
    await master.kill();
  }
}

/** What becomes a job: each block's groups, what of them goes to each pipe, and what a pipe makes of its parts. */
const CUT = ["mr.splitByKey", "mr.pipe", "frames.grouped", "frames.joined"];

function check(table: Table, regions: readonly RegionTotals[]): void {
  const found = table.toArray().map((row) => {
    const { region, accounts, payments, cents, least, most } = row!.toJSON();
    return [region, accounts, payments, cents, least, most].map(Number);
  });
  const expected = regions.map(({ region, accounts, payments, cents, least, most }) => [
    region,
    accounts,
    payments,
    cents,
    least,
    most,
  ]);
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new Error(`the groups are ${JSON.stringify(found)} and should be ${JSON.stringify(expected)}`);
}

/** Seconds since the last look. */
function createClock(): () => string {
  let last = performance.now();
  return () => {
    const since = last;
    last = performance.now();
    return ((last - since) / 1000).toFixed(1);
  };
}
