/**
 * The types a CSV column can have. `int32` where every value of the column fits in 32 bits, `int64` (BigInt values)
 * where some whole number does not, `float64` for other numbers, `bool` for true and false, `utf8` for everything else.
 */
export type CsvType = "bool" | "int32" | "int64" | "float64" | "utf8";

/** One column: its name in the header and its type. */
export interface CsvColumn {
  readonly name: string;
  readonly type: CsvType;
}

/** The columns to read, in the order the table shall have. Plain data, so that it can be a rule's param. */
export type CsvSchema = readonly CsvColumn[];

/** A run of whole rows of a CSV file. Plain data, so that it can be a rule's param. */
export interface CsvBlock {
  /** Where the first row starts, in bytes from the start of the file. */
  readonly offset: number;
  /** Length in bytes. */
  readonly bytes: number;
  /** Line of the first row in the file; the header is line 1. */
  readonly line: number;
  /** How many rows the block has. */
  readonly rows: number;
}

/** What one pass over a CSV file finds. */
export interface CsvScan {
  /** sha-256 of the whole file, lower-case hex. */
  readonly sha256: string;
  /** Size of the file in bytes. */
  readonly size: number;
  /** Rows without the header. */
  readonly rows: number;
  /** Every column, with the type that fits all its values. */
  readonly schema: CsvSchema;
  /** The rows cut into blocks, in file order. */
  readonly blocks: readonly CsvBlock[];
}
