/** Mean and standard deviation of columns; a constant column has scale 0. */
export interface Scales {
  readonly means: Float64Array;
  readonly scales: Float64Array;
}

/** @param centred whether means are taken off; else they are 0 and scales are root mean squares */
export function scalesOf(columns: readonly Float64Array[], centred: boolean): Scales {
  const means = new Float64Array(columns.length);
  const scales = new Float64Array(columns.length);
  columns.forEach((column, j) => {
    const first = centred ? column[0]! : 0;
    let sum = 0;
    for (let i = 0; i < column.length; i++) sum += column[i]! - first;
    const mean = centred ? first + sum / column.length : 0;
    let squares = 0;
    for (let i = 0; i < column.length; i++) squares += (column[i]! - mean) * (column[i]! - mean);
    const scale = Math.sqrt(squares / column.length);
    means[j] = mean;
    // What is left of a constant column is rounding.
    scales[j] = scale > 1e-13 * Math.abs(mean) ? scale : 0;
  });
  return { means, scales };
}

/** Rows one after the other, each column less its mean and over its scale; constant columns are 0. */
export function standardised(columns: readonly Float64Array[], rows: number, { means, scales }: Scales): Float64Array {
  const width = columns.length;
  const x = new Float64Array(rows * width);
  columns.forEach((column, j) => {
    if (scales[j] === 0) return;
    const factor = 1 / scales[j]!;
    for (let i = 0; i < rows; i++) x[i * width + j] = (column[i]! - means[j]!) * factor;
  });
  return x;
}
