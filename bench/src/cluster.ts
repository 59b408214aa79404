// npm run bench:cluster [-- --json]
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runDask } from "./cluster-dask.js";
import { runTransfer, TRANSFER_BYTES } from "./cluster-transfer.js";
import { COLUMNS, JOBS, type Measure, type Measured, type Place, ROWS, runCluster } from "./cluster-work.js";
import { type BenchResult, median, report } from "./report.js";

const BYTES = ROWS * COLUMNS * 8;

/** A work in a process of its own. */
function measured(place: Place, measure: Measure): Measured {
  const self = fileURLToPath(import.meta.url);
  const args = ["--child", place, measure];
  return JSON.parse(execFileSync(process.execPath, [self, ...args], { encoding: "utf8", timeout: 60_000 })) as Measured;
}

/** The value that a share of all values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** One figure out of what was measured. */
interface Row {
  readonly name: string;
  readonly measure: Measure;
  readonly n: number;
  /** The seconds that stand for the row. */
  readonly figure: (seconds: readonly number[]) => number;
  /** The figure as one reads it. */
  readonly say: (seconds: number) => string;
}

const ms = (seconds: number): string => `${(seconds * 1000).toFixed(2)} ms`;

const ROW: readonly Row[] = [
  {
    name: "10,000 jobs",
    measure: "jobs",
    n: JOBS,
    figure: median,
    say: (s) => `${Math.round(JOBS / s).toLocaleString("en-US")} jobs/s`,
  },
  { name: "one job, p50", measure: "latency", n: 1, figure: (all) => quantile(all, 0.5), say: ms },
  { name: "one job, p99", measure: "latency", n: 1, figure: (all) => quantile(all, 0.99), say: ms },
  {
    // from the ref of a job that needs two tables to its value: planning, the way of one table, and its digest included
    name: "100 MB table to result",
    measure: "transfer",
    n: BYTES,
    figure: median,
    say: (s) => `${Math.round(BYTES / 1e6 / s).toLocaleString("en-US")} MB/s`,
  },
];

/** Encoded bytes from process to process. Nothing of Dask's is like it: its transfer is the row above. */
function transferRow(name: string, took: Measured): { result: BenchResult; line: string } {
  const seconds = median(took.seconds);
  const rate = Math.round(TRANSFER_BYTES / 1e6 / seconds).toLocaleString("en-US");
  return { result: { name, n: TRANSFER_BYTES, seconds, peakBytes: took.peakBytes }, line: `${name}: ${rate} MB/s` };
}

/** A fetch in a process of its own. */
function transferred(checked: boolean): Measured {
  const args = [fileURLToPath(import.meta.url), "--transfer", String(checked)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 })) as Measured;
}

/** The rows of one place; their ratio to the peer's, where there is one. */
function rows(
  place: string,
  took: { readonly [measure in Measure]: Measured },
  peer?: { readonly [measure in Measure]: Measured },
): { result: BenchResult; line: string }[] {
  return ROW.map(({ name, measure, n, figure, say }) => {
    const seconds = figure(took[measure].seconds);
    const ratio = peer && figure(peer[measure].seconds) / seconds;
    const result = { name: `${name}, ${place}`, n, seconds, peakBytes: took[measure].peakBytes };
    const how = measure === "transfer" && place === "threads" ? ", no copy: both threads read the same memory" : "";
    const beside = ratio === undefined ? "" : `, ${ratio.toFixed(1)} x Dask`;
    return {
      result: ratio === undefined ? result : { ...result, ratio, peer: "Dask" },
      line: `${result.name}: ${say(seconds)}${how}${beside}`,
    };
  });
}

function main(): void {
  const peer = runDask();
  const all = (["threads", "sockets"] as const).flatMap((place) => {
    const jobs = measured(place, "jobs");
    const latency = measured(place, "latency");
    return rows(place, { jobs, latency, transfer: measured(place, "transfer") }, peer);
  });
  all.push(transferRow("100 MB of bytes, socket, sha-256 checked", transferred(true)));
  all.push(transferRow("100 MB of bytes, socket, unchecked", transferred(false)));
  if (peer) all.push(...rows("Dask", peer));
  report(all.map(({ result }) => result));
  if (!process.argv.includes("--json")) process.stdout.write(`\n${all.map(({ line }) => line).join("\n")}\n`);
}

const child = process.argv.indexOf("--child");
const transfer = process.argv.indexOf("--transfer");
if (transfer >= 0) process.stdout.write(JSON.stringify(await runTransfer(process.argv[transfer + 1] === "true")));
else if (child < 0) main();
else {
  const [place, measure] = process.argv.slice(child + 1) as [Place, Measure];
  process.stdout.write(JSON.stringify(await runCluster(place, measure)));
}
