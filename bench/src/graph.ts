// npm run bench:graph [-- --json] [-- --huge]
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runOnce, type Work } from "./graph-work.js";
import { type BenchResult, median, report } from "./report.js";

const SIZES = [10_000, 100_000, 500_000, 1_000_000, 5_000_000];
const RUNS = 5;

interface Child {
  readonly seconds: number[];
  readonly nodes: number;
  readonly peakBytes: number;
}

/** Runs in a process of its own, so that one size's memory is not another's. A large young generation suits large graphs. */
function measure(work: Work, n: number, runs: number): Child {
  const self = fileURLToPath(import.meta.url);
  const flags = n >= 5_000_000 ? ["--max-semi-space-size=128", "--max-old-space-size=20000"] : [];
  const args = [...flags, self, "--child", work, String(n), String(runs)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 20 })) as Child;
}

async function child(work: Work, n: number, runs: number): Promise<void> {
  const seconds: number[] = [];
  let nodes = 0;
  for (let i = 0; i < runs; i++) {
    const run = await runOnce(work, n);
    seconds.push(run.seconds);
    nodes = run.stats.nodes;
  }
  process.stdout.write(JSON.stringify({ seconds, nodes, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}

function bench(work: Work, n: number): BenchResult {
  const once = measure(work, n, 1);
  const { seconds } = measure(work, n, RUNS + 1);
  const middle = median(seconds.slice(1));
  const { nodes, peakBytes } = once;
  return { name: work, n, seconds: middle, coldSeconds: once.seconds[0]!, peakBytes, nodesPerSecond: nodes / middle };
}

const DASK = `
import sys, time, random
import dask
n = 10000
def wsum(a, b): return [.7 * x + .3 * y for x, y in zip(a, b)]
def start(): return [random.random() for _ in range(10)]
def total(*xs): return [sum(c) for c in zip(*xs)]
t = time.time()
d = dask.delayed
f = [d(start)(), d(start)()]
for i in range(2, n + 1): f.append(d(wsum)(f[i - 1], f[i - 2]))
sys.setrecursionlimit(10**6)
d(total)(*f[0::2]).compute(scheduler="threads")
print(time.time() - t)
`;

/** Seconds that Dask takes for s_10,000 in the same minute, where python3 has it. */
function dask(): number | undefined {
  const run = spawnSync("python3", ["-c", DASK], { encoding: "utf8", timeout: 300_000 });
  if (run.status === 0) return Number(run.stdout);
  process.stderr.write("python3 has no dask here: no ratio\n");
  return undefined;
}

function huge(): BenchResult {
  const n = 50_000_000;
  const { seconds, nodes, peakBytes } = measure("s_n", n, 1);
  return { name: "s_n", n, seconds: seconds[0]!, peakBytes, nodesPerSecond: nodes / seconds[0]! };
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === "--child") {
    await child(args[1] as Work, Number(args[2]), Number(args[3]));
    return;
  }
  if (args.includes("--huge")) {
    report([huge()]);
    return;
  }
  const results: BenchResult[] = [];
  const peer = dask();
  for (const work of ["s_n", "y_n"] as const) {
    for (const n of SIZES) {
      const result = bench(work, n);
      const ratio =
        work === "s_n" && n === 10_000 && peer !== undefined ? { ratio: peer / result.seconds, peer: "Dask" } : {};
      results.push({ ...result, ...ratio });
      process.stderr.write(`${work} ${n.toLocaleString("en-US")}: ${result.seconds.toFixed(3)} s\n`);
    }
  }
  report(results);
}

await main(process.argv.slice(2));
