import { createRandom } from "@graphvm/engine";
import { takeRows } from "@graphvm/ml";
import { apply, namespace, type Op, rule } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";

/** Rows of two classes (`y`), or of a number (`z`), of which `a` and `b` say something and `c` nothing. */
export function rowsOfTwoClasses(rows: number, seed: number): Table {
  const random = createRandom(seed);
  const drawn = Array.from(
    { length: rows },
    () => [0, 1, 2, 3].map(() => random.next()) as [number, number, number, number],
  );
  return tableFromArrays({
    a: Float64Array.from(drawn, ([a]) => a),
    b: Float64Array.from(drawn, ([, b]) => b),
    c: Float64Array.from(drawn, ([, , c]) => c),
    y: Int32Array.from(drawn, ([a, b, , noise]) => Number((a > 0.5 ? b : 1 - b) + 0.3 * noise > 0.7)),
    z: Float64Array.from(drawn, ([a, b, , noise]) => 3 * a - b + 0.1 * noise),
  });
}

/** A table cut into blocks of equal length. */
export function cut(table: Table, blocks: number): Table[] {
  const size = table.numRows / blocks;
  return Array.from({ length: blocks }, (_, b) =>
    takeRows(
      table,
      Int32Array.from({ length: size }, (_, i) => size * b + i),
    ),
  );
}

const ALL = new Map<string, Table>();

/** Makes tables known to `given.table`. */
export function give(tables: { readonly [name: string]: Table }): void {
  for (const [name, table] of Object.entries(tables)) ALL.set(name, table);
}

/** Tables of a test as nodes. */
export const given = namespace("given", {
  table: rule((name: string): Op<Table> => apply((key: string) => ALL.get(key)!, name)()),
});
