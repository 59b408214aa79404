import { plain } from "../cli/text.js";
import { runText } from "./run-text.js";
import { type Row, type TitanicResult, TUNED } from "./titanic.js";

/** Points of the grid that are shown. */
const SHOWN = 5;

/** The demo's answer for people. */
export function titanicText(result: TitanicResult): string {
  const { rows, tuned, best } = result;
  return [
    "",
    `  The list: ${rows.toLocaleString("en-US")} passengers${result.data === "generated" ? ", made up" : ""}`,
    "",
    ...table(
      ["column", "type", "missing", "distinct", "mean", "min", "median", "max", "mode"],
      result.summary.map((row) => [
        plain(String(row.column)),
        String(row.type),
        row.missing === 0 ? "" : String(row.missing),
        String(row.distinct),
        ...["mean", "min", "median", "max"].map((key) => short(row[key])),
        shortened(row.mode),
      ]),
      [0, 1, 8],
    ),
    "",
    "  Models: Gini on the rows they learned from, and on others",
    "",
    ...table(["model", "in sample", "out of sample", ""], modelRows(result), [0, 3]),
    "",
    `  Grid search: the best ${SHOWN} of ${result.grid.length} points, mean Gini of 5 folds`,
    "",
    ...gridTable(result.grid),
    "",
    `  best       ${best.model}, Gini ${best.gini.toFixed(4)} out of sample`,
    `  tuned      ${optionsText(tuned.spec)}`,
    ...runText(result),
  ].join("\n");
}

function modelRows({ models, tuned }: TitanicResult): string[][] {
  const of = (sample: string) => models.filter((row) => row.sample === sample);
  const found = of("in").map((row, i) => ({
    name: String(row.model),
    in: Number(row.gini),
    out: Number(of("out")[i]!.gini),
  }));
  return [...found, { name: TUNED, in: tuned.giniIn, out: tuned.giniOut }]
    .sort((a, b) => b.out - a.out)
    .map((row) => [row.name, row.in.toFixed(3), row.out.toFixed(3), "#".repeat(Math.max(0, Math.round(row.out * 40)))]);
}

function gridTable(grid: readonly Row[]): string[] {
  const [first] = grid;
  const options = Object.keys(first ?? {}).filter((key) => key !== "trial" && !key.startsWith("gini"));
  const best = [...grid].sort((a, b) => Number(b.gini_out) - Number(a.gini_out)).slice(0, SHOWN);
  return table(
    ["trial", ...options, "in sample", "out of sample"],
    best.map((row) => [
      String(row.trial),
      ...options.map((option) => String(row[option])),
      Number(row.gini_in).toFixed(3),
      Number(row.gini_out).toFixed(3),
    ]),
    [],
  );
}

/** Columns side by side; those of `left` begin at the left, the others end at the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[], left: readonly number[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (left.includes(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  return [head, ...rows].map((cells) => `  ${line(cells)}`.trimEnd());
}

function short(value: Row[string] | undefined): string {
  return typeof value === "number" ? String(Math.round(value * 100) / 100) : "";
}

function shortened(value: Row[string] | undefined): string {
  const text = plain(String(value ?? ""));
  return text.length > 24 ? `${text.slice(0, 22)}...` : text;
}

function optionsText(spec: object): string {
  return Object.entries(spec)
    .filter(([key]) => key !== "seed" && key !== "early_stopping")
    .map(([key, value]) => (key === "model" ? String(value) : `${key} ${value}`))
    .join(", ");
}
