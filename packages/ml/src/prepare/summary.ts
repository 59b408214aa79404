import { Table as ArrowTable, Float64, Int32, type Table, Utf8, vectorFromArray } from "apache-arrow";
import { columnNames, flatColumn } from "../table/columns.js";
import { type Cells, cellsOf, distinctOf, labelsOf, meanOf, medianOf, modeOf, presentNumbers } from "./cells.js";

/** What a summary says of one column. What a text or truth value has no answer to is null. */
export interface ColumnSummary {
  readonly column: string;
  readonly type: string;
  readonly rows: number;
  /** Nulls and NaN. */
  readonly missing: number;
  /** Different values, missing ones apart. */
  readonly distinct: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly median: number | null;
  readonly max: number | null;
  /** The most frequent value as text; of equally frequent ones the first in order. */
  readonly mode: string | null;
}

/**
 * What there is in each column of a table. True counts as 1 in the mean of truth values.
 *
 * @throws ColumnTypeError for dates and nested columns.
 * @example
 * for (const { column, missing } of summaryOf(table)) console.log(column, missing);
 */
export function summaryOf(table: Table): ColumnSummary[] {
  return columnNames(table).map((column) => {
    const cells = cellsOf(table, column);
    const labels = labelsOf(cells);
    const there = labels.filter((label) => label !== null);
    const mode = modeOf(there);
    return {
      column,
      type: String(flatColumn(table, column).type),
      rows: labels.length,
      missing: labels.length - there.length,
      distinct: distinctOf(there).length,
      ...measuresOf(cells),
      mode: mode === null ? null : String(mode),
    };
  });
}

type Measures = Pick<ColumnSummary, "mean" | "min" | "median" | "max">;

function measuresOf(cells: Cells): Measures {
  const none = { mean: null, min: null, median: null, max: null };
  if (cells.kind === "text") return none;
  const values =
    cells.kind === "number"
      ? presentNumbers(cells.values)
      : Float64Array.from(cells.values.filter((value) => value !== null).map(Number));
  if (values.length === 0) return none;
  const mean = meanOf(values);
  if (cells.kind === "bool") return { ...none, mean };
  let min = values[0]!;
  let max = min;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { mean, min, median: medianOf(values), max };
}

/** The same as a table, one row for each column. */
export function summary(table: Table): Table {
  const found = summaryOf(table);
  const texts = (key: "column" | "type" | "mode") =>
    vectorFromArray(
      found.map((each) => each[key]),
      new Utf8(),
    );
  const counts = (key: "rows" | "missing" | "distinct") =>
    vectorFromArray(
      found.map((each) => each[key]),
      new Int32(),
    );
  const numbers = (key: keyof Measures) =>
    vectorFromArray(
      found.map((each) => each[key]),
      new Float64(),
    );
  return new ArrowTable({
    column: texts("column"),
    type: texts("type"),
    rows: counts("rows"),
    missing: counts("missing"),
    distinct: counts("distinct"),
    mean: numbers("mean"),
    min: numbers("min"),
    median: numbers("median"),
    max: numbers("max"),
    mode: texts("mode"),
  });
}
