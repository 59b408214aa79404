import type { Random } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { BadOptionError, ClassCountError, MissingValueError } from "../errors.js";
import type { Label } from "../table/classes.js";
import { cellsOf, dataOf, distinctOf, labelsOf, meanOf, withColumns } from "./cells.js";
import { assignFolds } from "./split.js";
import type { FittedStep, TargetStep } from "./steps.js";

type FittedTarget = Extract<FittedStep, { step: "target" }>;
type Labels = readonly (Label | null)[];

/** Means of the target by value, from the rows of which `inside` is true. */
function meansOf(
  labels: Labels,
  y: Float64Array,
  overall: number,
  smoothing: number,
  inside: (row: number) => boolean,
) {
  const sums = new Map<Label | null, { n: number; sum: number }>();
  labels.forEach((label, row) => {
    if (!inside(row)) return;
    const own = sums.get(label) ?? { n: 0, sum: 0 };
    sums.set(label, { n: own.n + 1, sum: own.sum + y[row]! });
  });
  return new Map([...sums].map(([label, { n, sum }]) => [label, (sum + smoothing * overall) / (n + smoothing)]));
}

export function fitTarget({ columns, y, smoothing = 10, folds = 5 }: TargetStep, table: Table): FittedTarget {
  checkSmoothing(smoothing, folds);
  const target = targetOf(table, y);
  const overall = meanOf(target);
  const means = Object.fromEntries(
    columns.map((name) => {
      const labels = labelsOf(cellsOf(table, name));
      const found = meansOf(labels, target, overall, smoothing, () => true);
      const order: (Label | null)[] = [...(found.has(null) ? [null] : []), ...distinctOf(labels)];
      return [name, order.map((label) => [label, found.get(label)!] as const)];
    }),
  );
  return { step: "target", overall, means };
}

export function applyTarget({ overall, means }: FittedTarget, table: Table): Table {
  const made = Object.entries(means).map(([name, values]) => {
    const known = new Map(values);
    const cells = labelsOf(cellsOf(table, name));
    return [
      name,
      dataOf({ kind: "number", values: Float64Array.from(cells, (label) => known.get(label) ?? overall) }),
    ] as const;
  });
  return withColumns(table, new Map(made));
}

/** The encoding of the rows it is fitted on: each fold by the means of the others. */
export function crossFitTarget(step: TargetStep, table: Table, random: Random): Table {
  const { columns, y, smoothing = 10, folds = 5 } = step;
  checkSmoothing(smoothing, folds);
  const target = targetOf(table, y);
  const fold = assignFolds(table, { folds: Math.min(folds, Math.max(2, table.numRows)) }, random);
  const made = columns.map((name) => {
    const labels = labelsOf(cellsOf(table, name));
    const values = new Float64Array(labels.length);
    for (let k = 0; k < folds; k++) {
      const others = target.filter((_, row) => fold[row] !== k);
      const overall = others.length > 0 ? meanOf(others) : meanOf(target);
      const known = meansOf(labels, target, overall, smoothing, (row) => fold[row] !== k);
      for (let row = 0; row < values.length; row++) {
        if (fold[row] === k) values[row] = known.get(labels[row]!) ?? overall;
      }
    }
    return [name, dataOf({ kind: "number", values })] as const;
  });
  return withColumns(table, new Map(made));
}

function checkSmoothing(smoothing: number, folds: number): void {
  if (!(smoothing >= 0 && Number.isFinite(smoothing))) {
    throw new BadOptionError(`smoothing is ${smoothing}; give a number from 0 up.`, {
      option: "smoothing",
      value: smoothing,
    });
  }
  if (!Number.isSafeInteger(folds) || folds < 2) {
    throw new BadOptionError(`folds is ${folds}; give a whole number from 2 up.`, { option: "folds", value: folds });
  }
}

/** The target as numbers; of two texts the greater is 1. */
function targetOf(table: Table, y: string): Float64Array {
  const cells = cellsOf(table, y);
  const labels = labelsOf(cells);
  const row = labels.indexOf(null);
  if (row >= 0) {
    throw new MissingValueError(`Column "${y}" has no value in row ${row}; remove the row or fill the value.`, {
      column: y,
      row,
    });
  }
  if (cells.kind !== "text") return Float64Array.from(labels, Number);
  const classes = distinctOf(labels);
  if (classes.length === 2) return Float64Array.from(labels, (label) => Number(label === classes[1]));
  throw new ClassCountError(`"${y}" has ${classes.length} classes; encoding by target is for numbers or two classes.`, {
    classes: classes.length,
  });
}
