/** Nodes of all trees of a boosted model, one array for each property. */
export interface BoostedNodes {
  /** Which feature the node looks at; -1 for a leaf. */
  readonly feature: Int32Array;
  /** Numbers up to this bin go left. */
  readonly bin: Uint8Array;
  /** 1 if what is missing goes left. */
  readonly missingLeft: Uint8Array;
  /** Which set of categories goes left, eight words of `sets` each; -1 for numbers. */
  readonly set: Int32Array;
  readonly sets: Uint32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** What the leaf adds to a row's score. */
  readonly value: Float64Array;
  /** Training rows of the node. */
  readonly weight: Float64Array;
  /** How much the node's split lessened the loss. */
  readonly gain: Float64Array;
}

/** One node while a tree grows. */
export interface GrowingNode {
  feature: number;
  bin: number;
  missingLeft: boolean;
  categories: Uint32Array | undefined;
  left: number;
  right: number;
  value: number;
  readonly weight: number;
  gain: number;
}

/** The nodes as arrays. */
export function packNodes(nodes: readonly GrowingNode[]): BoostedNodes {
  const sets = nodes.flatMap(({ categories }) => (categories === undefined ? [] : [categories]));
  const words = new Uint32Array(sets.length * 8);
  sets.forEach((each, i) => {
    words.set(each, i * 8);
  });
  let used = 0;
  return {
    feature: Int32Array.from(nodes, (node) => node.feature),
    bin: Uint8Array.from(nodes, (node) => node.bin),
    missingLeft: Uint8Array.from(nodes, (node) => Number(node.missingLeft)),
    set: Int32Array.from(nodes, (node) => (node.categories === undefined ? -1 : used++)),
    sets: words,
    left: Int32Array.from(nodes, (node) => node.left),
    right: Int32Array.from(nodes, (node) => node.right),
    value: Float64Array.from(nodes, (node) => node.value),
    weight: Float64Array.from(nodes, (node) => node.weight),
    gain: Float64Array.from(nodes, (node) => node.gain),
  };
}
