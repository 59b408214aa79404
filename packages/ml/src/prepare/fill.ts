import type { Table } from "apache-arrow";
import { ColumnTypeError, MissingValueError } from "../errors.js";
import type { Label } from "../table/classes.js";
import {
  type Cells,
  cellsOf,
  dataOf,
  labelsOf,
  meanOf,
  medianOf,
  modeOf,
  presentNumbers,
  withColumns,
} from "./cells.js";
import type { Filling, FillStep } from "./steps.js";

type Values = { readonly [column: string]: Label };

/** What to put where a value is missing, from these rows. */
export function fitFill({ columns }: FillStep, table: Table): Values {
  return Object.fromEntries(
    Object.entries(columns).map(([name, how]) => [name, fillingOf(name, how, cellsOf(table, name))]),
  );
}

function fillingOf(name: string, how: Filling, cells: Cells): Label {
  if (typeof how === "object") return sameKind(name, cells, how.value);
  const found = how === "mode" ? modeOf(labelsOf(cells)) : middleOf(name, how, cells);
  if (found === null) {
    throw new MissingValueError(`Column "${name}" has no value at all to take the ${how} of; fill it with a value.`, {
      column: name,
      row: 0,
    });
  }
  return found;
}

function middleOf(name: string, how: "median" | "mean", cells: Cells): number | null {
  if (cells.kind !== "number") throw wrong(name, cells, `a ${how} is of numbers; use "mode"`);
  const values = presentNumbers(cells.values);
  if (values.length === 0) return null;
  return how === "median" ? medianOf(values) : meanOf(values);
}

function sameKind(name: string, cells: Cells, value: Label): Label {
  const kind = typeof value === "string" ? "text" : typeof value === "boolean" ? "bool" : "number";
  if (kind !== cells.kind) throw wrong(name, cells, `${JSON.stringify(value)} does not fit; give a ${cells.kind}`);
  return value;
}

function wrong(column: string, { kind }: Cells, what: string): ColumnTypeError {
  return new ColumnTypeError(`Column "${column}" is ${kind}, and ${what}.`, { column, type: kind });
}

/** The table with the values put where one is missing. */
export function applyFill(values: Values, table: Table): Table {
  return withColumns(
    table,
    new Map(
      Object.entries(values).map(([name, value]) => {
        const cells = cellsOf(table, name);
        sameKind(name, cells, value);
        return [name, dataOf(filled(cells, value))];
      }),
    ),
  );
}

function filled(cells: Cells, value: Label): Cells {
  if (cells.kind === "number") {
    return { kind: "number", values: cells.values.map((each) => (Number.isNaN(each) ? Number(value) : each)) };
  }
  return { kind: cells.kind, values: cells.values.map((each) => each ?? value) } as Cells;
}
