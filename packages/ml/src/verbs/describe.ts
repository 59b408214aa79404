import { Float64, Int64, Table, Type, Utf8, vectorFromArray } from "apache-arrow";
import { columnNames, flatColumn } from "../table/columns.js";
import { bitAt, type FlatFixed } from "../table/flat.js";

const QUANTILES = { "25%": 0.25, "50%": 0.5, "75%": 0.75 };

/**
 * A row for each column of numbers: how many values and nulls it has, mean, standard deviation (n - 1), least value,
 * quartiles (linear between neighbours) and greatest, as pandas' `describe` has them. NaN counts as null.
 *
 * @example
 * describe(table).toArray().map(({ column, mean }) => [column, mean]);
 */
export function describe(table: Table): Table {
  const numbers = columnNames(table)
    .map((name) => flatColumn(table, name))
    .filter(
      (column) => column.kind === "fixed" && (column.type.typeId === Type.Int || column.type.typeId === Type.Float),
    );
  const sorted = numbers.map((column) => sortedValues(column as FlatFixed));
  const float = (make: (values: Float64Array) => number) =>
    vectorFromArray(
      sorted.map((values) => (values.length === 0 ? null : make(values))),
      new Float64(),
    );
  const int = (counts: readonly number[]) => vectorFromArray(counts.map(BigInt), new Int64());
  return new Table({
    column: vectorFromArray(
      numbers.map(({ name }) => name),
      new Utf8(),
    ),
    count: int(sorted.map((values) => values.length)),
    nulls: int(numbers.map(({ length }, i) => length - sorted[i]!.length)),
    mean: float(meanOf),
    std: float(stdOf),
    min: float((values) => values[0]!),
    ...Object.fromEntries(
      Object.entries(QUANTILES).map(([name, q]) => [name, float((values) => quantileOf(values, q))]),
    ),
    max: float((values) => values[values.length - 1]!),
  });
}

function sortedValues({ values, valid, length }: FlatFixed): Float64Array {
  const from = values as unknown as ArrayLike<number | bigint>;
  const found = new Float64Array(length);
  let used = 0;
  for (let row = 0; row < length; row++) {
    if (valid !== undefined && !bitAt(valid, row)) continue;
    const value = Number(from[row]!);
    if (!Number.isNaN(value)) found[used++] = value;
  }
  return found.subarray(0, used).sort();
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function stdOf(values: Float64Array): number {
  const mean = meanOf(values);
  let sum = 0;
  for (const value of values) sum += (value - mean) * (value - mean);
  return Math.sqrt(sum / (values.length - 1));
}

function quantileOf(values: Float64Array, q: number): number {
  const at = q * (values.length - 1);
  const low = Math.floor(at);
  const a = values[low]!;
  const b = values[Math.min(low + 1, values.length - 1)]!;
  return a + (b - a) * (at - low);
}
