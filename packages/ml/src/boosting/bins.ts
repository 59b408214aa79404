import type { Random } from "@graphvm/engine";
import { TooManyCategoriesError } from "../errors.js";

/** How the values of a feature become bins: numbers by thresholds, categories one bin each. */
export interface FeatureBins {
  /** Value v has the first bin i with v <= thresholds[i]; the last bin has no threshold. Empty for categories. */
  readonly thresholds: Float64Array;
  /** The values that are categories, by bin; absent for numbers. */
  readonly categories?: Float64Array;
}

/** The bin of what is missing: NaN, null, and categories that training never saw. */
export const MISSING = 255;

/** Thresholds are made from that many rows at most, as in scikit-learn. */
const SAMPLE = 200_000;

/** The rows that bins are made from: all, or so many drawn without replacement, in order. */
export function sampleRows(rows: number, random: Random): Int32Array {
  if (rows <= SAMPLE) return Int32Array.from({ length: rows }, (_, row) => row);
  const chosen = new Int32Array(SAMPLE);
  let wanted = SAMPLE;
  for (let row = 0; wanted > 0; row++) {
    if (random.next() * (rows - row) < wanted) chosen[SAMPLE - wanted--] = row;
  }
  return chosen;
}

/** Bins of about equally many rows: between all values where there are few, else at percentiles. */
export function numberBins(column: Float64Array, sample: Int32Array, maxBins: number): FeatureBins {
  const values = Float64Array.from(sample, (row) => column[row]!)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const distinct = values.filter((value, i) => i === 0 || value !== values[i - 1]);
  if (distinct.length <= maxBins) {
    return { thresholds: Float64Array.from(distinct.subarray(1), (value, i) => middle(distinct[i]!, value)) };
  }
  const thresholds: number[] = [];
  for (let q = 1; q < maxBins; q++) {
    const at = Math.floor((q * values.length) / maxBins);
    const isWhole = (q * values.length) % maxBins === 0;
    const threshold = isWhole ? middle(values[at - 1]!, values[at]!) : values[at]!;
    if (threshold !== thresholds.at(-1)) thresholds.push(threshold);
  }
  return { thresholds: Float64Array.from(thresholds) };
}

function middle(a: number, b: number): number {
  if (a === b) return a;
  const between = a / 2 + b / 2;
  return Number.isFinite(between) ? between : Number.isFinite(a) ? a : 0;
}

/**
 * A bin for each distinct value.
 *
 * @throws TooManyCategoriesError if there are more than `maxBins`.
 */
export function categoryBins(column: Float64Array, maxBins: number, name: string): FeatureBins {
  const found = new Set<number>();
  for (let row = 0; row < column.length; row++) {
    if (Number.isNaN(column[row])) continue;
    found.add(column[row]!);
    if (found.size > maxBins) {
      throw new TooManyCategoriesError(
        `Column "${name}" has more than ${maxBins} categories; leave it out, or merge the rare ones.`,
        { column: name, limit: maxBins },
      );
    }
  }
  return { thresholds: new Float64Array(0), categories: Float64Array.from(found).sort() };
}

/** The bins of a column's values. */
export function binned(column: Float64Array, bins: FeatureBins): Uint8Array {
  return bins.categories === undefined ? binNumbers(column, bins.thresholds) : binCategories(column, bins.categories);
}

function binNumbers(column: Float64Array, thresholds: Float64Array): Uint8Array {
  const padded = new Float64Array(256).fill(Number.POSITIVE_INFINITY);
  padded.set(thresholds);
  const bins = new Uint8Array(column.length);
  for (let row = 0; row < column.length; row++) {
    const value = column[row]!;
    let bin = 0;
    // A search of eight comparisons without a branch; NaN is below no threshold and ends at 0.
    bin += Number(padded[127]! < value) << 7;
    bin += Number(padded[bin + 63]! < value) << 6;
    bin += Number(padded[bin + 31]! < value) << 5;
    bin += Number(padded[bin + 15]! < value) << 4;
    bin += Number(padded[bin + 7]! < value) << 3;
    bin += Number(padded[bin + 3]! < value) << 2;
    bin += Number(padded[bin + 1]! < value) << 1;
    bin += Number(padded[bin]! < value);
    bins[row] = Number.isNaN(value) ? MISSING : bin;
  }
  return bins;
}

function binCategories(column: Float64Array, categories: Float64Array): Uint8Array {
  const known = new Map(Array.from(categories, (value, bin) => [value, bin]));
  return Uint8Array.from(column, (value) => known.get(value) ?? MISSING);
}
