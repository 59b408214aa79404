import { BYTES, COLUMNS, JOBS, ROWS, SINGLES, WARM_ROUNDS, WORKERS } from "./cluster-work.js";

/**
 * The same works on Dask distributed: a scheduler and its client in one process, three processes of workers. For each line
 * with the name of a measure it answers with one round.
 */
export const DASK = `
import json, logging, resource, sys, time
import numpy
from dask.distributed import Client, LocalCluster, wait

def tiny(i): return i + 1
def table(seed): return [numpy.full(${ROWS}, seed + c, dtype="float64") for c in range(${COLUMNS})]
def meet(a, b): return float(a[0][0] + b[0][0])
def block(seed): return numpy.full(${BYTES}, seed % 256, dtype="uint8")

def timed(work):
    t = time.perf_counter()
    work()
    return time.perf_counter() - t

def jobs(client, round):
    took = timed(lambda: wait(client.map(tiny, range(round * ${JOBS}, (round + 1) * ${JOBS}))))
    return [took]

def latency(client, round):
    first = 10**9 + round * ${SINGLES}
    return [timed(lambda: client.submit(tiny, i).result()) for i in range(first, first + ${SINGLES})]

def transfer(client, seed):
    a, b = list(client.scheduler_info()["workers"])[:2]
    left = client.submit(table, seed, workers=[a])
    right = client.submit(table, seed + .5, workers=[b])
    wait([left, right])
    return [timed(lambda: client.submit(meet, left, right, workers=[a]).result())]

def value(client, seed):
    return [timed(lambda: client.submit(block, seed).result())]

if __name__ == "__main__":
    works = { "jobs": jobs, "latency": latency, "transfer": transfer, "value": value }
    rounds = dict.fromkeys(works, 0)
    with LocalCluster(n_workers=${WORKERS}, threads_per_worker=1, processes=True, dashboard_address=None,
                      host="127.0.0.1", silence_logs=logging.ERROR) as cluster, Client(cluster) as client:
        wait(client.map(tiny, range(-1000, 0)))
        for name in ["transfer", "value"]:
            works[name](client, 0)
        for round in range(${WARM_ROUNDS}):
            latency(client, -round)
        print("ready", flush=True)
        for line in sys.stdin:
            name = line.strip()
            rounds[name] += 1
            seconds = works[name](client, rounds[name])
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(json.dumps({ "seconds": seconds, "peakBytes": peak }), flush=True)
`;
