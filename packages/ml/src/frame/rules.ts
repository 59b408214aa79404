import { apply, type Groups, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { select } from "../table/columns.js";
import { type Aggregates, groupBy } from "../verbs/group-by.js";
import { type JoinOptions, join } from "../verbs/join.js";
import { orderBy, type SortKey } from "../verbs/order-by.js";
import { concat } from "../verbs/rows.js";
import { canMerge, mergedGroups, neededColumns, partialGroups } from "./aggregates.js";
import { hashParts, keyNames, middles, type Parts, rangeParts, spreadParts, starts } from "./partition.js";

/** Bounds are drawn from so many rows of each block for each block of the result. */
const SAMPLES = 32;

/** A pipe's tables, in the order of the blocks that they came from. */
type Pipe = Groups<number, Table>;

/** What `DistributedFrame` is made of: mappers that split a block for a shuffle, and reducers of a pipe. */
export const frames = namespace("frames", {
  /** A block's rows by the hash of their keys. */
  byHash: rule(
    (block: Ref<Table>, keys: readonly string[], pipes: number): Op<Parts> =>
      apply((by: readonly string[], n: number, table: Table): Parts => hashParts(table, by, n), keys, pipes)(block),
  ),

  /** What of a block a group-by needs, by the hash of the keys. */
  groups: rule(
    (block: Ref<Table>, keys: readonly string[], aggregates: Aggregates, pipes: number): Op<Parts> =>
      apply(groupParts, keys, aggregates, pipes)(block),
  ),

  /** The groups of a pipe, sorted by key. */
  grouped: rule(
    (pipe: Ref<Pipe>, keys: readonly string[], aggregates: Aggregates): Op<Table> =>
      apply(groupPipe, keys, aggregates)(pipe),
  ),

  /** A pipe's rows, block after block. */
  gathered: rule((pipe: Ref<Pipe>): Op<Table> => apply(tableOfPipe)(pipe)),

  /** A pipe's rows, sorted. */
  sorted: rule(
    (pipe: Ref<Pipe>, by: readonly SortKey[]): Op<Table> =>
      apply((keys: readonly SortKey[], part: Pipe) => orderBy(tableOfPipe(part), keys), by)(pipe),
  ),

  /** Two pipes of equal keys, joined. */
  joined: rule(
    (left: Ref<Pipe>, right: Ref<Pipe>, options: JoinOptions): Op<Table> =>
      apply((how: JoinOptions, a: Pipe, b: Pipe) => join(tableOfPipe(a), tableOfPipe(b), how), options)(left, right),
  ),

  /** A block's number of rows. */
  rows: rule((block: Ref<Table>): Op<number> => apply((table: Table) => table.numRows)(block)),

  /** A list of numbers, as one value. */
  list: rule(
    (numbers: readonly Ref<number>[]): Op<number[]> => apply.all((found: readonly number[]) => [...found])(numbers),
  ),

  /** A block's rows in runs, so that all pipes are equally long. */
  spread: rule(
    (block: Ref<Table>, at: number, counts: Ref<number[]>, pipes: number): Op<Parts> =>
      apply(
        (place: number, n: number, table: Table, rows: number[]): Parts => spreadParts(table, place, rows, n),
        at,
        pipes,
      )(block, counts),
  ),

  /** Sort keys of some of a block's rows, evenly spaced in sorted order. */
  samples: rule(
    (block: Ref<Table>, by: readonly SortKey[], pipes: number): Op<Table> =>
      apply(
        (keys: readonly SortKey[], n: number, table: Table) =>
          middles(orderBy(select(table, keyNames(keys)), keys), n * SAMPLES),
        by,
        pipes,
      )(block),
  ),

  /** The sort keys between which the blocks of the result lie. */
  bounds: rule(
    (samples: readonly Ref<Table>[], by: readonly SortKey[], pipes: number): Op<Table> =>
      apply.all(
        (keys: readonly SortKey[], n: number, tables: readonly Table[]) => starts(orderBy(concat(tables), keys), n),
        by,
        pipes,
      )(samples),
  ),

  /** A block's rows by the bounds that they lie between. */
  byRange: rule(
    (block: Ref<Table>, by: readonly SortKey[], bounds: Ref<Table>, pipes: number): Op<Parts> =>
      apply(
        (keys: readonly SortKey[], n: number, table: Table, between: Table): Parts =>
          rangeParts(table, keys, between, n),
        by,
        pipes,
      )(block, bounds),
  ),
});

function tableOfPipe(pipe: Pipe): Table {
  return concat(pipe.flatMap(([, tables]) => [...tables]));
}

async function groupParts(
  keys: readonly string[],
  aggregates: Aggregates,
  pipes: number,
  table: Table,
): Promise<Parts> {
  const needed = canMerge(aggregates)
    ? await partialGroups(table, keys, aggregates)
    : neededColumns(table, keys, aggregates);
  return hashParts(needed, keys, pipes);
}

function groupPipe(keys: readonly string[], aggregates: Aggregates, pipe: Pipe): Promise<Table> {
  const rows = tableOfPipe(pipe);
  return canMerge(aggregates) ? mergedGroups(rows, keys, aggregates) : groupBy(rows, keys, aggregates);
}
