/** Nodes of trees while they grow: arrays that double. */
export interface NodeStore {
  /** Adds a leaf whose values are `sums / weight` (class shares, or a mean) and returns its number. */
  add(sums: Float64Array, weight: number): number;
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
  /** Share of each class among the training rows of the node, `value[node * classes + k]`; or their mean. */
  readonly value: Float64Array;
}

/** Nodes that know how many rows, or how much weight of them, they had in training. */
export interface WeightedNodes extends TreeNodes {
  readonly weight: Float64Array;
}

/** @param width values of a node: the number of classes, or 1 */
export function createNodeStore(width: number): NodeStore & { finishWeighted(): WeightedNodes } {
  let capacity = 256;
  let count = 0;
  let feature = new Int32Array(capacity);
  let threshold = new Float64Array(capacity);
  let left = new Int32Array(capacity);
  let right = new Int32Array(capacity);
  let weights = new Float64Array(capacity);
  let value = new Float64Array(capacity * width);
  const grow = (): void => {
    capacity *= 2;
    feature = copied(feature, new Int32Array(capacity));
    threshold = copied(threshold, new Float64Array(capacity));
    left = copied(left, new Int32Array(capacity));
    right = copied(right, new Int32Array(capacity));
    weights = copied(weights, new Float64Array(capacity));
    value = copied(value, new Float64Array(capacity * width));
  };
  const finish = (): TreeNodes => ({
    feature: feature.slice(0, count),
    threshold: threshold.slice(0, count),
    left: left.slice(0, count),
    right: right.slice(0, count),
    value: value.slice(0, count * width),
  });
  return {
    add(sums, weight) {
      if (count === capacity) grow();
      feature[count] = -1;
      left[count] = -1;
      right[count] = -1;
      weights[count] = weight;
      for (let k = 0; k < width; k++) value[count * width + k] = sums[k]! / weight;
      return count++;
    },
    split(node, f, t) {
      feature[node] = f;
      threshold[node] = t;
    },
    link(parent, isLeft, child) {
      (isLeft ? left : right)[parent] = child;
    },
    finish,
    finishWeighted: () => ({ ...finish(), weight: weights.slice(0, count) }),
  };
}

function copied<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
