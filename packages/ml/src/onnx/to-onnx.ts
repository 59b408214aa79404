import type { Table } from "apache-arrow";
import type { BoostedClassifier, BoostedRegressor } from "../boosting/predict.js";
import { OnnxError } from "../errors.js";
import { predictionColumns } from "../model/features.js";
import { algorithmOf } from "../model/models.js";
import type { ForestModel, ForestRegressor } from "../model/trees.js";
import type { Label } from "../table/classes.js";
import { type Attribute, ElementType, encodeOnnx, type OnnxModel, type OnnxNode, type Port } from "./onnx-proto.js";
import { boostedTable, forestTable, type TreeTable } from "./tree-table.js";

/** Models that can be exported: trees, forests and boosting, of classes and of numbers. */
export type OnnxExportable = ForestModel | ForestRegressor | BoostedClassifier | BoostedRegressor;

/**
 * A tree ensemble as an ONNX model: a `TreeEnsembleRegressor` of ai.onnx.ml, version 3, and for classes `ArgMax`, `Gather` and,
 * after boosting, `Softmax`. (A `TreeEnsembleClassifier` treats two classes as a case of its own, by rules that runtimes made up.)
 *
 * Its input `features` is rows x features, as `onnxInput` makes it: 32-bit floats for trees and forests, 64-bit ones for
 * boosting, which are what the models compute with, so each row reaches the leaf that it reaches here. Outputs are 32-bit:
 * `label` and `probabilities` (rows x classes), within 1e-5 of those here; or `prediction` (rows x 1), within 1e-5 of its size.
 * Labels are whole numbers, or texts; false and true are 0 and 1. Names and categories of the features stand in the
 * metadata (`graphvm.features`). The same model gives the same bytes.
 *
 * @throws OnnxError for a model that is no such ensemble, or knows one class only.
 * @example
 * writeFileSync("fraud.onnx", toOnnx(model));
 */
export function toOnnx(model: OnnxExportable): Uint8Array {
  const kind = (model as { readonly model: string }).model;
  if (!("roots" in model) || "estimatorWeight" in model) {
    throw new OnnxError(`${kind} can't be exported; decision trees, forests and boosting can.`, { model: kind });
  }
  if ("classes" in model && model.classes.length < 2) {
    throw new OnnxError(`This ${kind} knows one class only; there is nothing to export.`, { model: kind });
  }
  return encodeOnnx("classes" in model ? classifier(model) : regressor(model));
}

/**
 * What a model exported with `toOnnx` takes: rows x features, row after row. Texts are numbers as the model sees them.
 *
 * @throws as `predict`.
 */
export function onnxInput(model: OnnxExportable, table: Table): Float32Array | Float64Array {
  const columns = predictionColumns(table, model.features, algorithmOf(model).columns);
  const width = columns.length;
  const rows = table.numRows;
  const input = isBoosted(model) ? new Float64Array(rows * width) : new Float32Array(rows * width);
  columns.forEach((column, f) => {
    for (let row = 0; row < rows; row++) input[row * width + f] = column[row]!;
  });
  return input;
}

type Attributes = { readonly [name: string]: Attribute };

/** Scores by tree ensemble; of these probabilities where they are none yet; the most probable label. */
function classifier(model: ForestModel | BoostedClassifier): OnnxModel {
  const width = model.classes.length;
  const { labels, type } = labelsOf(model.classes);
  const boosted = isBoosted(model);
  const scores = boosted ? boostedNode(model, width, "scores") : forestNode(model, width, "probabilities");
  const softmax: OnnxNode = plain("Softmax", ["scores"], "probabilities", { axis: { kind: "int", value: 1 } });
  const most: OnnxNode = plain("ArgMax", ["probabilities"], "most", {
    axis: { kind: "int", value: 1 },
    keepdims: { kind: "int", value: 0 },
  });
  return {
    nodes: [scores, ...(boosted ? [softmax] : []), most, plain("Gather", ["labels", "most"], "label", {})],
    constants: [{ name: "labels", values: labels }],
    outputs: [
      { name: "label", type },
      { name: "probabilities", type: ElementType.float, columns: width },
    ],
    ...inputOf(model),
  };
}

function regressor(model: ForestRegressor | BoostedRegressor): OnnxModel {
  const node = isBoosted(model) ? boostedNode(model, 1, "prediction") : forestNode(model, 1, "prediction");
  const outputs = [{ name: "prediction", type: ElementType.float, columns: 1 }];
  return { nodes: [node], constants: [], outputs, ...inputOf(model) };
}

function plain(operator: string, inputs: readonly string[], output: string, attributes: Attributes): OnnxNode {
  return { operator, inputs, output, attributes };
}

function ensemble(output: string, width: number, attributes: Attributes): OnnxNode {
  const all: Attributes = { ...attributes, n_targets: { kind: "int", value: width } };
  return { operator: "TreeEnsembleRegressor", domain: "ai.onnx.ml", inputs: ["features"], output, attributes: all };
}

/** Sums of a tree's share of each value. */
function forestNode(model: ForestModel | ForestRegressor, width: number, output: string): OnnxNode {
  const table = forestTable(model, model.roots);
  const leaves = table.leaves.flatMap(({ tree, id, node }) =>
    Array.from({ length: width }, (_, k) => ({ tree, id, k, weight: share(model, node * width + k) })),
  );
  return ensemble(output, width, { ...nodesOf(table, "floats"), ...weightsOf(leaves, "floats") });
}

/** Sums of scores. Two classes have one, the second's: the first's is 0, so that the softmax is the logistic function. */
function boostedNode(model: BoostedClassifier | BoostedRegressor, width: number, output: string): OnnxNode {
  const table = boostedTable(model);
  const scores = model.baseline.length;
  const first = width - scores;
  const leaves = table.leaves.map(({ tree, id, node }) => ({
    tree,
    id,
    k: first + (tree % scores),
    weight: model.value[node]!,
  }));
  const base = new Float64Array(width);
  base.set(model.baseline, first);
  return ensemble(output, width, {
    ...nodesOf(table, "doubles"),
    ...weightsOf(leaves, "doubles"),
    base_values_as_tensor: { kind: "doubles", values: base },
  });
}

/** What a tree adds to the mean over all. */
function share({ value, roots }: ForestModel | ForestRegressor, at: number): number {
  return value[at]! / roots.length;
}

function isBoosted(model: OnnxExportable): model is BoostedClassifier | BoostedRegressor {
  return "bins" in model;
}

function inputOf(model: OnnxExportable): { readonly input: Port; readonly metadata: OnnxModel["metadata"] } {
  const type = isBoosted(model) ? ElementType.double : ElementType.float;
  return {
    input: { name: "features", type, columns: model.features.length },
    metadata: { "graphvm.model": model.model, "graphvm.features": JSON.stringify(model.features) },
  };
}

function nodesOf(table: TreeTable, kind: "floats" | "doubles"): Attributes {
  const ints = (values: readonly number[]): Attribute => ({ kind: "ints", values });
  return {
    nodes_treeids: ints(table.tree),
    nodes_nodeids: ints(table.id),
    nodes_featureids: ints(table.feature),
    nodes_modes: { kind: "strings", values: table.mode },
    ...numbers("nodes_values", table.value, kind),
    nodes_truenodeids: ints(table.yes),
    nodes_falsenodeids: ints(table.no),
    nodes_missing_value_tracks_true: ints(table.missingYes),
  };
}

interface LeafWeight {
  readonly tree: number;
  readonly id: number;
  readonly k: number;
  readonly weight: number;
}

function weightsOf(leaves: readonly LeafWeight[], kind: "floats" | "doubles"): Attributes {
  const ints = (pick: (leaf: LeafWeight) => number): Attribute => ({ kind: "ints", values: leaves.map(pick) });
  return {
    target_treeids: ints(({ tree }) => tree),
    target_nodeids: ints(({ id }) => id),
    target_ids: ints(({ k }) => k),
    ...numbers(
      "target_weights",
      leaves.map(({ weight }) => weight),
      kind,
    ),
  };
}

function numbers(name: string, values: readonly number[], kind: "floats" | "doubles"): Attributes {
  return kind === "floats"
    ? { [name]: { kind, values } }
    : { [`${name}_as_tensor`]: { kind, values: Float64Array.from(values) } };
}

function labelsOf(classes: readonly Label[]): { readonly labels: number[] | string[]; readonly type: ElementType } {
  if (classes.every((label) => typeof label !== "string" && Number.isSafeInteger(Number(label)))) {
    return { labels: classes.map(Number), type: ElementType.int64 };
  }
  return { labels: classes.map(String), type: ElementType.string };
}
