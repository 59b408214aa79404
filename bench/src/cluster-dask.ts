import { spawnSync } from "node:child_process";
import { COLUMNS, JOBS, type Measure, type Measured, ROWS, RUNS, SINGLES, TABLES, WORKERS } from "./cluster-work.js";

/** The same three works on Dask distributed: a scheduler and its client in one process, three processes of workers. */
const DASK = `
import json, resource, sys, time
import numpy
from dask.distributed import Client, LocalCluster, wait

def tiny(i): return i + 1
def table(seed): return [numpy.full(${ROWS}, seed + c, dtype="float64") for c in range(${COLUMNS})]
def meet(a, b): return float(a[0][0] + b[0][0])

def jobs(client):
    took = []
    wait(client.map(tiny, range(-1000, 0)))
    for run in range(${RUNS}):
        t = time.perf_counter()
        futures = client.map(tiny, range(run * ${JOBS}, (run + 1) * ${JOBS}))
        wait(futures)
        took.append(time.perf_counter() - t)
        del futures
        if sum(took) > 30: break
    return took

def latency(client):
    took = []
    for i in range(-50, ${SINGLES / 2}):
        t = time.perf_counter()
        value = client.submit(tiny, 10**9 + i).result()
        if i >= 0: took.append(time.perf_counter() - t)
    return took

def transfer(client):
    a, b = list(client.scheduler_info()["workers"])[:2]
    took = []
    for seed in range(${TABLES} + 1):
        left = client.submit(table, seed, workers=[a])
        right = client.submit(table, seed + .5, workers=[b])
        wait([left, right])
        t = time.perf_counter()
        client.submit(meet, left, right, workers=[a]).result()
        took.append(time.perf_counter() - t)
        del left, right
    return took[1:]

if __name__ == "__main__":
    import logging
    with LocalCluster(n_workers=${WORKERS}, threads_per_worker=1, processes=True, dashboard_address=None,
                      host="127.0.0.1", silence_logs=logging.ERROR) as cluster, Client(cluster) as client:
        print(json.dumps({ "jobs": jobs(client), "latency": latency(client), "transfer": transfer(client),
                           "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 }), flush=True)
`;

/** What Dask takes in the same minutes; undefined where python3 has no dask.distributed. */
export function runDask(): { readonly [measure in Measure]: Measured } | undefined {
  const run = spawnSync("python3", ["-c", DASK], { encoding: "utf8", timeout: 90_000 });
  const line = run.stdout?.split("\n")[0] ?? "";
  if (!line.startsWith("{")) {
    const why = run.error?.message ?? run.stderr?.trim().split("\n").at(-1) ?? "";
    process.stderr.write(`python3 with dask.distributed did not run here (${why}): no ratios\n`);
    return undefined;
  }
  const { peak, ...took } = JSON.parse(line) as { readonly [measure in Measure]: number[] } & { readonly peak: number };
  const of = (measure: Measure): Measured => ({ seconds: took[measure], peakBytes: peak });
  return { jobs: of("jobs"), latency: of("latency"), transfer: of("transfer") };
}
