// The program that the cluster's benchmark loads.
import { apply, namespace, type Op, rule } from "@graphvm/rules";

export const work = namespace("work", {
  /** A job that does next to nothing. */
  tiny: rule((i: number): Op<number> => apply((x: number) => x + 1, i)()),
  /** So many bytes. */
  bytes: rule(
    (length: number, seed: number): Op<Uint8Array> =>
      apply((size: number, first: number) => new Uint8Array(size).fill(first), length, seed)(),
  ),
  /** A table of `rows` rows and `columns` columns of doubles; the seed makes it another one. */
  table: rule(
    (rows: number, columns: number, seed: number): Op<Float64Array[]> =>
      apply(
        (height: number, width: number, first: number) =>
          Array.from({ length: width }, (_, column) => new Float64Array(height).fill(first + column)),
        rows,
        columns,
        seed,
      )(),
  ),
  /** Needs a large table and a small one, which workers hold apart: the small one travels to the large, or not at all. */
  meet: rule(
    (rows: number, columns: number, seed: number): Op<number> =>
      apply((a: readonly Float64Array[], b: readonly Float64Array[]) => a[0]![0]! + b[0]![0]!)(
        work.table(rows, columns, seed),
        work.table(rows, columns, seed + 0.5),
      ),
  ),
  /** The same tables; how many of them lie in memory that threads share. */
  shared: rule(
    (rows: number, columns: number, seed: number): Op<number> =>
      apply(
        (...tables: readonly (readonly Float64Array[])[]) =>
          tables.filter(([first]) => first!.buffer instanceof SharedArrayBuffer).length,
      )(work.table(rows, columns, seed), work.table(rows, columns, seed + 0.5)),
  ),
});
