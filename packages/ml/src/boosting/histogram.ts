/** Bins of all features, four features to a word: `words[f >> 2][row]` has feature f's bin in byte f & 3. */
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
  const words = Array.from({ length: Math.ceil(columns.length / 4) }, (_, group) => {
    const packed = new Uint32Array(rows);
    for (let byte = 0; byte < 4; byte++) {
      const column = columns[group * 4 + byte];
      if (column !== undefined) for (let row = 0; row < rows; row++) packed[row]! |= column[row]! << (8 * byte);
    }
    return packed;
  });
  return { rows, features: columns.length, words };
}

/** The bin of a feature in a row. */
export function binAt({ words }: BinTable, feature: number, row: number): number {
  return (words[feature >> 2]![row]! >>> (8 * (feature & 3))) & 255;
}

/**
 * Sums gradients, hessians and rows by feature and bin over `order[start, end)`.
 *
 * @param gradients of row r at 2 r, its hessian at 2 r + 1
 */
export function fillHistogram(
  histogram: Float64Array,
  table: BinTable,
  gradients: Float64Array,
  order: Int32Array,
  start: number,
  end: number,
): void {
  histogram.fill(0);
  for (let group = 0; group < table.words.length; group++) {
    const part = histogram.subarray(group * 4 * PER_FEATURE, (group + 1) * 4 * PER_FEATURE);
    const words = table.words[group]!;
    switch (Math.min(4, table.features - group * 4)) {
      case 1:
        fillOne(part, words, gradients, order, start, end);
        break;
      case 2:
        fillTwo(part, words, gradients, order, start, end);
        break;
      case 3:
        fillThree(part, words, gradients, order, start, end);
        break;
      default:
        fillFour(part, words, gradients, order, start, end);
    }
  }
}

/** The histogram of a node less that of one child is that of the other; it is written over the node's. */
export function subtractHistogram(node: Float64Array, child: Float64Array): void {
  for (let i = 0; i < node.length; i++) node[i]! -= child[i]!;
}

// The four loops differ in nothing but the features they look at. Written out, they run twice as fast as one loop with
// a loop in it, and this is where boosting spends its time.

function fillOne(
  to: Float64Array,
  words: Uint32Array,
  gradients: Float64Array,
  order: Int32Array,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const at = (words[row]! & 255) << 2;
    to[at]! += gradients[2 * row]!;
    to[at + 1]! += gradients[2 * row + 1]!;
    to[at + 2]! += 1;
  }
}

function fillTwo(
  to: Float64Array,
  words: Uint32Array,
  gradients: Float64Array,
  order: Int32Array,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const word = words[row]!;
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
  }
}

function fillThree(
  to: Float64Array,
  words: Uint32Array,
  gradients: Float64Array,
  order: Int32Array,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const word = words[row]!;
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
  }
}

function fillFour(
  to: Float64Array,
  words: Uint32Array,
  gradients: Float64Array,
  order: Int32Array,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const word = words[row]!;
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
