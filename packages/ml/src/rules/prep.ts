import { apply, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { applySteps, type FittedTable, fitApply } from "../prepare/fit-steps.js";
import {
  assignFolds,
  assignParts,
  type FoldOptions,
  rowsOfPart,
  rowsOutside,
  type SplitOptions,
} from "../prepare/split.js";
import type { Fitted, Step } from "../prepare/steps.js";
import { summary } from "../prepare/summary.js";
import { ownRandom } from "./own-random.js";

/** What is done to tables before models see them: a look at them, steps fitted on some rows and applied to others, splits. */
export const prep = namespace("prep", {
  /** A table of what is in each column. */
  summary: rule((data: Ref<Table>): Op<Table> => apply(summary)(data)),

  /** Steps fitted on a table, together with the table as training needs it; what `fitted` and `training` take apart. */
  fitApply: rule(
    (data: Ref<Table>, steps: readonly Step[]): Op<FittedTable> =>
      apply((all: readonly Step[], table: Table) => fitApply(all, table, ownRandom()), steps)(data),
  ),

  /** What steps learned from a table: plain data, for other tables. */
  fit: rule(
    (data: Ref<Table>, steps: readonly Step[]): Op<Fitted> =>
      apply(({ fitted }: FittedTable) => fitted)(prep.fitApply(data, steps)),
  ),

  /** The table that steps were fitted on, prepared for training. */
  training: rule(
    (data: Ref<Table>, steps: readonly Step[]): Op<Table> =>
      apply(({ table }: FittedTable) => table)(prep.fitApply(data, steps)),
  ),

  /** What fitted steps make of a table. */
  apply: rule((fitted: Ref<Fitted>, data: Ref<Table>): Op<Table> => apply(applySteps)(fitted, data)),

  /** Which part each row is in, drawn with the node's own random numbers. */
  assignParts: rule(
    (data: Ref<Table>, options: SplitOptions): Op<Int32Array> =>
      apply((how: SplitOptions, table: Table) => assignParts(table, how, ownRandom()), options)(data),
  ),

  /** Part `i` of a split: the shares, and how rows are dealt, are the same for each part. */
  part: rule(
    (data: Ref<Table>, options: SplitOptions, i: number): Op<Table> =>
      apply((at: number, table: Table, parts: Int32Array) => rowsOfPart(table, parts, at), i)(
        data,
        prep.assignParts(data, options),
      ),
  ),

  /** Which fold each row is in, drawn with the node's own random numbers. */
  assignFolds: rule(
    (data: Ref<Table>, options: FoldOptions): Op<Int32Array> =>
      apply((how: FoldOptions, table: Table) => assignFolds(table, how, ownRandom()), options)(data),
  ),

  /** The rows of fold `i`: to judge by. */
  fold: rule(
    (data: Ref<Table>, options: FoldOptions, i: number): Op<Table> =>
      apply((at: number, table: Table, folds: Int32Array) => rowsOfPart(table, folds, at), i)(
        data,
        prep.assignFolds(data, options),
      ),
  ),

  /** The rows of all folds but `i`: to learn from. */
  outside: rule(
    (data: Ref<Table>, options: FoldOptions, i: number): Op<Table> =>
      apply((at: number, table: Table, folds: Int32Array) => rowsOutside(table, folds, at), i)(
        data,
        prep.assignFolds(data, options),
      ),
  ),
});
