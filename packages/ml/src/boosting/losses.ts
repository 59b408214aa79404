/** What boosting lessens. Scores lie one column a class (one for numbers and two classes). */
export interface Loss {
  /** Columns of scores. */
  readonly width: number;
  /** Where the scores start. */
  baseline(rows: Int32Array): Float64Array;
  /** Gradients (at 2 r, as 32-bit floats, like scikit-learn's) and hessians (at 2 r + 1) of the loss of each row for one column of scores. */
  gradients(scores: readonly Float64Array[], column: number, rows: Int32Array, to: Float32Array): void;
  /** The mean loss of rows. */
  mean(scores: readonly Float64Array[], rows: Int32Array): number;
}

/** Half the squared error. */
export function squaredError(values: Float64Array): Loss {
  return {
    width: 1,
    baseline(rows) {
      let sum = 0;
      const first = values[rows[0]!]!;
      for (let i = 0; i < rows.length; i++) sum += values[rows[i]!]! - first;
      return Float64Array.of(first + sum / rows.length);
    },
    gradients([scores], _, rows, to) {
      for (let i = 0; i < rows.length; i++) {
        to[2 * i] = scores![i]! - values[rows[i]!]!;
        to[2 * i + 1] = 1;
      }
    },
    mean([scores], rows) {
      let sum = 0;
      for (let i = 0; i < rows.length; i++) {
        const error = scores![i]! - values[rows[i]!]!;
        sum += error * error;
      }
      return sum / 2 / rows.length;
    },
  };
}

/** Log loss of two classes; the score is the logarithm of the odds of the second. */
export function binaryLogLoss(codes: Int32Array): Loss {
  return {
    width: 1,
    baseline(rows) {
      let ones = 0;
      for (let i = 0; i < rows.length; i++) ones += codes[rows[i]!]!;
      return Float64Array.of(Math.log(ones / (rows.length - ones)));
    },
    gradients([scores], _, rows, to) {
      for (let i = 0; i < rows.length; i++) {
        const p = 1 / (1 + Math.exp(-scores![i]!));
        to[2 * i] = p - codes[rows[i]!]!;
        to[2 * i + 1] = p * (1 - p);
      }
    },
    mean([scores], rows) {
      let sum = 0;
      for (let i = 0; i < rows.length; i++) {
        const score = codes[rows[i]!]! === 1 ? -scores![i]! : scores![i]!;
        sum += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score)));
      }
      return sum / rows.length;
    },
  };
}

/** Log loss of more classes; probabilities are the softmax of the scores. */
export function multinomialLogLoss(codes: Int32Array, classes: number): Loss {
  return {
    width: classes,
    baseline(rows) {
      const counts = new Float64Array(classes);
      for (let i = 0; i < rows.length; i++) counts[codes[rows[i]!]!]!++;
      const logs = counts.map((count) => Math.log(count / rows.length));
      const middle = logs.reduce((a, b) => a + b, 0) / classes;
      return logs.map((log) => log - middle);
    },
    gradients(scores, column, rows, to) {
      for (let i = 0; i < rows.length; i++) {
        const p = Math.exp(scores[column]![i]! - logSum(scores, i));
        to[2 * i] = p - Number(codes[rows[i]!]! === column);
        to[2 * i + 1] = p * (1 - p);
      }
    },
    mean(scores, rows) {
      let sum = 0;
      for (let i = 0; i < rows.length; i++) sum += logSum(scores, i) - scores[codes[rows[i]!]!]![i]!;
      return sum / rows.length;
    },
  };
}

/** The logarithm of the sum of the exponentials of a row's scores. */
function logSum(scores: readonly Float64Array[], row: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < scores.length; k++) most = Math.max(most, scores[k]![row]!);
  let sum = 0;
  for (let k = 0; k < scores.length; k++) sum += Math.exp(scores[k]![row]! - most);
  return most + Math.log(sum);
}
