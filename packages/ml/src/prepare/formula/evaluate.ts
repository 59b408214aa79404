import type { Table } from "apache-arrow";
import type { Label } from "../../table/classes.js";
import { columnNames } from "../../table/columns.js";
import { type Cells, cellsOf, labelsOf } from "../cells.js";
import { DEFAULTS, type Kind, ROW_FUNCTIONS, type RowFunction } from "./functions.js";
import { parseFormula } from "./parse.js";
import { type Formula, formulaError } from "./syntax.js";

type Call = Extract<Formula, { kind: "call" }>;
/** The values of a part of a formula; null for the literal null, which is of any kind. */
type Part = Cells | null;

/**
 * The value of a formula for each row of a table.
 *
 * @throws FormulaError with the position, ColumnTypeError for dates and nested columns
 * @example evaluateFormula("log(fare + 1) * if(sex = 'female', 2, 1)", table)
 */
export function evaluateFormula(formula: string, table: Table): Cells {
  const run = new Evaluation(formula, table);
  const tree = parseFormula(formula);
  const found = run.part(tree);
  if (found === null) throw run.error(tree, "it is always null; give it a value");
  return found;
}

const ANY_KIND: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);
const KNOWN = [...ROW_FUNCTIONS.keys(), "if", "coalesce", "isNull"].filter(
  (name) => /^[a-z]/i.test(name) && name !== "negate",
);
const COMPARE: { readonly [name: string]: (a: Label, b: Label) => boolean } = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

class Evaluation {
  readonly #formula: string;
  readonly #table: Table;
  readonly #columns = new Map<string, Cells>();

  constructor(formula: string, table: Table) {
    this.#formula = formula;
    this.#table = table;
  }

  error({ at }: Formula, what: string): Error {
    return formulaError(this.#formula, at, what);
  }

  part(node: Formula): Part {
    switch (node.kind) {
      case "literal":
        return node.value === null ? null : cellsFrom(Array(this.#table.numRows).fill(node.value), kindOf(node.value));
      case "column":
        return this.#column(node, node.name);
      case "call":
        return this.#call(node);
    }
  }

  #column(node: Formula, name: string): Cells {
    let cells = this.#columns.get(name);
    if (cells === undefined) {
      const columns = columnNames(this.#table);
      if (!columns.includes(name)) {
        throw this.error(node, `there is no column "${name}"; the table has ${columns.join(", ")}`);
      }
      cells = cellsOf(this.#table, name);
      if (cells.kind === "number") cells = { kind: "number", values: finiteOnly(cells.values) };
      this.#columns.set(name, cells);
    }
    return cells;
  }

  #call(node: Call): Part {
    if (node.name === "and" || node.name === "or") return this.#logic(node);
    if (node.name === "if") return this.#choose(node);
    if (node.name === "coalesce") return this.#coalesce(node);
    if (node.name === "isNull") {
      this.#count(node, 1, 1);
      const values = this.#labels(this.part(node.args[0]!));
      return { kind: "bool", values: values.map((value) => value === null) };
    }
    if (ANY_KIND.has(node.name)) return this.#compare(node);
    const known = ROW_FUNCTIONS.get(node.name);
    if (known === undefined) {
      throw this.error(node, `there is no function "${node.name}"; there are ${KNOWN.join(", ")}`);
    }
    return this.#rows(node, known);
  }

  /** A function of each row's values. */
  #rows(node: Call, { takes, more = false, gives, row }: RowFunction): Cells {
    const defaults = DEFAULTS.get(node.name) ?? [];
    this.#count(node, takes.length - defaults.length, more ? Number.POSITIVE_INFINITY : takes.length);
    const given = node.args.map((arg, i) => this.#typed(arg, takes[Math.min(i, takes.length - 1)]!));
    const rest = defaults.slice(defaults.length - Math.max(0, takes.length - given.length));
    const run = row as (...values: Label[]) => Label | null;
    const results: (Label | null)[] = [];
    const values: Label[] = [];
    for (let i = 0; i < this.#table.numRows; i++) {
      values.length = 0;
      for (const list of given) if (list[i] !== null) values.push(list[i]!);
      results.push(values.length < given.length ? null : run(...values, ...rest));
    }
    return cellsFrom(results, gives);
  }

  /** Null where the answer depends on what is missing: false and null is false, true and null is null. */
  #logic(node: Call): Cells {
    const decides = node.name === "or";
    const [left, right] = node.args.map((arg) => this.#typed(arg, "bool")) as [Label[], Label[]];
    const values = left.map((a, i) => {
      const b = right[i]!;
      if (a === decides || b === decides) return decides;
      return a === null || b === null ? null : !decides;
    });
    return { kind: "bool", values };
  }

  /** Null where the condition is; what stands in the branch that is not taken makes no difference. */
  #choose(node: Call): Part {
    this.#count(node, 3, 3);
    const [condition, yes, no] = node.args as [Formula, Formula, Formula];
    const chosen = this.#typed(condition, "bool");
    const [a, b] = [this.part(yes), this.part(no)];
    const kind = this.#common(no, a, b);
    if (kind === null) return null;
    const [whenTrue, whenFalse] = [this.#labels(a), this.#labels(b)];
    return cellsFrom(
      chosen.map((value, i) => (value === null ? null : value ? whenTrue[i]! : whenFalse[i]!)),
      kind,
    );
  }

  /** The first value that is there. */
  #coalesce(node: Call): Part {
    this.#count(node, 1, Number.POSITIVE_INFINITY);
    const parts = node.args.map((arg) => this.part(arg));
    let kind: Kind | null = null;
    let first: Part = null;
    parts.forEach((part, i) => {
      kind = this.#common(node.args[i]!, first, part);
      first ??= part;
    });
    if (kind === null) return null;
    const lists = parts.map((part) => this.#labels(part));
    const values = Array.from({ length: this.#table.numRows }, (_, i) => {
      const list = lists.find((each) => each[i] !== null);
      return list === undefined ? null : list[i]!;
    });
    return cellsFrom(values, kind);
  }

  #compare(node: Call): Cells {
    const [left, right] = node.args as [Formula, Formula];
    const [a, b] = [this.part(left), this.part(right)];
    if (a === null || b === null) throw this.error(node, "nothing compares with null; write isNull(x)");
    this.#common(right, a, b);
    const test = COMPARE[node.name]!;
    const others = this.#labels(b);
    const values = this.#labels(a).map((value, i) => {
      const other = others[i]!;
      return value === null || other === null ? null : test(value, other);
    });
    return { kind: "bool", values };
  }

  #typed(node: Formula, kind: Kind): (Label | null)[] {
    const part = this.part(node);
    if (part !== null && part.kind !== kind) {
      throw this.error(node, `this is ${NAMES[part.kind]}, and ${NAMES[kind]} belongs here`);
    }
    return this.#labels(part);
  }

  #labels(part: Part): (Label | null)[] {
    return part === null ? Array(this.#table.numRows).fill(null) : [...labelsOf(part)];
  }

  #common(node: Formula, a: Part, b: Part): Kind | null {
    if (a !== null && b !== null && a.kind !== b.kind) {
      throw this.error(node, `this is ${NAMES[b.kind]}, and the other one is ${NAMES[a.kind]}; they must be alike`);
    }
    return (a ?? b)?.kind ?? null;
  }

  #count({ name, args, ...node }: Call, least: number, most: number): void {
    if (args.length >= least && args.length <= most) return;
    const wanted =
      most === Number.POSITIVE_INFINITY ? `${least} or more` : least === most ? least : `${least} or ${most}`;
    throw this.error({ ...node, name, args }, `${name} takes ${wanted} arguments, not ${args.length}`);
  }
}

const NAMES: { readonly [K in Kind]: string } = { number: "a number", text: "a text", bool: "true or false" };

function kindOf(value: Label): Kind {
  return typeof value === "number" ? "number" : typeof value === "string" ? "text" : "bool";
}

function cellsFrom(values: readonly (Label | null)[], kind: Kind): Cells {
  if (kind !== "number") return { kind, values } as Cells;
  return { kind, values: finiteOnly(Float64Array.from(values, (value) => (value === null ? Number.NaN : +value))) };
}

/** Infinities as NaN: a number that is not finite is none. */
function finiteOnly(values: Float64Array): Float64Array {
  return values.every((value) => Number.isFinite(value) || Number.isNaN(value))
    ? values
    : values.map((value) => (Number.isFinite(value) ? value : Number.NaN));
}
