import { type Data, type DataType, Field, makeData, RecordBatch, Schema, Struct, Table } from "apache-arrow";
import type { FlatColumn } from "./flat.js";

/** A table of one batch from finished columns. */
export function tableOf(names: readonly string[], columns: readonly Data[], rows: number): Table {
  const fields = columns.map((column, i) => new Field(names[i]!, column.type, true));
  const schema = new Schema(fields);
  const data = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children: [...columns] });
  return new Table(schema, [new RecordBatch(schema, data)]);
}

/** A flat column as Arrow data, sharing its memory. */
export function toData(column: FlatColumn): Data {
  const { length, nullCount } = column;
  const nullBitmap = column.valid ?? null;
  const type = column.type as DataType;
  // Arrow's typings want one exact type; which one it is is known only at run time.
  const make = makeData as unknown as (props: { readonly [name: string]: unknown }) => Data;
  switch (column.kind) {
    case "bool":
      return make({ type, length, nullCount, nullBitmap, data: column.bits });
    case "fixed":
      return make({ type, length, nullCount, nullBitmap, data: column.values });
    case "text":
      return make({ type, length, nullCount, nullBitmap, valueOffsets: column.offsets, data: column.bytes });
  }
}
