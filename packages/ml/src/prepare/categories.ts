import { type Data, makeData, type Table, Uint8 } from "apache-arrow";
import { BadOptionError, TooManyCategoriesError, UnseenCategoryError } from "../errors.js";
import type { Label } from "../table/classes.js";
import { columnNames } from "../table/columns.js";
import { MAX_CATEGORIES } from "../table/text-codes.js";
import { cellsOf, dataOf, distinctOf, labelsOf, withColumns } from "./cells.js";
import type { Categories, FittedStep, OneHotStep, OrdinalStep } from "./steps.js";

type FittedOneHot = Extract<FittedStep, { step: "oneHot" }>;
type FittedOrdinal = Extract<FittedStep, { step: "ordinal" }>;

/** @throws TooManyCategoriesError for a column that looks like an identifier */
function categoriesOf(table: Table, name: string): readonly Label[] {
  const found = distinctOf(labelsOf(cellsOf(table, name)));
  if (found.length <= MAX_CATEGORIES) return found;
  throw new TooManyCategoriesError(
    `Column "${name}" has ${found.length} distinct values: it looks like an identifier; leave it out, or encode it by target.`,
    { column: name, limit: MAX_CATEGORIES },
  );
}

const listed = (table: Table, columns: readonly string[]): Categories =>
  Object.fromEntries(columns.map((name) => [name, categoriesOf(table, name)]));

export function fitOneHot({ columns, unseen = "zeros", dropFirst = false }: OneHotStep, table: Table): FittedOneHot {
  return { step: "oneHot", categories: listed(table, columns), unseen, dropFirst };
}

export function applyOneHot({ categories, unseen, dropFirst }: FittedOneHot, table: Table): Table {
  const made = new Map<string, Data>();
  for (const [name, values] of Object.entries(categories)) {
    const codes = codesOf(table, name, values, unseen === "error");
    values.forEach((value, k) => {
      if (dropFirst && k === 0) return;
      const data = Uint8Array.from(codes, (code) => Number(code === k));
      const column = `${name}=${value}`;
      if (made.has(column) || columnNames(table).includes(column)) {
        throw new BadOptionError(`One-hot encoding makes a column "${column}", which is there; rename it.`, {
          option: "columns",
          value: column,
        });
      }
      made.set(column, makeData({ type: new Uint8(), length: data.length, nullCount: 0, data }));
    });
  }
  return withColumns(table, made, Object.keys(categories));
}

export function fitOrdinal({ columns, unseen = "missing" }: OrdinalStep, table: Table): FittedOrdinal {
  const given = isList(columns) ? listed(table, columns) : columns;
  return { step: "ordinal", categories: given, unseen };
}

function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}

export function applyOrdinal({ categories, unseen }: FittedOrdinal, table: Table): Table {
  const made = Object.entries(categories).map(([name, values]) => {
    const codes = codesOf(table, name, values, unseen === "error");
    const ranks = Float64Array.from(codes, (code) => (code < 0 ? Number.NaN : code));
    return [name, dataOf({ kind: "number", values: ranks })] as const;
  });
  return withColumns(table, new Map(made));
}

/** The position of each row's value; -1 where it is missing or not among them. */
function codesOf(table: Table, name: string, values: readonly Label[], strict: boolean): Int32Array {
  const known = new Map(values.map((value, k) => [value, k]));
  return Int32Array.from(labelsOf(cellsOf(table, name)), (label, row) => {
    const code = label === null ? -1 : known.get(label);
    if (code !== undefined) return code;
    if (!strict) return -1;
    throw new UnseenCategoryError(
      `Column "${name}" has ${JSON.stringify(label)} in row ${row}, which was not there in fitting; fit on rows that have it, or allow unseen values.`,
      { column: name, value: label, row },
    );
  });
}
