// npm run bench:stream [-- --json]
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type BenchResult, report } from "./report.js";
import { runStream, type StreamRun, WORKS } from "./stream-work.js";

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
    const run = measure(name);
    const { batches: n, peakBytes, heapStart, heapEnd, equal, nodes } = run;
    const common = { n, peakBytes, heapStart, heapEnd, equal };
    const perSecond = (seconds: number): number => (n * nodes) / seconds;
    results.push(
      { name, ...common, seconds: run.streamSeconds, nodesPerSecond: perSecond(run.streamSeconds) },
      { name: `${name}, batch`, ...common, seconds: run.batchSeconds, nodesPerSecond: perSecond(run.batchSeconds) },
    );
    const rate = Math.round(n / run.streamSeconds).toLocaleString("en-US");
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
