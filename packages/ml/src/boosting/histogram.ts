/**
 * Bins of all features, eight features to two words that lie together: `words[f >> 3][2 * row + ((f >> 2) & 1)]` has feature
 * f's bin in byte f & 3. Features that are not there have bin 0 in every row.
 */
export interface BinTable {
  readonly rows: number;
  readonly features: number;
  readonly words: readonly Uint32Array[];
}

/** Numbers of a histogram for each bin: gradient, hessian, rows, and one that is not used, so that places are shifts. */
export const SLOTS = 4;
/** Numbers of a histogram for each feature. */
export const PER_FEATURE = 256 * SLOTS;

/** Packs the bins of features. */
export function packBins(columns: readonly Uint8Array[], rows: number): BinTable {
  const words = Array.from({ length: Math.ceil(columns.length / 8) }, (_, group) => {
    const packed = new Uint32Array(2 * rows);
    for (let byte = 0; byte < 8; byte++) {
      const column = columns[group * 8 + byte];
      if (column === undefined) continue;
      const word = byte >> 2;
      for (let row = 0; row < rows; row++) packed[2 * row + word]! |= column[row]! << (8 * (byte & 3));
    }
    return packed;
  });
  return { rows, features: columns.length, words };
}

/** Numbers of a histogram of all features. */
export function histogramSize({ words }: BinTable): number {
  return words.length * 8 * PER_FEATURE;
}

/**
 * Sums gradients, hessians and rows by feature and bin over `order[start, end)`. What is summed up for features that are
 * not there is never looked at.
 *
 * @param gradients of row r at 2 r, its hessian at 2 r + 1
 */
export function fillHistogram(
  histogram: Float64Array,
  table: BinTable,
  gradients: Float32Array,
  order: Int32Array,
  start: number,
  end: number,
): void {
  histogram.fill(0);
  for (let group = 0; group < table.words.length; group++) {
    const part = histogram.subarray(group * 8 * PER_FEATURE, (group + 1) * 8 * PER_FEATURE);
    const features = table.features - group * 8;
    if (features <= 4) fillFour(part, table.words[group]!, gradients, order, start, end);
    else fillEight(part, table.words[group]!, gradients, order, start, end, features > 7);
  }
}

/** The histogram of a node less that of one child is that of the other; it is written over the node's. */
export function subtractHistogram(node: Float64Array, child: Float64Array): void {
  for (let i = 0; i < node.length; i++) node[i]! -= child[i]!;
}

// Written out, the loops run twice as fast as with a loop over features inside, and this is where boosting spends its time.

function fillFour(
  to: Float64Array,
  words: Uint32Array,
  gradients: Float32Array,
  order: Int32Array,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const word = words[2 * row]!;
    const gradient = gradients[2 * row]!;
    const hessian = gradients[2 * row + 1]!;
    let at = (word & 255) << 2;
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 1024 | ((word >>> 6) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 2048 | ((word >>> 14) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 3072 | ((word >>> 22) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
  }
}

/** @param all Whether there is an eighth feature: of one that is not, all rows would wait for one place. */
function fillEight(
  to: Float64Array,
  words: Uint32Array,
  gradients: Float32Array,
  order: Int32Array,
  start: number,
  end: number,
  all: boolean,
): void {
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const word = words[2 * row]!;
    const more = words[2 * row + 1]!;
    const gradient = gradients[2 * row]!;
    const hessian = gradients[2 * row + 1]!;
    let at = (word & 255) << 2;
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 1024 | ((word >>> 6) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 2048 | ((word >>> 14) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 3072 | ((word >>> 22) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 4096 | ((more & 255) << 2);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 5120 | ((more >>> 6) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    at = 6144 | ((more >>> 14) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
    if (!all) continue;
    at = 7168 | ((more >>> 22) & 1020);
    to[at]! += gradient;
    to[at + 1]! += hessian;
    to[at + 2]! += 1;
  }
}
