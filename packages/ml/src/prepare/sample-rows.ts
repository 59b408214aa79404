import { createRandom } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { BadOptionError } from "../errors.js";
import { takeRows } from "../table/columns.js";
import { shuffled } from "./split.js";

/**
 * A part of a table's rows, drawn without replacement, in their order. The rows of a smaller part of the same seed are
 * among those of a greater one: what differs between points of a learning curve is rows that came, never rows that went.
 *
 * @throws BadOptionError unless the part is above 0 and at most 1
 */
export function sampleRows(table: Table, part: number, seed: number): Table {
  if (!(part > 0 && part <= 1)) {
    throw new BadOptionError(`part is ${part}; give one above 0 and up to 1.`, { option: "part", value: part });
  }
  const rows = shuffled(
    Int32Array.from({ length: table.numRows }, (_, row) => row),
    createRandom(seed),
  );
  return takeRows(table, rows.slice(0, Math.max(1, Math.round(part * rows.length))).sort());
}
