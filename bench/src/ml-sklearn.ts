import { spawnSync } from "node:child_process";
import { COLUMNS } from "./fraud-table-pipeline.js";
import type { MlRun, Work } from "./ml-work.js";

/** The same work on the same rows. */
const script = ({ python }: Work): string => `
import json, resource, sys, time
import numpy as np
from sklearn import ensemble, linear_model, metrics
folder, suffix, runs = sys.argv[1:]
def table(part):
    a = np.fromfile(f"{folder}/{part}{suffix}.bin").reshape(${COLUMNS.length}, -1)
    return np.ascontiguousarray(a[:-1].T), a[-1].astype(int)
x, y = table("train")
test_x, test_y = table("test")
fit, predict, cpu = [], [], []
for run in range(int(runs)):
    model = ${python}
    c, a = time.process_time(), time.perf_counter()
    model.fit(x, y)
    b = time.perf_counter()
    cpu.append(time.process_time() - c)
    p = model.predict_proba(test_x)[:, 1]
    fit.append(b - a); predict.append(time.perf_counter() - b)
print(json.dumps({"fit": fit, "predict": predict, "cpu": cpu, "auc": metrics.roc_auc_score(test_y, p),
                  "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
`;

/** What scikit-learn takes, with as many threads as it likes or one; undefined where it is not there. */
export function runSklearn(work: Work, folder: string, threads?: 1): MlRun | undefined {
  const suffix = work.standardised === true ? "-standardised" : "";
  const run = spawnSync("python3", ["-c", script(work), folder, suffix, String(work.runs)], {
    encoding: "utf8",
    env: threads === undefined ? process.env : { ...process.env, OMP_NUM_THREADS: "1" },
  });
  if (run.status === 0) return JSON.parse(run.stdout) as MlRun;
  const why = run.error?.message ?? run.stderr.trim().split("\n").at(-1) ?? "";
  process.stderr.write(`python3 with scikit-learn did not run here (${why}): no ratios\n`);
  return undefined;
}
