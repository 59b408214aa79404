import { given, isTypedArray, type TypedArray } from "@graphvm/engine/internal";
import { ulpDistance, ulpDistance32 } from "./ulps.js";

/** A place where two values differ. */
export interface DifferentCell {
  /** `[3]`, `.rate`, `column amount, row 17`; empty for the value itself. */
  readonly path: string;
  readonly recorded: string;
  readonly replayed: string;
  /** Of numbers: how far apart they are, and how many doubles lie between them. */
  readonly absolute?: number;
  readonly ulps?: number;
}

/** How two values differ, for people. */
export interface ValueDifference {
  /** `number`, `table`, `Float64Array`, `object` and so on: what the recorded value is. */
  readonly kind: string;
  /** How many places differ; at most a million are counted. */
  readonly count: number;
  /** The first of them. */
  readonly cells: readonly DifferentCell[];
  /** Over all numbers that differ. */
  readonly maxAbsolute?: number;
  readonly maxUlps?: number;
  /** Of tables: the columns in which something differs, and in how many rows. */
  readonly columns?: readonly { readonly name: string; readonly rows: number }[];
}

const SHOWN = 5;
const COUNTED = 1_000_000;
const DEPTH = 1000;

/** What we use of an Arrow table; this package does not load Arrow. */
interface TableLike {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: unknown }[] };
  getChild(name: string): { get(row: number): unknown } | null;
}

/** Compares two values and says where they differ: first cells, distances of numbers, columns of tables. */
export function differenceOf(recorded: unknown, replayed: unknown): ValueDifference {
  const found = new Found();
  const columns = isTable(recorded) && isTable(replayed) ? compareTables(recorded, replayed, found) : undefined;
  if (columns === undefined) compare(recorded, replayed, "", found, 0);
  return {
    kind: kindOf(recorded),
    count: found.count,
    cells: found.cells,
    ...given({ maxAbsolute: found.maxAbsolute, maxUlps: found.maxUlps, columns }),
  };
}

/** The same in lines of text. */
export function differenceText({ kind, count, cells, maxAbsolute, maxUlps, columns }: ValueDifference): string[] {
  if (count === 0)
    return [`the two values read the same (${kind}): they differ in form only, such as the type of a column`];
  const places =
    count === 1 ? "1 place" : `${count.toLocaleString("en-US")}${count >= COUNTED ? " or more" : ""} places`;
  const most = maxAbsolute === undefined || count === 1 ? "" : `, by at most ${maxAbsolute} (${ulpText(maxUlps!)})`;
  const lines = [`${kind}: differs in ${places}${most}`];
  if (columns) lines.push(...columns.map(({ name, rows }) => `column ${name}: ${rows.toLocaleString("en-US")} rows`));
  for (const { path, recorded, replayed, absolute, ulps } of cells) {
    const distance = absolute === undefined ? "" : `, apart by ${absolute} (${ulpText(ulps!)})`;
    lines.push(`${path === "" ? "value" : path}: ${recorded} recorded, ${replayed} here${distance}`);
  }
  return lines;
}

/** Above a million only the magnitude says something. */
function ulpText(ulps: number): string {
  return `${ulps < 1e6 ? ulps.toLocaleString("en-US") : ulps.toExponential(1)} ulp`;
}

class Found {
  count = 0;
  readonly cells: DifferentCell[] = [];
  maxAbsolute: number | undefined;
  maxUlps: number | undefined;

  add(path: string, recorded: unknown, replayed: unknown, of: "double" | "single" | "count" = "double"): void {
    this.count++;
    const measured = of !== "count" && typeof recorded === "number" && typeof replayed === "number";
    const numbers = measured ? [recorded, replayed] : undefined;
    const absolute = numbers && Math.abs(numbers[0]! - numbers[1]!);
    const ulps = numbers && (of === "single" ? ulpDistance32 : ulpDistance)(numbers[0]!, numbers[1]!);
    if (absolute !== undefined && !(absolute <= (this.maxAbsolute ?? -1))) this.maxAbsolute = absolute;
    if (ulps !== undefined && !(ulps <= (this.maxUlps ?? -1))) this.maxUlps = ulps;
    if (this.cells.length >= SHOWN) return;
    const distance = absolute === undefined || ulps === undefined ? {} : { absolute, ulps };
    this.cells.push({ path, recorded: shown(recorded), replayed: shown(replayed), ...distance });
  }

  get full(): boolean {
    return this.count >= COUNTED;
  }
}

function compare(a: unknown, b: unknown, path: string, found: Found, depth: number): void {
  if (Object.is(a, b) || found.full || depth > DEPTH) return;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) found.add(path, a, b);
  else if (a instanceof Date && b instanceof Date) {
    if (!Object.is(a.getTime(), b.getTime())) found.add(path, a, b);
  } else if (kindOf(a) !== kindOf(b)) found.add(path, a, b);
  else if (isTable(a) && isTable(b)) compareTables(a, b, found, path);
  else if (isTypedArray(a) && isTypedArray(b)) compareTyped(a, b, path, found);
  else if (Array.isArray(a) || a instanceof Map || a instanceof Set) {
    compareLists([...(a as Iterable<unknown>)], [...(b as Iterable<unknown>)], path, found, depth);
  } else compareObjects(a as Record<string, unknown>, b as Record<string, unknown>, path, found, depth);
}

function compareLists(a: unknown[], b: unknown[], path: string, found: Found, depth: number): void {
  if (a.length !== b.length) found.add(`${path}.length`, a.length, b.length, "count");
  for (let i = 0; i < Math.min(a.length, b.length) && !found.full; i++) {
    compare(a[i], b[i], `${path}[${i}]`, found, depth + 1);
  }
}

function compareTyped(a: TypedArray, b: TypedArray, path: string, found: Found): void {
  if (a.length !== b.length) found.add(`${path}.length`, a.length, b.length, "count");
  const of = a instanceof Float32Array ? "single" : "double";
  for (let i = 0; i < Math.min(a.length, b.length) && !found.full; i++) {
    if (!Object.is(a[i], b[i])) found.add(`${path}[${i}]`, a[i], b[i], of);
  }
}

type Plain = Readonly<Record<string, unknown>>;

function compareObjects(a: Plain, b: Plain, path: string, found: Found, depth: number): void {
  for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    if (found.full) return;
    const place = /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
    if (!Object.hasOwn(a, key)) found.add(place, "(not there)", b[key]);
    else if (!Object.hasOwn(b, key)) found.add(place, a[key], "(not there)");
    else compare(a[key], b[key], place, found, depth + 1);
  }
}

function compareTables(a: TableLike, b: TableLike, found: Found, path = ""): { name: string; rows: number }[] {
  const at = path === "" ? "" : `${path}: `;
  if (a.numRows !== b.numRows) found.add(`${at}rows`, a.numRows, b.numRows, "count");
  const names = [...new Set([...a.schema.fields, ...b.schema.fields].map(({ name }) => name))];
  const columns: { name: string; rows: number }[] = [];
  for (const name of names) {
    const [left, right] = [a.getChild(name), b.getChild(name)];
    const [leftType, rightType] = [typeOf(a, name), typeOf(b, name)];
    if (left === null || right === null || leftType !== rightType) {
      found.add(`${at}column ${name}`, leftType ?? "(not there)", rightType ?? "(not there)");
      continue;
    }
    let rows = 0;
    for (let row = 0; row < Math.min(a.numRows, b.numRows) && !found.full; row++) {
      const before = found.count;
      compare(left.get(row), right.get(row), `${at}column ${name}, row ${row}`, found, 1);
      if (found.count > before) rows++;
    }
    if (rows > 0) columns.push({ name, rows });
  }
  return columns;
}

function typeOf({ schema }: TableLike, column: string): string | undefined {
  const field = schema.fields.find(({ name }) => name === column);
  return field && String(field.type);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  if (isTable(value)) return "table";
  return Object.getPrototypeOf(value) === null
    ? "object"
    : (value.constructor?.name ?? "object").replace(/^Object$/, "object");
}

function isTable(value: unknown): value is TableLike {
  const table = value as Partial<TableLike> | null;
  return typeof table === "object" && table !== null && typeof table.numRows === "number" && !!table.schema?.fields;
}

const TEXT = 80;

function shown(value: unknown): string {
  if (typeof value === "string")
    return value.length > TEXT ? `${JSON.stringify(value.slice(0, TEXT))}…` : JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (typeof value === "object" && value !== null) {
    const size = isTable(value) ? value.numRows : (value as { length?: number; size?: number }).length;
    return `${kindOf(value)}${typeof size === "number" ? ` of ${size}` : ""}`;
  }
  return String(value);
}
