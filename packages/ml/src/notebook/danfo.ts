import { type Data, Int32, makeData, type Table, Type } from "apache-arrow";
import { ColumnTypeError, DanfoMissingError } from "../errors.js";
import { type Cells, cellsOf, dataOf } from "../prepare/cells.js";
import { tableOf } from "../table/build.js";
import { columnNames, columnOf } from "../table/columns.js";

/** What is used of a danfo DataFrame. */
export interface DanfoFrame {
  readonly columns: string[];
  readonly dtypes: string[];
  readonly shape: number[];
  /** Values by column. */
  readonly getColumnData: unknown;
}

/** What is used of the module `danfojs-node`; `F` is its DataFrame. */
export interface DanfoModule<F extends DanfoFrame = DanfoFrame> {
  readonly DataFrame: new (data: never, options: never) => F;
}

/** A variable, so that neither the compiler nor a bundler looks for the package. */
const PACKAGE: string = "danfojs-node";

/**
 * A table as a danfo DataFrame, for notebooks. Whole numbers become `int32` (which is a name: danfo keeps JavaScript's
 * numbers), or `float32` where some are missing; what is missing is NaN among numbers and null elsewhere.
 *
 * @param danfo the module, where it is not installed beside this package. Loading it takes a second, and makes every
 * `Array.prototype.concat` of the process slow: keep it out of workers.
 * @throws DanfoMissingError; ColumnTypeError for dates, decimals and whole numbers beyond 2^53: convert them with `derive`.
 * @example
 * const frame = await toDanfo(table);
 * frame.head().print();
 */
export async function toDanfo<F extends DanfoFrame = DanfoFrame>(table: Table, danfo?: DanfoModule<F>): Promise<F> {
  const { DataFrame } = danfo ?? (await loadDanfo<F>());
  const names = columnNames(table);
  const columns = names.map((name) => danfoColumn(table, name));
  const dtypes = columns.map(({ dtype }) => dtype);
  // danfo refuses columns without a value
  const data = table.numRows === 0 ? [] : Object.fromEntries(names.map((name, i) => [name, columns[i]!.values]));
  return new DataFrame(data as never, { columns: names, dtypes } as never);
}

async function loadDanfo<F extends DanfoFrame>(): Promise<DanfoModule<F>> {
  try {
    const loaded = (await import(PACKAGE)) as DanfoModule<F> & { readonly default?: DanfoModule<F> };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new DanfoMissingError(
      "danfojs-node is not installed here: npm install danfojs-node@1.2.0, with the overrides in the README of @graphvm/ml.",
      { package: PACKAGE },
      { cause },
    );
  }
}

function danfoColumn(table: Table, name: string): { readonly dtype: string; readonly values: readonly unknown[] } {
  const cells = cellsOf(table, name);
  if (cells.kind === "text") return { dtype: "string", values: cells.values };
  if (cells.kind === "bool") return { dtype: "boolean", values: cells.values };
  const values = Array.from(cells.values);
  const { type } = columnOf(table, name);
  if (type.typeId !== Type.Int) return { dtype: "float32", values };
  if (values.some((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    throw new ColumnTypeError(
      `Column "${name}" has whole numbers beyond 2^53, which danfo would round; cast it with derive, to VARCHAR for instance.`,
      { column: name, type: String(type) },
    );
  }
  return { dtype: values.some(Number.isNaN) ? "float32" : "int32", values };
}

/**
 * A danfo DataFrame as a table: `int32` as 32-bit whole numbers where all of them are, other numbers as 64-bit floats, texts
 * and truth values as such. NaN, undefined and null are nulls. The index stays behind.
 *
 * @throws ColumnTypeError for columns of anything else.
 */
export function fromDanfo(frame: DanfoFrame): Table {
  const columns = frame.getColumnData as readonly (readonly unknown[])[];
  const data = frame.columns.map((name, i) => arrowColumn(name, frame.dtypes[i]!, columns[i] ?? []));
  return tableOf(frame.columns, data, frame.shape[0] ?? 0);
}

function arrowColumn(name: string, dtype: string, values: readonly unknown[]): Data {
  if (dtype === "int32" && values.every((value) => typeof value === "number" && (value | 0) === value)) {
    const type = new Int32();
    const data = Int32Array.from(values as readonly number[]);
    return makeData({ type, length: values.length, nullCount: 0, nullBitmap: null, data });
  }
  const kind = KINDS[dtype];
  if (kind !== undefined) return dataOf(kind(values));
  throw new ColumnTypeError(`Column "${name}" is ${dtype}; make it numbers, texts or truth values first.`, {
    column: name,
    type: dtype,
  });
}

const isMissing = (value: unknown): boolean => value === null || value === undefined || Number.isNaN(value);

const numbers = (values: readonly unknown[]): Cells => ({
  kind: "number",
  values: Float64Array.from(values, (value) => (isMissing(value) ? Number.NaN : Number(value))),
});

const KINDS: { readonly [dtype: string]: (values: readonly unknown[]) => Cells } = {
  int32: numbers,
  float32: numbers,
  string: (values) => ({ kind: "text", values: values.map((value) => (isMissing(value) ? null : String(value))) }),
  boolean: (values) => ({ kind: "bool", values: values.map((value) => (isMissing(value) ? null : Boolean(value))) }),
};
