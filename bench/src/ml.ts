// npm run bench:ml [-- --rows 700000 --only "extra trees, 10" --json]
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runSklearn } from "./ml-sklearn.js";
import { type MlRun, prepare, runWork, WORKS, type Work } from "./ml-work.js";
import { median } from "./report.js";

/** A work beside its peers; ratios are ours over theirs, below 1 is better. */
interface MlResult {
  readonly name: string;
  readonly side: string;
  readonly rows: number;
  readonly fitSeconds: number;
  readonly fitCpuSeconds: number;
  readonly predictSeconds: number;
  readonly auc: number;
  readonly peakBytes: number;
  readonly fitRatio?: number;
  readonly fitCpuRatio?: number;
  readonly predictRatio?: number;
  readonly aucDifference?: number;
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Ours, in a process of its own. */
function measure(work: Work, folder: string): MlRun {
  const args = [fileURLToPath(import.meta.url), "--child", work.name, folder];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as MlRun;
}

function summary(name: string, side: string, rows: number, run: MlRun, ours?: MlRun): MlResult {
  const [fitSeconds, fitCpuSeconds, predictSeconds] = [run.fit, run.cpu, run.predict].map(median) as [
    number,
    number,
    number,
  ];
  const base = { name, side, rows, fitSeconds, fitCpuSeconds, predictSeconds, auc: run.auc, peakBytes: run.peakBytes };
  if (ours === undefined) return base;
  return {
    ...base,
    fitRatio: median(ours.fit) / fitSeconds,
    fitCpuRatio: median(ours.cpu) / fitCpuSeconds,
    predictRatio: median(ours.predict) / predictSeconds,
    aucDifference: ours.auc - run.auc,
  };
}

/** Ours, then scikit-learn with its own number of threads, then, where that is more than one, with one. */
function* compare(work: Work, folder: string, rows: number): Generator<MlResult> {
  const ours = measure(work, folder);
  yield summary(work.name, "graphvm", rows, ours);
  const theirs = runSklearn(work, folder);
  if (theirs === undefined) return;
  yield summary(work.name, "scikit-learn", rows, theirs, ours);
  if (work.spec.model !== "HistGradientBoostingClassifier") return;
  const single = runSklearn(work, folder, 1);
  if (single !== undefined) yield summary(work.name, "scikit-learn, 1 thread", rows, single, ours);
}

const HEAD = ["name", "side", "fit s", "cpu s", "predict s", "AUC", "peak", "fit", "fit cpu", "predict", "AUC diff"];

function line(r: MlResult): string[] {
  const ratio = (value: number | undefined): string => (value === undefined ? "" : `${value.toFixed(2)} x`);
  return [
    r.name,
    r.side,
    r.fitSeconds.toFixed(2),
    r.fitCpuSeconds.toFixed(2),
    r.predictSeconds.toFixed(3),
    r.auc.toFixed(4),
    `${(r.peakBytes / 1e6).toFixed(0)} MB`,
    ratio(r.fitRatio),
    ratio(r.fitCpuRatio),
    ratio(r.predictRatio),
    r.aucDifference === undefined ? "" : r.aucDifference.toFixed(4),
  ];
}

const WIDTHS = [23, 22, 8, 8, 9, 8, 9, 8, 8, 8, 8];
const printed = (cells: readonly string[]): string =>
  `${cells.map((cell, i) => (i < 2 ? cell.padEnd(WIDTHS[i]!) : cell.padStart(WIDTHS[i]!))).join(" ")}\n`;

async function main(): Promise<void> {
  const rows = Number(option("--rows") ?? 700_000);
  const only = option("--only");
  const folder = await prepare(rows);
  const asJson = process.argv.includes("--json");
  if (!asJson) {
    process.stdout.write(`${rows} x 7 rows to learn from; ratios are graphvm over scikit-learn, below 1 is better\n`);
    process.stdout.write(printed(HEAD));
  }
  const results: MlResult[] = [];
  for (const work of WORKS.filter(({ name }) => only === undefined || name === only)) {
    for (const result of compare(work, folder, rows)) {
      results.push(result);
      if (!asJson) process.stdout.write(printed(line(result)));
    }
  }
  if (asJson) process.stdout.write(`${JSON.stringify({ results })}\n`);
}

if (option("--child") === undefined) await main();
else {
  const work = WORKS.find(({ name }) => name === option("--child"))!;
  process.stdout.write(JSON.stringify(runWork(work, process.argv.at(-1)!)));
}
