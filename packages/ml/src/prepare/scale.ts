import type { Table } from "apache-arrow";
import { ColumnTypeError } from "../errors.js";
import { cellsOf, dataOf, meanOf, medianOf, presentNumbers, quantileOf, withColumns } from "./cells.js";
import type { ScaleStep } from "./steps.js";

type Scales = { readonly [column: string]: readonly [shift: number, scale: number] };

export function fitScale({ columns, by = "standard" }: ScaleStep, table: Table): Scales {
  return Object.fromEntries(
    columns.map((name) => {
      const [shift, scale] = scaleOf(presentNumbers(numbersIn(table, name)), by);
      return [name, [shift, scale > 0 ? scale : 1] as const];
    }),
  );
}

function scaleOf(values: Float64Array, by: "standard" | "range" | "robust"): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const sorted = Float64Array.from(values).sort();
  const [min, max] = [sorted[0]!, sorted[sorted.length - 1]!];
  if (min === max) return [min, 1];
  if (by === "range") return [min, max - min];
  if (by === "robust") return [medianOf(sorted), quantileOf(sorted, 0.75) - quantileOf(sorted, 0.25)];
  const mean = meanOf(values);
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return [mean, Math.sqrt(squares / values.length)];
}

export function applyScale(scales: Scales, table: Table): Table {
  const made = Object.entries(scales).map(([name, [shift, scale]]) => {
    const values = numbersIn(table, name).map((value) => (value - shift) / scale);
    return [name, dataOf({ kind: "number", values })] as const;
  });
  return withColumns(table, new Map(made));
}

function numbersIn(table: Table, name: string): Float64Array {
  const cells = cellsOf(table, name);
  if (cells.kind === "number") return cells.values;
  throw new ColumnTypeError(`Column "${name}" is ${cells.kind}; scaling takes numbers.`, {
    column: name,
    type: cells.kind,
  });
}
