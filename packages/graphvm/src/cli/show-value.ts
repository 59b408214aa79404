import { inspect } from "node:util";

/** What we use of an Arrow table; the CLI itself does not load Arrow. */
interface TableLike {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: unknown }[] };
  slice(begin: number, end: number): { toArray(): readonly { toJSON(): object }[] };
}

const ROWS = 5;

/** A value as people read it. Long ones are cut. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (isTable(value)) {
    const columns = value.schema.fields.map(({ name, type }) => `${name} ${String(type)}`).join(", ");
    const rows = value.slice(0, ROWS).toArray();
    const more = value.numRows > ROWS ? [`… ${value.numRows - ROWS} more rows`] : [];
    const head = `table of ${value.numRows} rows: ${columns}`;
    return [head, ...rows.map((row) => `  ${inspect(row.toJSON(), { breakLength: Infinity })}`), ...more].join("\n");
  }
  return inspect(value, { depth: 4, maxArrayLength: 50, maxStringLength: 2000, breakLength: 100 });
}

/** A value as JSON has it: what JSON can't say becomes text, typed arrays become lists, tables what they are made of. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return typeof value === "function" ? String(value) : value;
  if (isTable(value)) {
    const columns = value.schema.fields.map(({ name, type }) => ({ name, type: String(type) }));
    return { rows: value.numRows, columns };
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof Map) return [...value].map(([key, each]) => [jsonValue(key), jsonValue(each)]);
  if (value instanceof Set || ArrayBuffer.isView(value)) return Array.from(value as Iterable<unknown>, jsonValue);
  if (Array.isArray(value)) return value.map(jsonValue);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, jsonValue(each)]));
}

function isTable(value: unknown): value is TableLike {
  const table = value as Partial<TableLike> | null;
  return typeof table === "object" && table !== null && typeof table.numRows === "number" && !!table.schema?.fields;
}
