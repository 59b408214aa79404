import { createRandom, type Random } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { badOption } from "../model/options.js";
import { columnNames, select } from "../table/columns.js";
import { applyOneHot, applyOrdinal, fitOneHot, fitOrdinal } from "./categories.js";
import { dataOf, withColumns } from "./cells.js";
import { applyFill, fitFill } from "./fill.js";
import { evaluateFormula } from "./formula/evaluate.js";
import { applyScale, fitScale } from "./scale.js";
import type { ColumnsStep, DeriveStep, Fitted, FittedStep, Step } from "./steps.js";
import { applyTarget, crossFitTarget, fitTarget } from "./target.js";

/** Fitted steps, and the rows they were fitted on as training needs them. */
export interface FittedTable {
  readonly fitted: Fitted;
  readonly table: Table;
}

/**
 * Fits steps on a table, each on what the one before makes of it. The result is plain data: apply it to the rows a model
 * is judged by, which fitting must not see.
 *
 * @throws BadOptionError, MissingColumnError, MissingValueError, ColumnTypeError, TooManyCategoriesError, FormulaError
 * @example
 * const steps: Step[] = [{ step: "fill", columns: { age: "median" } }, { step: "oneHot", columns: ["sex"] }];
 * const fitted = fitSteps(steps, train);
 * const ready = applySteps(fitted, test);
 */
export function fitSteps(steps: readonly Step[], table: Table): Fitted {
  return fitApply(steps, table).fitted;
}

/**
 * The same, with the table prepared for training: as `applySteps` would, but for encoding by target, where each fold of
 * rows is encoded by the others' means.
 *
 * @param random draws the folds; a generator of seed 0 if not given
 */
export function fitApply(steps: readonly Step[], table: Table, random: Random = createRandom(0)): FittedTable {
  const fitted: FittedStep[] = [];
  let now = table;
  for (const step of steps) {
    const own = fitStep(step, now);
    fitted.push(own);
    now = step.step === "target" ? crossFitTarget(step, now, random) : applyStep(own, now);
  }
  return { fitted: { steps: fitted }, table: now };
}

/**
 * What fitted steps make of a table.
 *
 * @throws as `fitSteps`, and UnseenCategoryError where a step refuses those
 */
export function applySteps({ steps }: Fitted, table: Table): Table {
  return steps.reduce((now, step) => applyStep(step, now), table);
}

function fitStep(step: Step, table: Table): FittedStep {
  switch (step.step) {
    case "fill":
      return { step: "fill", values: fitFill(step, table) };
    case "oneHot":
      return fitOneHot(step, table);
    case "ordinal":
      return fitOrdinal(step, table);
    case "target":
      return fitTarget(step, table);
    case "scale":
      return { step: "scale", scales: fitScale(step, table) };
    case "derive":
    case "keep":
    case "drop":
      return step;
    default:
      throw unknownStep(step);
  }
}

function applyStep(step: FittedStep, table: Table): Table {
  switch (step.step) {
    case "fill":
      return applyFill(step.values, table);
    case "oneHot":
      return applyOneHot(step, table);
    case "ordinal":
      return applyOrdinal(step, table);
    case "target":
      return applyTarget(step, table);
    case "scale":
      return applyScale(step.scales, table);
    case "derive":
      return derive(step, table);
    case "keep":
    case "drop":
      return chooseColumns(step, table);
    default:
      throw unknownStep(step);
  }
}

function unknownStep(step: never): Error {
  const known = "fill, derive, oneHot, ordinal, target, scale, keep, drop";
  return badOption("step", (step as { readonly step?: unknown }).step, `the steps are ${known}`);
}

/**
 * New columns by formulae.
 *
 * @throws FormulaError
 */
function derive({ columns }: DeriveStep, table: Table): Table {
  let now = table;
  for (const [name, formula] of Object.entries(columns)) {
    now = withColumns(now, new Map([[name, dataOf(evaluateFormula(formula, now))]]));
  }
  return now;
}

function chooseColumns({ step, columns }: ColumnsStep, table: Table): Table {
  if (step === "keep") return select(table, columns);
  select(table, columns);
  return select(
    table,
    columnNames(table).filter((name) => !columns.includes(name)),
  );
}
