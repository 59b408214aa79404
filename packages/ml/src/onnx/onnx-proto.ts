import { MessageWriter } from "./protobuf.js";

/** Element types of tensors (onnx.proto, TensorProto.DataType). */
export const ElementType = { float: 1, int64: 7, string: 8, double: 11 } as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

/** An attribute of a node: its value decides its type. */
export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "floats"; readonly values: ArrayLike<number> }
  | { readonly kind: "ints"; readonly values: ArrayLike<number> }
  | { readonly kind: "strings"; readonly values: readonly string[] }
  | { readonly kind: "doubles"; readonly values: Float64Array };

/** A tensor of rows: its name, type, and how many columns (none: one value a row). */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly columns?: number;
}

/** One operator of a graph. */
export interface OnnxNode {
  readonly operator: string;
  /** Of "ai.onnx.ml", or of ONNX itself. */
  readonly domain?: "ai.onnx.ml";
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: { readonly [name: string]: Attribute };
}

/** A constant of whole numbers or texts. */
export interface Constant {
  readonly name: string;
  readonly values: readonly number[] | readonly string[];
}

/** A model of a few nodes, in the order in which they are computed. */
export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly Constant[];
  readonly input: Port;
  readonly outputs: readonly Port[];
  readonly metadata: { readonly [key: string]: string };
}

/** IR version 8 and operator sets 15 and ml 3: what onnxruntime takes from 1.11 (2022) on. */
const IR_VERSION = 8;
const OPSETS = [
  ["", 15],
  ["ai.onnx.ml", 3],
] as const;

/** A model as bytes; field numbers are those of onnx.proto. */
export function encodeOnnx({ nodes, constants, input, outputs, metadata }: OnnxModel): Uint8Array {
  const graph = new MessageWriter();
  for (const each of nodes) graph.message(1, node(each));
  graph.text(2, "graphvm");
  for (const each of constants) graph.message(5, constant(each));
  graph.message(11, port(input));
  for (const output of outputs) graph.message(12, port(output));
  const model = new MessageWriter().int(1, IR_VERSION).text(2, "graphvm").message(7, graph);
  for (const [domain, version] of OPSETS) model.message(8, new MessageWriter().text(1, domain).int(2, version));
  for (const [key, value] of Object.entries(metadata))
    model.message(14, new MessageWriter().text(1, key).text(2, value));
  return model.finish();
}

function node({ operator, domain, inputs, output, attributes }: OnnxNode): MessageWriter {
  const made = new MessageWriter();
  for (const name of inputs) made.text(1, name);
  made.text(2, output).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) made.message(5, attribute(name, value));
  return domain === undefined ? made : made.text(7, domain);
}

function constant({ name, values }: Constant): MessageWriter {
  const made = new MessageWriter().int(1, values.length);
  if (values.every((value): value is number => typeof value === "number")) {
    return made.int(2, ElementType.int64).ints(7, values).text(8, name);
  }
  made.int(2, ElementType.string);
  for (const value of values) made.text(6, String(value));
  return made.text(8, name);
}

function port({ name, type, columns }: Port): MessageWriter {
  const shape = new MessageWriter().message(1, new MessageWriter().text(2, "rows"));
  if (columns !== undefined) shape.message(1, new MessageWriter().int(1, columns));
  const tensor = new MessageWriter().int(1, type).message(2, shape);
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensor));
}

function attribute(name: string, value: Attribute): MessageWriter {
  const made = new MessageWriter().text(1, name);
  switch (value.kind) {
    case "int":
      return made.int(3, value.value).int(20, 2);
    case "string":
      return made.text(4, value.value).int(20, 3);
    case "floats":
      return made.floats(7, value.values).int(20, 6);
    case "ints":
      return made.ints(8, value.values).int(20, 7);
    case "strings":
      for (const each of value.values) made.text(9, each);
      return made.int(20, 8);
    case "doubles":
      return made.message(5, doubles(name, value.values)).int(20, 4);
  }
}

function doubles(name: string, values: Float64Array): MessageWriter {
  const raw = new Uint8Array(8 * values.length);
  const view = new DataView(raw.buffer);
  values.forEach((value, i) => {
    view.setFloat64(8 * i, value, true);
  });
  return new MessageWriter().int(1, values.length).int(2, ElementType.double).text(8, name).bytes(9, raw);
}
