// npm run bench:stream [-- --json]
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type BenchResult, median, report } from "./report.js";
import { runStream, type StreamRun, WORKS } from "./stream-work.js";

const RUNS = 3;

/** A work in a process of its own, so that one's memory is not another's. */
function measure(name: string): StreamRun {
  const args = ["--expose-gc", fileURLToPath(import.meta.url), "--child", name];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as StreamRun;
}

function main(): void {
  const results: (BenchResult & { readonly heapStart: number; readonly heapEnd: number; readonly equal: boolean })[] =
    [];
  const lines: string[] = [];
  for (const name of Object.keys(WORKS)) {
    const runs = Array.from({ length: RUNS }, () => measure(name));
    const { batches: n, peakBytes, batchPeakBytes, heapStart, heapEnd, nodes } = runs[0]!;
    const equal = runs.every((run) => run.equal);
    const streamed = median(runs.map((run) => run.streamSeconds));
    const inBatch = median(runs.map((run) => run.batchSeconds));
    const common = { n, heapStart, heapEnd, equal };
    const perSecond = (seconds: number): number => (n * nodes) / seconds;
    results.push(
      { name, ...common, peakBytes, seconds: streamed, nodesPerSecond: perSecond(streamed) },
      {
        name: `${name}, batch`,
        ...common,
        peakBytes: batchPeakBytes,
        seconds: inBatch,
        nodesPerSecond: perSecond(inBatch),
      },
    );
    const rate = Math.round(n / streamed).toLocaleString("en-US");
    const [start, end] = [heapStart, heapEnd].map((bytes) => (bytes / 1e6).toFixed(2));
    const verdict = equal ? "equals the batch result" : "DIFFERS FROM THE BATCH RESULT";
    lines.push(`${name}: ${rate} batches/s, heap ${start} MB at the start, ${end} MB at the end; ${verdict}`);
    if (!equal) process.exitCode = 1;
  }
  report(results);
  if (!process.argv.includes("--json")) process.stdout.write(`\n${lines.join("\n")}\n`);
}

const child = process.argv.indexOf("--child");
if (child < 0) main();
else {
  const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
  process.stdout.write(JSON.stringify(await runStream(process.argv[child + 1]!, collect)));
}
