import type { DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  TimeMicrosecond,
  TimeNanosecond,
  Timestamp,
  TimeUnit,
  Type,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";

/** How one column's bytes become DuckDB's: as they are, or each value through a conversion. */
export type Sending =
  | { readonly kind: "text" | "bool"; readonly sql: string }
  | { readonly kind: "same"; readonly sql: string }
  /** Only the low bytes of each value are kept: DuckDB stores decimals of few digits in fewer bytes. */
  | { readonly kind: "low"; readonly sql: string; readonly width: number }
  /** Each value times a whole number, as 64 bits. */
  | { readonly kind: "times"; readonly sql: string; readonly factor: bigint };

/** What a DuckDB column becomes. */
export type Receiving =
  | { readonly kind: "text" | "bool"; readonly type: DataType }
  | { readonly kind: "same"; readonly type: DataType; readonly width: number }
  /** Decimals of few digits, made 16 bytes wide. */
  | { readonly kind: "decimal"; readonly type: DataType; readonly width: number }
  /** 128-bit sums of whole numbers, that fit in 64 bits or are an error. */
  | { readonly kind: "sum"; readonly type: DataType };

const INTEGERS = new Map([
  ["Int8", "TINYINT"],
  ["Int16", "SMALLINT"],
  ["Int32", "INTEGER"],
  ["Int64", "BIGINT"],
  ["Uint8", "UTINYINT"],
  ["Uint16", "USMALLINT"],
  ["Uint32", "UINTEGER"],
  ["Uint64", "UBIGINT"],
]);

const TIMESTAMPS = ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"];

/** How columns of an Arrow type travel to DuckDB; undefined for types that have no counterpart there. */
export function sendingOf(type: DataType): Sending | undefined {
  switch (type.typeId) {
    case Type.Bool:
      return { kind: "bool", sql: "BOOLEAN" };
    case Type.Utf8:
    case Type.LargeUtf8:
      return { kind: "text", sql: "VARCHAR" };
    case Type.Binary:
    case Type.LargeBinary:
      return { kind: "text", sql: "BLOB" };
    case Type.Int:
      return { kind: "same", sql: INTEGERS.get(String(type))! };
    case Type.Float:
      return floatOf(String(type));
    case Type.Date:
      // Milliseconds hold times of day too, and JavaScript's dates come as such.
      return String(type) === "Date32<DAY>" ? { kind: "same", sql: "DATE" } : { kind: "same", sql: "TIMESTAMP_MS" };
    case Type.Timestamp: {
      const { unit, timezone } = type as Timestamp;
      if (!timezone) return { kind: "same", sql: TIMESTAMPS[unit]! };
      if (unit === TimeUnit.MICROSECOND) return { kind: "same", sql: "TIMESTAMPTZ" };
      if (unit === TimeUnit.NANOSECOND) return undefined; // DuckDB would cut them
      return { kind: "times", sql: "TIMESTAMPTZ", factor: unit === TimeUnit.SECOND ? 1_000_000n : 1_000n };
    }
    case Type.Time: {
      const { unit } = type as unknown as { readonly unit: TimeUnit };
      if (unit === TimeUnit.MICROSECOND) return { kind: "same", sql: "TIME" };
      if (unit === TimeUnit.NANOSECOND) return { kind: "same", sql: "TIME_NS" };
      return { kind: "times", sql: "TIME", factor: unit === TimeUnit.SECOND ? 1_000_000n : 1_000n };
    }
    case Type.Decimal: {
      const { precision, scale, bitWidth } = type as Decimal;
      if (precision > 38 || bitWidth !== 128) return undefined;
      return { kind: "low", sql: `DECIMAL(${precision}, ${scale})`, width: decimalWidth(precision) };
    }
    default:
      return undefined;
  }
}

function floatOf(type: string): Sending | undefined {
  if (type === "Float64") return { kind: "same", sql: "DOUBLE" };
  return type === "Float32" ? { kind: "same", sql: "FLOAT" } : undefined;
}

function decimalWidth(precision: number): number {
  if (precision <= 4) return 2;
  if (precision <= 9) return 4;
  return precision <= 18 ? 8 : 16;
}

/** By DuckDB's type ids, which are part of its C interface and never change. */
const SAME: { readonly [id: number]: readonly [make: () => DataType, width: number] } = {
  2: [() => new Int8(), 1],
  3: [() => new Int16(), 2],
  4: [() => new Int32(), 4],
  5: [() => new Int64(), 8],
  6: [() => new Uint8(), 1],
  7: [() => new Uint16(), 2],
  8: [() => new Uint32(), 4],
  9: [() => new Uint64(), 8],
  10: [() => new Float32(), 4],
  11: [() => new Float64(), 8],
  12: [() => new Timestamp(TimeUnit.MICROSECOND), 8],
  13: [() => new DateDay(), 4],
  14: [() => new TimeMicrosecond(), 8],
  20: [() => new Timestamp(TimeUnit.SECOND), 8],
  21: [() => new Timestamp(TimeUnit.MILLISECOND), 8],
  22: [() => new Timestamp(TimeUnit.NANOSECOND), 8],
  31: [() => new Timestamp(TimeUnit.MICROSECOND, "UTC"), 8],
  39: [() => new TimeNanosecond(), 8],
};

const BOOLEAN = 1;
const HUGEINT = 16;
const VARCHAR = 17;
const BLOB = 18;
const DECIMAL = 19;

/** What a result column of that type becomes; undefined for types that a table can't have. */
export function receivingOf(type: DuckDBType): Receiving | undefined {
  const id: DuckDBTypeId & number = type.typeId;
  switch (id as number) {
    case BOOLEAN:
      return { kind: "bool", type: new Bool() };
    case VARCHAR:
      return { kind: "text", type: new Utf8() };
    case BLOB:
      return { kind: "text", type: new Binary() };
    case HUGEINT:
      return { kind: "sum", type: new Int64() };
    case DECIMAL: {
      const { width, scale } = type as unknown as { readonly width: number; readonly scale: number };
      return { kind: "decimal", type: new Decimal(scale, width, 128), width: decimalWidth(width) };
    }
    default: {
      const found = SAME[id];
      return found && { kind: "same", type: found[0](), width: found[1] };
    }
  }
}
