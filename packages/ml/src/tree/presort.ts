/** For each column, its rows from the least value to the greatest; rows of equal values in their order. */
export function presort(columns: readonly Float32Array[]): Int32Array[] {
  return columns.map(sortedRows);
}

const BITS = 11;
const BUCKETS = 1 << BITS;

/** A radix sort of three passes over the order-preserving bits of 32-bit floats; stable, and the same everywhere. */
function sortedRows(column: Float32Array): Int32Array {
  const rows = column.length;
  const keys = new Uint32Array(rows);
  const floats = new Float32Array(1);
  const bits = new Int32Array(floats.buffer);
  for (let row = 0; row < rows; row++) {
    floats[0] = column[row]! + 0; // -0 is 0
    const word = bits[0]!;
    keys[row] = word < 0 ? ~word : word | 0x80000000;
  }
  let from = Int32Array.from({ length: rows }, (_, row) => row);
  let to = new Int32Array(rows);
  const starts = new Int32Array(BUCKETS + 1);
  for (let shift = 0; shift < 32; shift += BITS) {
    starts.fill(0);
    for (let row = 0; row < rows; row++) starts[((keys[row]! >>> shift) & (BUCKETS - 1)) + 1]!++;
    for (let b = 1; b <= BUCKETS; b++) starts[b]! += starts[b - 1]!;
    for (let i = 0; i < rows; i++) {
      const row = from[i]!;
      to[starts[(keys[row]! >>> shift) & (BUCKETS - 1)]!++] = row;
    }
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}
