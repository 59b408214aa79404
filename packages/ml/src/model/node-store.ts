/** Nodes of trees while they grow: arrays that double. */
export interface NodeStore {
  /** Adds a leaf with the class shares `counts / rows` and returns its number. */
  add(counts: Float64Array, rows: number): number;
  /** Makes a leaf an inner node. */
  split(node: number, feature: number, threshold: number): void;
  link(parent: number, isLeft: boolean, child: number): void;
  finish(): TreeNodes;
}

/** Nodes of all trees of a forest, one array for each property. */
export interface TreeNodes {
  /** Which feature the node looks at; -1 for a leaf. */
  readonly feature: Int32Array;
  /** Rows with a value up to this go left. */
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Share of each class among the training rows of the node: `value[node * classes + k]`. */
  readonly value: Float64Array;
}

export function createNodeStore(classes: number): NodeStore {
  let capacity = 256;
  let count = 0;
  let feature = new Int32Array(capacity);
  let threshold = new Float64Array(capacity);
  let left = new Int32Array(capacity);
  let right = new Int32Array(capacity);
  let value = new Float64Array(capacity * classes);
  const grow = (): void => {
    capacity *= 2;
    feature = copied(feature, new Int32Array(capacity));
    threshold = copied(threshold, new Float64Array(capacity));
    left = copied(left, new Int32Array(capacity));
    right = copied(right, new Int32Array(capacity));
    value = copied(value, new Float64Array(capacity * classes));
  };
  return {
    add(counts, rows) {
      if (count === capacity) grow();
      feature[count] = -1;
      left[count] = -1;
      right[count] = -1;
      for (let k = 0; k < classes; k++) value[count * classes + k] = counts[k]! / rows;
      return count++;
    },
    split(node, f, t) {
      feature[node] = f;
      threshold[node] = t;
    },
    link(parent, isLeft, child) {
      (isLeft ? left : right)[parent] = child;
    },
    finish: () => ({
      feature: feature.slice(0, count),
      threshold: threshold.slice(0, count),
      left: left.slice(0, count),
      right: right.slice(0, count),
      value: value.slice(0, count * classes),
    }),
  };
}

function copied<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
