import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCsv, writeParquet, writePaysimCsv } from "@graphvm/ml";
import { runHuge } from "./data-huge.js";
import { runPandas } from "./data-pandas.js";
import type { DataRun, Reading } from "./data-work.js";
import { type BenchResult, median, report } from "./report.js";

const ROWS = 1_000_000;
const ROUNDS = 3;
const RUNS = 3;

const WORK: readonly { readonly name: string; readonly kind: Reading; readonly peer: string }[] = [
  { name: "CSV to Arrow, types given", kind: "csv", peer: "pandas with dtypes" },
  { name: "CSV to Arrow, types found", kind: "csv-infer", peer: "pandas" },
  { name: "Parquet to Arrow", kind: "parquet", peer: "pandas with pyarrow" },
];

if (process.argv.includes("--huge")) await runHuge();
else await compare();

/** Reads the same files, we and pandas in turn, each in processes of its own. */
async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-bench-data-"));
  try {
    const csv = join(folder, "paysim.csv");
    const parquet = join(folder, "paysim.parquet");
    await writePaysimCsv(csv, { rows: ROWS, seed: 7 });
    await writeParquet(await readCsv(csv), parquet);
    report(WORK.map(({ name, kind, peer }) => inTurn(name, kind, peer, kind === "parquet" ? parquet : csv)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inTurn(name: string, kind: Reading, peer: string, path: string): BenchResult {
  const ours: DataRun[] = [];
  const theirs: DataRun[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(runChild(kind, path));
    const other = round > 0 && theirs.length === 0 ? undefined : runPandas(kind, path, RUNS);
    if (other !== undefined) theirs.push(other);
  }
  for (const { rows, sum } of [...ours, ...theirs]) {
    const first = ours[0]!;
    if (rows !== first.rows || Math.abs(sum - first.sum) > Math.abs(sum) * 1e-9) {
      throw new Error(`${name}: ${rows} rows and a sum of ${sum} are not ${first.rows} and ${first.sum}`);
    }
  }
  const warm = (runs: readonly DataRun[]) => median(runs.flatMap(({ seconds }) => seconds.slice(1)));
  return {
    name,
    n: ROWS,
    seconds: warm(ours),
    coldSeconds: median(ours.map(({ seconds }) => seconds[0]!)),
    peakBytes: Math.max(...ours.map(({ peakBytes }) => peakBytes)),
    ...(theirs.length > 0 && { ratio: warm(theirs) / warm(ours), peer }),
  };
}

function runChild(kind: Reading, path: string): DataRun {
  const script = fileURLToPath(new URL("./data-work.js", import.meta.url));
  const run = spawnSync(process.execPath, [script, kind, path, String(RUNS)], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as DataRun;
}
