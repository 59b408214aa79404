import { Bool, Float64, Int32, Table, Utf8, type Vector, vectorFromArray } from "apache-arrow";
import type { AxisValue } from "./axes.js";
import type { TrialResult } from "./trials.js";

/**
 * A search as a table: `trial`, the tried options (and, for halving, `rung` and `amount`), then for each metric
 * `<metric>_in` and `<metric>_out`; one row for each trial of each round.
 */
export function tableOfTrials(
  options: readonly string[],
  metrics: readonly string[],
  halving: boolean,
  results: readonly TrialResult[],
): Table {
  const whole = (values: number[]): Vector => vectorFromArray(values, new Int32());
  const number = (values: number[]): Vector => vectorFromArray(values, new Float64());
  return new Table({
    trial: whole(results.map(({ trial }) => trial)),
    ...(halving
      ? { rung: whole(results.map(({ rung }) => rung)), amount: number(results.map(({ amount }) => amount)) }
      : {}),
    ...Object.fromEntries(
      options.map((option) => [
        option,
        axisColumn(results.map(({ spec }) => (spec as unknown as { [option: string]: AxisValue })[option] ?? null)),
      ]),
    ),
    ...metricColumns(metrics, results),
  });
}

/** A learning curve as a table: the part of the rows, how many that is, and the metrics. */
export function tableOfCurve(
  metrics: readonly string[],
  rows: readonly number[],
  results: readonly TrialResult[],
): Table {
  return new Table({
    part: vectorFromArray(
      results.map(({ amount }) => amount),
      new Float64(),
    ),
    rows: vectorFromArray([...rows], new Int32()),
    ...metricColumns(metrics, results),
  });
}

function metricColumns(metrics: readonly string[], results: readonly TrialResult[]): { [name: string]: Vector } {
  return Object.fromEntries(
    metrics.flatMap((metric, m) =>
      (["in", "out"] as const).map((side) => [
        `${metric}_${side}`,
        vectorFromArray(
          results.map((each) => each[side][m]!),
          new Float64(),
        ),
      ]),
    ),
  );
}

/** Numbers, truth values, or text; values of several kinds, and objects, as JSON. */
function axisColumn(values: readonly AxisValue[]): Vector {
  const there = values.filter((value) => value !== null);
  if (there.every((value) => typeof value === "number")) return vectorFromArray(values, new Float64());
  if (there.every((value) => typeof value === "boolean")) return vectorFromArray(values, new Bool());
  const texts = values.map((value) => (value === null || typeof value === "string" ? value : JSON.stringify(value)));
  return vectorFromArray(texts, new Utf8());
}
