import { spawnSync } from "node:child_process";
import type { DataRun, Reading } from "./data-work.js";

/** The same files into pandas' frames: types given for CSV, pyarrow for Parquet. */
const SCRIPT = `
import json, resource, sys, time
import pandas as pd
kind, path, runs = sys.argv[1:]
types = {"step": "int32", "type": "str", "amount": "float64", "nameOrig": "str", "oldbalanceOrg": "float64",
         "newbalanceOrig": "float64", "nameDest": "str", "oldbalanceDest": "float64", "newbalanceDest": "float64",
         "isFraud": "int32", "isFlaggedFraud": "int32"}
seconds = []
for run in range(int(runs)):
    start = time.perf_counter()
    if kind == "parquet":
        frame = pd.read_parquet(path, engine="pyarrow")
    else:
        frame = pd.read_csv(path, dtype=types if kind == "csv" else None)
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "rows": len(frame), "sum": float(frame["amount"].sum()),
                  "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
`;

/** What pandas takes; undefined where it is not there. The interpreter is GRAPHVM_PYTHON, or python3. */
export function runPandas(kind: Reading, path: string, runs: number): DataRun | undefined {
  const python = process.env.GRAPHVM_PYTHON ?? "python3";
  const run = spawnSync(python, ["-c", SCRIPT, kind, path, String(runs)], { encoding: "utf8" });
  if (run.status === 0) return JSON.parse(run.stdout) as DataRun;
  const why = run.error?.message ?? run.stderr.trim().split("\n").at(-1) ?? "";
  process.stderr.write(`${python} with pandas and pyarrow did not run here (${why}): no ratio\n`);
  return undefined;
}
