/** One row of a benchmark. */
export interface BenchResult {
  readonly name: string;
  readonly n: number;
  /** Median of the counted runs. */
  readonly seconds: number;
  /** The first run, nothing compiled or warm. */
  readonly coldSeconds?: number;
  /** Largest resident memory of the process that ran it once. */
  readonly peakBytes: number;
  /** Ours against the peer named in `peer`, over 1 is better. */
  readonly ratio?: number;
  readonly peer?: string;
  readonly nodesPerSecond?: number;
}

/** Prints a table, or with `--json` one JSON object `{ results }`. */
export function report(results: readonly BenchResult[]): void {
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ results })}\n`);
    return;
  }
  const rows = results.map((result) => [
    result.name,
    result.n.toLocaleString("en-US"),
    shown(result.seconds),
    result.coldSeconds?.toFixed(3) ?? "",
    `${(result.peakBytes / 1e6).toFixed(0)} MB`,
    result.nodesPerSecond === undefined ? "" : Math.round(result.nodesPerSecond).toLocaleString("en-US"),
    result.ratio === undefined ? "" : `${result.ratio.toFixed(result.ratio < 10 ? 1 : 0)} x ${result.peer ?? ""}`,
  ]);
  const head = ["name", "n", "median s", "cold s", "peak", "nodes/s", "ratio"];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  for (const row of [head, ...rows]) {
    process.stdout.write(
      `${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}\n`,
    );
  }
}

/** Seconds to the millisecond; short ones to ten microseconds. */
function shown(seconds: number): string {
  return seconds.toFixed(seconds < 0.1 ? 5 : 3);
}

/** The middle one of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** The value that a share of all values does not exceed. */
export const quantile =
  (share: number) =>
  (values: readonly number[]): number => {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  };
