// The program of `graphvm demo regions`: what is declared here is loaded into the cluster, recorded and replayed.

import { readFileSync } from "node:fs";
import { apply, file, namespace, type Op, type Ref, rule } from "graphvm";
import { DATA, OUTSIDE, PLANES, type Plane } from "./regions-names.js";

/** A day's mean generation in MW, by day in order: what a forecast learns from. */
export interface Daily {
  readonly days: readonly string[];
  readonly mean: Float64Array;
  /** The means of the day before and of the week before; NaN where there is none. */
  readonly lag1: Float64Array;
  readonly lag7: Float64Array;
}

/** How well tomorrow's gas-fired generation is told from what the planes let out. */
export interface Forecast {
  readonly days: number;
  /** Mean absolute errors over the last four weeks, in MW. */
  readonly model: number;
  /** Of saying what was the day before. */
  readonly persistence: number;
  /** The part that wind and hydro have of all three. */
  readonly renewable: number;
}

/** The third column of each line with its day. */
function measured(text: string): [day: string, mw: number][] {
  const lines = text.trim().split("\n").slice(1);
  return lines.map((line) => {
    const [, at = "", mw = ""] = line.split(",");
    return [at.slice(0, 10), Number(mw)];
  });
}

function daily(rows: readonly (readonly [day: string, mw: number])[]): Daily {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [day, mw] of rows) {
    const of = sums.get(day) ?? { sum: 0, count: 0 };
    sums.set(day, { sum: of.sum + mw, count: of.count + 1 });
  }
  const days = [...sums.keys()].sort();
  const mean = Float64Array.from(days, (day) => sums.get(day)!.sum / sums.get(day)!.count);
  const lagged = (by: number): Float64Array => mean.map((_, i) => mean[i - by] ?? Number.NaN);
  return { days, mean, lag1: lagged(1), lag7: lagged(7) };
}

/** So many days at the end judge the forecast. */
const JUDGED = 28;

function forecast(planes: readonly Daily[]): Forecast {
  const [gas, wind, hydro] = planes as [Daily, Daily, Daily];
  const rows = gas.days.flatMap((day, i) => {
    const [w, h] = [wind.days.indexOf(day), hydro.days.indexOf(day)];
    if (i < 7 || w < 1 || h < 1) return [];
    return [{ x: [1, gas.lag1[i]!, gas.lag7[i]!, wind.lag1[w]!, hydro.lag1[h]!], y: gas.mean[i]! }];
  });
  const learnt = rows.slice(0, -JUDGED);
  const weights = leastSquares(
    learnt.map(({ x }) => x),
    learnt.map(({ y }) => y),
  );
  const judged = rows.slice(-JUDGED);
  const error = (told: (x: readonly number[]) => number): number =>
    judged.reduce((sum, { x, y }) => sum + Math.abs(told(x) - y), 0) / judged.length;
  const total = (of: Daily): number => of.mean.reduce((sum, mw) => sum + mw, 0);
  return {
    days: gas.days.length,
    model: error((x) => dot(x, weights)),
    persistence: error((x) => x[1]!),
    renewable: (total(wind) + total(hydro)) / (total(gas) + total(wind) + total(hydro)),
  };
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** The weights that leave the least squared error, by the normal equations and Gauss's elimination with pivots. */
function leastSquares(rows: readonly (readonly number[])[], y: readonly number[]): number[] {
  const size = rows[0]!.length;
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    rows.reduce((sum, row, r) => sum + row[i]! * y[r]!, 0),
  ]);
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let r = i + 1; r < size; r++) if (Math.abs(system[r]![i]!) > Math.abs(system[pivot]![i]!)) pivot = r;
    [system[i], system[pivot]] = [system[pivot]!, system[i]!];
    for (let r = 0; r < size; r++) {
      if (r === i) continue;
      const factor = system[r]![i]! / system[i]![i]!;
      for (let c = i; c <= size; c++) system[r]![c]! -= factor * system[i]![c]!;
    }
  }
  return system.map((row, i) => row[size]! / row[i]!);
}

export const regions = namespace("regions", {
  /** A plane's own measurements: bound to it. */
  rows: rule(
    (plane: Plane): Op<[string, number][]> =>
      apply(
        (source: { readonly path: string }) => measured(readFileSync(source.path, "utf8")),
        file(DATA, { on: { plane } }),
      )(),
  ),
  /** What leaves a plane: some kilobytes, however long it measured. */
  daily: rule((plane: Plane): Op<Daily> => apply(daily)(regions.rows(plane)), { exports: { maxBytes: 65_536 } }),
  /** Made outside of them all, of what left. */
  forecast: rule((): Op<Forecast> => apply.all(forecast)(PLANES.map((plane): Ref<Daily> => regions.daily(plane))), {
    on: OUTSIDE,
  }),
});
