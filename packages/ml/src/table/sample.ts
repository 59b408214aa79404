import type { Random } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { BadOptionError } from "../errors.js";
import { classesOf } from "./classes.js";
import { takeRows } from "./columns.js";

/**
 * The same fraction of each class, drawn without replacement; rows keep their order. A class of n rows gives
 * round(frac n), but at least one.
 *
 * @param y the class column
 * @param frac in (0, 1]
 * @throws MissingColumnError, MissingValueError, BadOptionError
 * @example
 * const sample = downsample(table, "isFraud", 0.05, createRandom(7));
 */
export function downsample(table: Table, y: string, frac: number, random: Random): Table {
  return takeRows(table, sampledRows(table, y, frac, random, false)[0]);
}

/**
 * All rows of every class but the largest, and a fraction of the largest, drawn without replacement; rows keep their
 * order. Of equally large classes the first in sort order counts as the largest.
 *
 * @param y the class column
 * @param frac in (0, 1]
 * @throws MissingColumnError, MissingValueError, BadOptionError
 */
export function undersample(table: Table, y: string, frac: number, random: Random): Table {
  return takeRows(table, sampledRows(table, y, frac, random, true)[0]);
}

/**
 * Splits a table in two at random: `frac` of each class in the first, the rest in the second; rows keep their order.
 *
 * @throws MissingColumnError, MissingValueError, BadOptionError
 */
export function stratifiedSplit(table: Table, y: string, frac: number, random: Random): [Table, Table] {
  const [chosen, rest] = sampledRows(table, y, frac, random, false);
  return [takeRows(table, chosen), takeRows(table, rest)];
}

/** Chosen and other rows. Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S), one draw a row, class by class. */
function sampledRows(
  table: Table,
  y: string,
  frac: number,
  random: Random,
  largestOnly: boolean,
): [chosen: Int32Array, rest: Int32Array] {
  if (!(frac > 0 && frac <= 1)) {
    throw new BadOptionError(`frac is ${frac}; give a fraction above 0 and up to 1.`, { option: "frac", value: frac });
  }
  const { classes, codes } = classesOf(table, y);
  const left = new Float64Array(classes.length); // rows of the class still to come
  for (const code of codes) left[code]!++;
  const largest = left.indexOf(left.reduce((a, b) => Math.max(a, b), 0));
  const wanted = left.map((count, code) =>
    largestOnly && code !== largest ? count : Math.max(1, Math.round(frac * count)),
  );
  const total = wanted.reduce((a, b) => a + b, 0);
  const chosen = new Int32Array(total);
  const rest = new Int32Array(codes.length - total);
  let at = 0;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    const take = random.next() * left[code]!-- < wanted[code]!;
    if (take) {
      wanted[code]!--;
      chosen[at++] = row;
    } else rest[row - at] = row;
  }
  return [chosen, rest];
}
