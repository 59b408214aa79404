import type { Table } from "apache-arrow";
import type { Metric } from "../metrics/metrics.js";
import { columnOf } from "../table/columns.js";
import { type ChartOptions, type ChartSpec, COLOURS, chart } from "./chart-spec.js";

const SIDES = [
  ["in", "rows learned from"],
  ["out", "other rows"],
] as const;

/**
 * A metric by the number of rows that were learned from, in and out of sample.
 *
 * @param curve what `tune.learningCurve` gives
 * @throws MissingColumnError for a metric that was not measured.
 * @example
 * learningCurveChart(await graph.calc(tune.learningCurve(rows, spec, { parts: [0.25, 0.5, 1], metrics: ["auc"] })), "auc");
 */
export function learningCurveChart(curve: Table, metric: Metric, options: ChartOptions = {}): ChartSpec {
  const rows = [...(columnOf(curve, "rows") as Iterable<number>)];
  const values = SIDES.flatMap(([side, name]) =>
    [...(columnOf(curve, `${metric}_${side}`) as Iterable<number>)].map((value, i) => ({
      side: name,
      rows: rows[i]!,
      value,
    })),
  );
  return chart(
    { width: 420, height: 300, ...options },
    {
      data: { values },
      mark: { type: "line", strokeWidth: 2, point: { size: 40 } },
      encoding: {
        x: { field: "rows", type: "quantitative", title: "Rows learned from", axis: { tickCount: 6 } },
        y: { field: "value", type: "quantitative", title: metric, scale: { zero: false }, axis: { tickCount: 6 } },
        color: {
          field: "side",
          type: "nominal",
          scale: { domain: SIDES.map(([, name]) => name), range: COLOURS.slice(0, 2) },
        },
      },
    },
  );
}
