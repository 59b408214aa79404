import { MISSING } from "../boosting/bins.js";
import type { BoostedTrees } from "../boosting/predict.js";
import type { TreeNodes } from "../tree/node-store.js";
import { roundedDown } from "../tree/walk.js";

/** Nodes as ONNX has them, one entry a node in each list. */
export interface TreeTable {
  readonly tree: number[];
  readonly id: number[];
  readonly mode: ("BRANCH_LEQ" | "BRANCH_EQ" | "LEAF")[];
  readonly feature: number[];
  readonly value: number[];
  readonly yes: number[];
  readonly no: number[];
  /** 1 where what is missing goes to `yes`. */
  readonly missingYes: number[];
  /** Leaves, as the number of the model's node. */
  readonly leaves: { readonly tree: number; readonly id: number; readonly node: number }[];
}

/** What a node of a model asks; null for a leaf. */
interface Question {
  readonly feature: number;
  /** A row goes to `yes` up to this value, or if it is one of these. */
  readonly upTo?: number;
  readonly among?: readonly number[];
  readonly missingYes: boolean;
  readonly yes: number;
  readonly no: number;
}

/** Trees of forests. They compute with 32-bit floats: the greatest one up to a threshold has the same rows on either side. */
export function forestTable({ feature, threshold, left, right }: TreeNodes, roots: Int32Array): TreeTable {
  return tableOf(roots, (node) =>
    feature[node]! < 0
      ? null
      : {
          feature: feature[node]!,
          upTo: roundedDown(threshold[node]!),
          missingYes: false,
          yes: left[node]!,
          no: right[node]!,
        },
  );
}

/** Trees of boosting: bins become the thresholds they were made of. */
export function boostedTable(model: BoostedTrees): TreeTable {
  return tableOf(model.roots, (node) => {
    const feature = model.feature[node]!;
    if (feature < 0) return null;
    const { thresholds, categories } = model.bins[feature]!;
    const [left, right] = [model.left[node]!, model.right[node]!];
    const set = model.set[node]!;
    if (set < 0) {
      const upTo = thresholds[model.bin[node]!] ?? Number.POSITIVE_INFINITY; // only what is missing goes right
      return { feature, upTo, missingYes: model.missingLeft[node] === 1, yes: left, no: right };
    }
    // What is missing, or was never seen, is in no list: it goes where the others go.
    const goesLeft = (bin: number): boolean => ((model.sets[set * 8 + (bin >> 5)]! >>> (bin & 31)) & 1) === 1;
    const missingLeft = goesLeft(MISSING);
    const among = [...categories!].filter((_, bin) => goesLeft(bin) !== missingLeft);
    const [yes, no] = missingLeft ? [right, left] : [left, right];
    return { feature, among, missingYes: false, yes, no };
  });
}

/** Numbers the nodes of each tree from its root on. A list of categories is a chain of nodes with one `yes` in common. */
function tableOf(roots: Int32Array, question: (node: number) => Question | null): TreeTable {
  const table: TreeTable = {
    tree: [],
    id: [],
    mode: [],
    feature: [],
    value: [],
    yes: [],
    no: [],
    missingYes: [],
    leaves: [],
  };
  roots.forEach((root, tree) => {
    const waiting = [{ node: root, id: 0 }];
    let next = 1;
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const asked = question(at.node);
      if (asked === null) {
        table.leaves.push({ tree, id: at.id, node: at.node });
        add(table, tree, at.id, "LEAF", 0, 0, 0, 0, 0);
        continue;
      }
      const steps = asked.among ?? [asked.upTo!];
      if (steps.length === 0) {
        waiting.push({ node: asked.no, id: at.id }); // a list of nothing: every row goes on
        continue;
      }
      const mode = asked.among === undefined ? "BRANCH_LEQ" : "BRANCH_EQ";
      const yes = next++;
      let id = at.id;
      steps.forEach((value, i) => {
        const no = next++;
        add(table, tree, id, mode, asked.feature, value, yes, no, Number(asked.missingYes));
        id = no;
        if (i === steps.length - 1) waiting.push({ node: asked.no, id: no }, { node: asked.yes, id: yes });
      });
    }
  });
  return table;
}

function add(
  table: TreeTable,
  tree: number,
  id: number,
  mode: TreeTable["mode"][number],
  feature: number,
  value: number,
  yes: number,
  no: number,
  missingYes: number,
): void {
  table.tree.push(tree);
  table.id.push(id);
  table.mode.push(mode);
  table.feature.push(feature);
  table.value.push(value);
  table.yes.push(yes);
  table.no.push(no);
  table.missingYes.push(missingYes);
}
