import type { Confusion } from "../metrics/classification.js";
import type { Importance, PermutationImportance } from "../metrics/importance.js";
import { badOption, isWhole } from "../model/options.js";
import { type ChartOptions, type ChartSpec, COLOURS, chart } from "./chart-spec.js";

/**
 * A confusion matrix: a row for each true class, a column for each that was said, with the number of rows in each cell;
 * shades are shares of the true class.
 *
 * @example
 * confusionChart(confusion(classesOf(table, "species"), predict(model, table)), { title: "Species" });
 */
export function confusionChart({ classes, counts }: Confusion, options: ChartOptions = {}): ChartSpec {
  const n = classes.length;
  const support = classes.map((_, k) => counts.subarray(k * n, (k + 1) * n).reduce((a, b) => a + b, 0));
  const values = Array.from(counts, (rows, i) => {
    const truth = Math.floor(i / n);
    const share = support[truth] === 0 ? 0 : rows / support[truth]!;
    return { truth: String(classes[truth]), said: String(classes[i % n]), rows, share };
  });
  const labels = classes.map(String);
  const axis = { labelAngle: 0, labelLimit: 120, grid: false, ticks: false, domain: false };
  const size = Math.max(160, Math.min(560, 70 * n));
  return chart(
    { width: size, height: size, ...options },
    {
      data: { values },
      encoding: {
        x: { field: "said", type: "nominal", title: "Said", sort: labels, axis: { ...axis, orient: "top" } },
        y: { field: "truth", type: "nominal", title: "True", sort: labels, axis },
      },
      layer: [
        {
          mark: { type: "rect", stroke: "white", strokeWidth: 2 },
          encoding: {
            color: {
              field: "share",
              type: "quantitative",
              scale: { domain: [0, 1], range: ["#f2f6fa", COLOURS[0]] },
              legend: null,
            },
          },
        },
        {
          mark: { type: "text", fontSize: 12 },
          encoding: {
            text: { field: "rows", type: "quantitative", format: ",d" },
            color: { condition: { test: "datum.share > 0.5", value: "white" }, value: "#222222" },
          },
        },
      ],
    },
  );
}

/**
 * How much each feature matters, greatest first; of permutation importance with a standard deviation to either side.
 *
 * @param options.top how many features to show (default 20)
 */
export function importanceChart(
  found: Importance | PermutationImportance,
  { top = 20, ...options }: ChartOptions & { readonly top?: number } = {},
): ChartSpec {
  if (!isWhole(top, 1)) throw badOption("top", top, "give a whole number from 1 up");
  const deviation = "deviation" in found ? found.deviation : undefined;
  const values = found.features
    .map((feature, f) => {
      const importance = found.importance[f]!;
      const apart = deviation?.[f] ?? 0;
      return { feature, importance, low: importance - apart, high: importance + apart };
    })
    .sort((a, b) => b.importance - a.importance || (a.feature < b.feature ? -1 : 1))
    .slice(0, top);
  const names = values.map(({ feature }) => feature);
  const y = { field: "feature", type: "nominal", title: null, sort: names, axis: { labelLimit: 200, grid: false } };
  const x = { field: "importance", type: "quantitative", title: "Importance", axis: { tickCount: 5 } };
  const bars = { mark: { type: "bar", color: COLOURS[0], height: { band: 0.7 } }, encoding: { x, y } };
  const spread = {
    mark: { type: "rule", color: "#222222", strokeWidth: 1.5 },
    encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, y },
  };
  return chart(
    { height: Math.max(60, 24 * values.length), ...options },
    { data: { values }, layer: deviation === undefined ? [bars] : [bars, spread] },
  );
}
