import { createRandom, currentAtom, type FileValue } from "@graphvm/engine";
import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import type { OnBadRow } from "../csv/bad-rows.js";
import { readBadRows, readCsv, readCsvBlock } from "../csv/read.js";
import type { CsvBlock, CsvSchema } from "../csv/types.js";
import { sql } from "../duckdb/query.js";
import { type JsonBlock, type JsonSchema, readJsonBlock, readJsonLines } from "../sources/json-lines.js";
import { type ParquetBlock, readParquet, readParquetBlock } from "../sources/parquet.js";
import { select } from "../table/columns.js";
import { describe } from "../verbs/describe.js";
import { derive, filter } from "../verbs/expressions.js";
import { type Aggregates, groupBy } from "../verbs/group-by.js";
import { type JoinOptions, join } from "../verbs/join.js";
import { orderBy, type SortKey } from "../verbs/order-by.js";
import { concat, type SampleSize, sample } from "../verbs/rows.js";

/** Data sources and what is done to tables before models see them. */
export const ds = namespace("ds", {
  /** A whole CSV file as a table, types as `readCsv` finds them. */
  csvSource: rule((source: FileValue): Op<Table> => apply((from: FileValue) => readCsv(from.path), source)()),

  /** One block of a CSV file, as `csvBlocks` cuts it. With "collect", without the rows that do not fit. */
  csvBlock: rule(
    (source: FileValue, block: CsvBlock, schema: CsvSchema, onBadRow?: OnBadRow): Op<Table> =>
      apply(
        (from: FileValue, part: CsvBlock, columns: CsvSchema, bad: OnBadRow) =>
          readCsvBlock(from.path, part, columns, { onBadRow: bad }),
        source,
        block,
        schema,
        onBadRow ?? "error",
      )(),
  ),

  /** The rows of a block of a CSV file that do not fit: file, line, column, text. */
  badRows: rule(
    (source: FileValue, block: CsvBlock, schema: CsvSchema): Op<Table> =>
      apply(
        (from: FileValue, part: CsvBlock, columns: CsvSchema) => readBadRows(from.path, part, columns, from.uri),
        source,
        block,
        schema,
      )(),
  ),

  /** A whole Parquet file as a table, or some of its columns. */
  parquetSource: rule(
    (source: FileValue, columns?: readonly string[]): Op<Table> =>
      apply(
        (from: FileValue, names: readonly string[] | null) => readParquet(from.path, names ?? undefined),
        source,
        columns ?? null,
      )(),
  ),

  /** One block of a Parquet file, as `parquetBlocks` cuts it. */
  parquetBlock: rule(
    (source: FileValue, block: ParquetBlock, columns: readonly string[]): Op<Table> =>
      apply(
        (from: FileValue, part: ParquetBlock, names: readonly string[]) => readParquetBlock(from.path, part, names),
        source,
        block,
        columns,
      )(),
  ),

  /** A whole file of JSON lines as a table, types as `readJsonLines` finds them. */
  jsonSource: rule((source: FileValue): Op<Table> => apply((from: FileValue) => readJsonLines(from.path), source)()),

  /** One block of a file of JSON lines, as `jsonBlocks` cuts it. */
  jsonBlock: rule(
    (source: FileValue, block: JsonBlock, schema: JsonSchema): Op<Table> =>
      apply(
        (from: FileValue, part: JsonBlock, columns: JsonSchema) => readJsonBlock(from.path, part, columns),
        source,
        block,
        schema,
      )(),
  ),

  /** What a SQL query gives over tables by name: see `sql`. `random()` in it draws from the node's own seed. */
  sql: rule(
    (query: string, from: { readonly tables: { readonly [name: string]: Ref<Table> } }): Op<Table> =>
      apply.all(
        (text: string, names: readonly string[], tables: readonly Table[]) =>
          sql(text, {
            tables: Object.fromEntries(names.map((name, i) => [name, tables[i]!])),
            seed: ownRandom().uint32(),
          }),
        query,
        Object.keys(from.tables),
      )(Object.values(from.tables)),
  ),

  /** The named columns, in that order. */
  select: rule(
    (raw: Ref<Table>, columns: readonly string[]): Op<Table> =>
      apply((names: readonly string[], table: Table) => select(table, names), columns)(raw),
  ),

  /** The rows for which a SQL condition holds. */
  filter: rule(
    (raw: Ref<Table>, where: string): Op<Table> =>
      apply((condition: string, table: Table) => filter(table, condition), where)(raw),
  ),

  /** Columns computed by SQL expressions, added or put in the place of others. */
  derive: rule(
    (raw: Ref<Table>, columns: { readonly [name: string]: string }): Op<Table> =>
      apply((made: { readonly [name: string]: string }, table: Table) => derive(table, made), columns)(raw),
  ),

  /** A row for each combination of the keys, sorted by them, with aggregates. */
  groupBy: rule(
    (raw: Ref<Table>, keys: readonly string[], aggregates: Aggregates): Op<Table> =>
      apply((by: readonly string[], made: Aggregates, table: Table) => groupBy(table, by, made), keys, aggregates)(raw),
  ),

  /** The rows of two tables that have equal keys, in the left one's order. */
  join: rule(
    (left: Ref<Table>, right: Ref<Table>, options: JoinOptions): Op<Table> =>
      apply((how: JoinOptions, a: Table, b: Table) => join(a, b, how), options)(left, right),
  ),

  /** The rows sorted; equal ones keep their order. */
  orderBy: rule(
    (raw: Ref<Table>, by: readonly SortKey[]): Op<Table> =>
      apply((keys: readonly SortKey[], table: Table) => orderBy(table, keys), by)(raw),
  ),

  /** Some rows, drawn with the node's own random numbers. */
  sample: rule(
    (raw: Ref<Table>, size: SampleSize): Op<Table> =>
      apply((wanted: SampleSize, table: Table) => sample(table, wanted, ownRandom()), size)(raw),
  ),

  /** The rows of several tables, one after another. */
  concat: rule((tables: readonly Ref<Table>[]): Op<Table> => apply.all(concat)(tables)),

  /** Count, mean, spread and quartiles of each column of numbers. */
  describe: rule((raw: Ref<Table>): Op<Table> => apply(describe)(raw)),
});

/** The running node's generator: the same numbers wherever and whenever the node runs. */
function ownRandom() {
  return currentAtom()?.random ?? createRandom(0);
}
