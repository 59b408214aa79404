import { type Divergence, differenceText, type ReplayReport } from "@graphvm/cluster";
import { countText, plain } from "../cli/text.js";

/** A replay's report as `--json` prints it; `recording export --html` reads it back. */
export function replayJson({ header: _header, ...report }: ReplayReport): Omit<ReplayReport, "header"> {
  return report;
}

/** A replay's report as people read it. */
export function replayText(report: ReplayReport): string {
  const { verdict, calls, workers, seconds, first, diverged } = report;
  const on = workers === 0 ? "" : ` on ${countText(workers, "worker")}`;
  const work = `${countText(calls, "call")} run again${on} in ${seconds.toFixed(1)} s`;
  if (verdict === "equal") return `EQUAL: ${comparedText(report)}; ${work}.`;
  const lines =
    calls === 0
      ? ["DIVERGED: an input is another than recorded; nothing was run."]
      : [`DIVERGED: ${comparedText(report, "no digest was reached")}, ${diverged} diverged; ${work}.`];
  if (first) lines.push(...divergenceText(first));
  return lines.join("\n");
}

/** How much was equal. A recording without digests proves that its calls can be run, and nothing about what they give. */
export function comparedText(
  { compared, equal, level }: Pick<ReplayReport, "compared" | "equal" | "level">,
  none = "the recording has no digest to compare, only calls that ended as recorded",
): string {
  if (compared === 0) return none;
  return `${equal.toLocaleString("en-US")} of ${countText(compared, "digest")} equal${level === "nodes" ? " (every node)" : ""}`;
}

/** Where, why and by how much. */
export function divergenceText(first: Divergence): string[] {
  const { message, cause, why, node, rule, recorded, replayed, difference } = first;
  const rows: [string, string | undefined][] = [
    ["first", message],
    ["node", node === undefined ? undefined : `${node}${rule ? ` (${rule})` : ""}`],
    ["cause", why === undefined ? cause : `${cause}: ${why}`],
    ["recorded", recorded],
    ["replayed", replayed],
    ...(difference === undefined ? [] : differenceText(difference)).map((line, i): [string, string] => [
      i === 0 ? "differs" : "",
      line,
    ]),
  ];
  return rows
    .filter((row): row is [string, string] => row[1] !== undefined)
    .map(([name, text]) => `${(name === "" ? "" : `${name}:`).padEnd(10)}${plain(text)}`);
}
