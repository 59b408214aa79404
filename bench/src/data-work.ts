import { existsSync, readFileSync, statSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { readCsv, readParquet, scanCsv } from "@graphvm/ml";
import type { Table } from "apache-arrow";

/** What one process measured. */
export interface DataRun {
  /** One figure a run, the first with nothing compiled or warm. */
  readonly seconds: readonly number[];
  readonly peakBytes: number;
  readonly rows: number;
  /** The sum of one column, so that nobody reads less than all. */
  readonly sum: number;
}

export type Reading = "csv" | "csv-infer" | "parquet";

/** Reads the file so often, in this process. */
export async function runOurs(kind: Reading, path: string, runs: number): Promise<DataRun> {
  const schema = kind === "csv" ? (await scanCsv(path, { blocks: 1 })).schema : undefined;
  const seconds: number[] = [];
  let table: Table | undefined;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    table = kind === "parquet" ? await readParquet(path) : await readCsv(path, schema);
    seconds.push((performance.now() - start) / 1000);
  }
  const values = table!.getChild("amount")!.toArray() as Float64Array;
  let sum = 0;
  for (const value of values) sum += value;
  return { seconds, peakBytes: peakBytes(), rows: table!.numRows, sum };
}

/** The most that this process had; `maxRSS` may be its parent's. */
function peakBytes(): number {
  const status = "/proc/self/status";
  const own = existsSync(status) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, "latin1")) : null;
  return (own === null ? process.resourceUsage().maxRSS : Number(own[1])) * 1024;
}

const [kind, path, runs] = process.argv.slice(2);
if (process.argv[1]?.endsWith("data-work.js") && statSync(path!).isFile()) {
  process.stdout.write(JSON.stringify(await runOurs(kind as Reading, path!, Number(runs))));
}
