import type { Table } from "apache-arrow";
import { quoted } from "../duckdb/engine.js";
import { columnOf, select } from "../table/columns.js";
import { derive } from "../verbs/expressions.js";
import { type Aggregate, type AggregateName, type Aggregates, checkedAggregates, groupBy } from "../verbs/group-by.js";

/** What of the blocks' own aggregates gives the aggregate of all. */
const MERGED: { readonly [name in AggregateName]?: AggregateName } = {
  count: "sum",
  sum: "sum",
  min: "min",
  max: "max",
  first: "first",
  last: "last",
};

/** Whether each block can be aggregated by itself first; a median and the like need all rows of a group in one place. */
export function canMerge(aggregates: Aggregates): boolean {
  return Object.values(aggregates).every((asked) => {
    const name = typeof asked === "string" ? asked : asked[0];
    return name === "mean" || Object.hasOwn(MERGED, name);
  });
}

/** Names for a mean's two halves, that no aggregate has by accident. */
const sumName = (name: string): string => `${name}: sum`;
const countName = (name: string): string => `${name}: count`;

/** A block's own aggregates: few rows, whatever the block has. */
export function partialGroups(table: Table, keys: readonly string[], aggregates: Aggregates): Promise<Table> {
  const made: [string, Aggregate][] = checkedAggregates(keys, aggregates).flatMap(
    ({ name, aggregate, column }): [string, Aggregate][] => {
      if (column === undefined) return [[name, "count"]];
      if (aggregate !== "mean") return [[name, [aggregate, column]]];
      return [
        [sumName(name), ["sum", column]],
        [countName(name), ["count", column]],
      ];
    },
  );
  return groupBy(table, keys, Object.fromEntries(made));
}

/** The aggregates of all, from those of the blocks in their order. */
export async function mergedGroups(partials: Table, keys: readonly string[], aggregates: Aggregates): Promise<Table> {
  const list = checkedAggregates(keys, aggregates);
  const made = list.flatMap(({ name, aggregate }): [string, Aggregate][] => {
    const merged = MERGED[aggregate];
    if (merged !== undefined) return [[name, [merged, name]]];
    return [sumName(name), countName(name)].map((half) => [half, ["sum", half]]);
  });
  const sums = await groupBy(partials, keys, Object.fromEntries(made));
  const means = list.filter(({ aggregate }) => aggregate === "mean");
  const found = await derive(
    sums,
    Object.fromEntries(
      means.map(({ name }) => [
        name,
        `CAST(${quoted(sumName(name))} AS DOUBLE) / nullif(${quoted(countName(name))}, 0)`,
      ]),
    ),
  );
  return select(found, [...keys, ...list.map(({ name }) => name)]);
}

/** The columns that a group-by looks at. @throws MissingColumnError */
export function neededColumns(table: Table, keys: readonly string[], aggregates: Aggregates): Table {
  const columns = checkedAggregates(keys, aggregates).flatMap(({ column }) => (column === undefined ? [] : [column]));
  const names = [...new Set([...keys, ...columns])];
  for (const name of names) columnOf(table, name);
  return select(table, names);
}
