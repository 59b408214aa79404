import type { FileValue } from "@graphvm/engine";
import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { readCsv, readCsvBlock } from "../csv/read.js";
import type { CsvBlock, CsvSchema } from "../csv/types.js";
import { select } from "../table/columns.js";

/** Data sources and what is done to tables before models see them. */
export const ds = namespace("ds", {
  /** A whole CSV file as a table, types as `readCsv` finds them. */
  csvSource: rule((source: FileValue): Op<Table> => apply((from: FileValue) => readCsv(from.path), source)()),

  /** One block of a CSV file, as `csvBlocks` cuts it. */
  csvBlock: rule(
    (source: FileValue, block: CsvBlock, schema: CsvSchema): Op<Table> =>
      apply(
        (from: FileValue, part: CsvBlock, columns: CsvSchema) => readCsvBlock(from.path, part, columns),
        source,
        block,
        schema,
      )(),
  ),

  /** The named columns, in that order. */
  select: rule(
    (raw: Ref<Table>, columns: readonly string[]): Op<Table> =>
      apply((names: readonly string[], table: Table) => select(table, names), columns)(raw),
  ),
});
